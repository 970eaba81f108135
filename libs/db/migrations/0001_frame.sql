CREATE TABLE outbox (
    id UUID PRIMARY KEY,
    subject TEXT NOT NULL,
    org UUID NOT NULL,
    payload BYTEA NOT NULL,
    trace TEXT,
    -- Whether it has its rows in `outbox_deliveries`.
    fanned_out BOOLEAN NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX outbox_new ON outbox (id) WHERE NOT fanned_out;
SELECT tenant_table('outbox');

-- A delivery is pending, done, dead, or dropped by the operator.
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
-- An error may quote what an event was about, so it is seen where the event is: the policy of the outbox decides inside the
-- subquery.
ALTER TABLE outbox_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox_deliveries
    USING (current_setting('app.system', true) = 'on' OR EXISTS (SELECT 1 FROM outbox o WHERE o.id = event_id));

-- Ids of what was handled, which tell nothing of any organisation.
CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event_id UUID NOT NULL,
    handled_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled ON inbox (handled_at);

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
SELECT tenant_table('dead_letters');

-- A row without a status is a request that is being answered.
CREATE TABLE idempotency_keys (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    request_hash BYTEA NOT NULL,
    attempt UUID NOT NULL,
    status BIGINT,
    answer BYTEA,
    expires_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, user_id, route, key)
);
CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
SELECT tenant_table('idempotency_keys');

CREATE TABLE frame_secrets (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL
);
SELECT system_table('frame_secrets');
