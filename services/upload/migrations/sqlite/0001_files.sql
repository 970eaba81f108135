CREATE TABLE files (
    org BLOB NOT NULL,
    id BLOB NOT NULL,
    project BLOB NOT NULL,
    uploaded_by BLOB NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BLOB NOT NULL,
    stage TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    title TEXT,
    pages BIGINT,
    chunks BIGINT NOT NULL,
    first_seq BIGINT,
    embedded_with TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, project, sha256),
    UNIQUE (org, uploaded_by, idempotency_key)
);
CREATE INDEX files_embedded ON files (embedded_with) WHERE stage = 'indexed';

CREATE TABLE texts (
    org BLOB NOT NULL,
    file_id BLOB NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (org, file_id),
    FOREIGN KEY (org, file_id) REFERENCES files (org, id) ON DELETE CASCADE
);

CREATE TABLE chunks (
    seq INTEGER PRIMARY KEY,
    org BLOB NOT NULL,
    project BLOB NOT NULL,
    file_id BLOB NOT NULL,
    ordinal BIGINT NOT NULL,
    start_char BIGINT NOT NULL,
    end_char BIGINT NOT NULL,
    page BIGINT,
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (org, file_id, ordinal),
    FOREIGN KEY (org, file_id) REFERENCES files (org, id) ON DELETE CASCADE
);

CREATE TABLE shelves (
    org BLOB NOT NULL,
    project BLOB NOT NULL,
    first_seq BIGINT NOT NULL UNIQUE,
    next_seq BIGINT NOT NULL,
    vectors_version BIGINT NOT NULL,
    PRIMARY KEY (org, project)
);

-- What organisations share: how many of them have numbers for their chunks.
CREATE TABLE numbering (orgs BIGINT NOT NULL);
INSERT INTO numbering (orgs) VALUES (0);
