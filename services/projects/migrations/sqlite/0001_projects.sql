CREATE TABLE projects (
    id BLOB PRIMARY KEY,
    org BLOB NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_by BLOB NOT NULL,
    created_at TEXT NOT NULL,
    UNIQUE (org, slug)
);
CREATE INDEX projects_newest ON projects (org, created_at);
