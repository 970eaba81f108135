CREATE TABLE items (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    title TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX items_newest ON items (org, id);

-- Behind the conditions of every statement: a session sees its own organisation.
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
ALTER TABLE items FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON items
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
