CREATE TABLE projects (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (org, slug)
);
CREATE INDEX projects_newest ON projects (org, created_at);

-- Behind the conditions of every statement: a session sees its own organisation.
ALTER TABLE projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE projects FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON projects
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
