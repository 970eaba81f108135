CREATE TABLE files (
    org UUID NOT NULL,
    id UUID NOT NULL,
    project UUID NOT NULL,
    uploaded_by UUID NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    -- Counts the contents that came under the path.
    version BIGINT NOT NULL,
    format TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    stage TEXT NOT NULL,
    error TEXT,
    attempts BIGINT NOT NULL,
    title TEXT,
    pages BIGINT,
    modified_at TIMESTAMPTZ,
    dated_at TIMESTAMPTZ,
    words_kept DOUBLE PRECISION,
    warnings TEXT,
    chunks BIGINT NOT NULL,
    first_seq BIGINT,
    embedded_with TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, id),
    UNIQUE (org, project, path, version)
);
CREATE INDEX files_embedded ON files (embedded_with) WHERE stage = 'indexed';
SELECT tenant_table('files');

-- Projects that were deleted: what is still on its way into them is not taken.
CREATE TABLE deleted_projects (
    org UUID NOT NULL,
    project UUID NOT NULL,
    PRIMARY KEY (org, project)
);
SELECT tenant_table('deleted_projects');

CREATE TABLE texts (
    org UUID NOT NULL,
    file_id UUID NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (org, file_id),
    FOREIGN KEY (org, file_id) REFERENCES files (org, id) ON DELETE CASCADE
);
SELECT tenant_table('texts');

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
SELECT tenant_table('chunks');

-- The range of chunk numbers of each project.
CREATE TABLE project_sequences (
    org UUID NOT NULL,
    project UUID NOT NULL,
    first_seq BIGINT NOT NULL UNIQUE,
    next_seq BIGINT NOT NULL,
    vectors_version BIGINT NOT NULL,
    PRIMARY KEY (org, project)
);
SELECT tenant_table('project_sequences');

-- What organisations share: how many of them have numbers for their chunks.
CREATE TABLE numbering (orgs BIGINT NOT NULL);
INSERT INTO numbering (orgs) VALUES (0);
