CREATE TABLE files (
    org UUID NOT NULL,
    id UUID NOT NULL,
    project UUID NOT NULL,
    uploaded_by UUID NOT NULL,
    idempotency_key TEXT,
    name TEXT NOT NULL,
    format TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    stage TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    title TEXT,
    pages BIGINT,
    chunks BIGINT NOT NULL,
    first_seq BIGINT,
    embedded_with TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, project, sha256),
    UNIQUE (org, uploaded_by, idempotency_key)
);
CREATE INDEX files_embedded ON files (embedded_with) WHERE stage = 'indexed';

CREATE TABLE texts (
    org UUID NOT NULL,
    file_id UUID NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (org, file_id),
    FOREIGN KEY (org, file_id) REFERENCES files (org, id) ON DELETE CASCADE
);

CREATE TABLE chunks (
    seq BIGINT PRIMARY KEY,
    org UUID NOT NULL,
    project UUID NOT NULL,
    file_id UUID NOT NULL,
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
    org UUID NOT NULL,
    project UUID NOT NULL,
    first_seq BIGINT NOT NULL UNIQUE,
    next_seq BIGINT NOT NULL,
    vectors_version BIGINT NOT NULL,
    PRIMARY KEY (org, project)
);

-- What organisations share: how many of them have numbers for their chunks.
CREATE TABLE numbering (orgs BIGINT NOT NULL);
INSERT INTO numbering (orgs) VALUES (0);

-- Behind the conditions of every statement: a session sees its own organisation, that of the system sees all.
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
ALTER TABLE files FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON files
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
ALTER TABLE texts ENABLE ROW LEVEL SECURITY;
ALTER TABLE texts FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON texts
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
ALTER TABLE chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE chunks FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON chunks
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
ALTER TABLE shelves ENABLE ROW LEVEL SECURITY;
ALTER TABLE shelves FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON shelves
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
