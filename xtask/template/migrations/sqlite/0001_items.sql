CREATE TABLE items (
    id BLOB PRIMARY KEY,
    org BLOB NOT NULL,
    title TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX items_newest ON items (org, id);
