-- Events that a consumer gave up on, as they came. Those whose organisation cannot be read are seen by the system alone.
CREATE TABLE dead_letters (
    event_id UUID NOT NULL,
    consumer TEXT NOT NULL,
    subject TEXT NOT NULL,
    org UUID,
    headers TEXT NOT NULL,
    payload BYTEA NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (event_id, consumer)
);
ALTER TABLE dead_letters ENABLE ROW LEVEL SECURITY;
ALTER TABLE dead_letters FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON dead_letters
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
