CREATE TABLE items (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    title TEXT NOT NULL,
    -- Counts the edits.
    version BIGINT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX items_newest ON items (org, id);
SELECT tenant_table('items');
