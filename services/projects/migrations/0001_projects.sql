CREATE TABLE projects (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    -- Counts the edits.
    version BIGINT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (org, slug)
);
CREATE INDEX projects_newest ON projects (org, id);
SELECT tenant_table('projects');
