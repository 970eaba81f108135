CREATE TABLE snapshots (
    id BLOB PRIMARY KEY,
    scope TEXT NOT NULL,
    url TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT,
    language TEXT,
    published_at TEXT,
    fetched_at TEXT NOT NULL,
    opening TEXT NOT NULL,
    text BLOB NOT NULL,
    sections TEXT NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE pages (
    number INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    address TEXT NOT NULL,
    snapshot_id BLOB NOT NULL REFERENCES snapshots (id),
    etag TEXT,
    last_modified TEXT,
    checked_at TEXT NOT NULL,
    UNIQUE (scope, address)
);
CREATE INDEX pages_checked ON pages (checked_at);
