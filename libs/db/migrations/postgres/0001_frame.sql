CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    subject TEXT NOT NULL,
    org UUID NOT NULL,
    payload BYTEA NOT NULL,
    trace TEXT,
    expanded BOOLEAN NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX outbox_occurred ON outbox (occurred_at);
CREATE INDEX outbox_new ON outbox (id) WHERE NOT expanded;

CREATE TABLE outbox_deliveries (
    event_id UUID NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    consumer TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at TIMESTAMPTZ NOT NULL,
    error TEXT,
    PRIMARY KEY (event_id, consumer)
);
CREATE INDEX outbox_deliveries_due ON outbox_deliveries (consumer, next_at) WHERE state = 'pending';
CREATE INDEX outbox_deliveries_dead ON outbox_deliveries (event_id) WHERE state = 'dead';

CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    handled_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled ON inbox (handled_at);

CREATE TABLE frame_secrets (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);

-- Behind the conditions of every statement. Events are their organisation's; secrets are read by the system alone. Deliveries
-- and the inbox hold ids and states, which tell nothing of anybody.
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
ALTER TABLE frame_secrets ENABLE ROW LEVEL SECURITY;
ALTER TABLE frame_secrets FORCE ROW LEVEL SECURITY;
CREATE POLICY system ON frame_secrets
    USING (current_setting('app.system', true) = 'on');
