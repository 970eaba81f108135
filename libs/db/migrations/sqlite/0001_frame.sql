CREATE TABLE outbox (
    id BLOB PRIMARY KEY,
    subject TEXT NOT NULL,
    org BLOB NOT NULL,
    payload BLOB NOT NULL,
    trace TEXT,
    expanded BOOLEAN NOT NULL,
    occurred_at TEXT NOT NULL
);
CREATE INDEX outbox_occurred ON outbox (occurred_at);
CREATE INDEX outbox_new ON outbox (id) WHERE NOT expanded;

CREATE TABLE outbox_deliveries (
    event_id BLOB NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
    consumer TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    next_at TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (event_id, consumer)
);
CREATE INDEX outbox_deliveries_due ON outbox_deliveries (consumer, next_at) WHERE state = 'pending';
CREATE INDEX outbox_deliveries_dead ON outbox_deliveries (event_id) WHERE state = 'dead';

CREATE TABLE inbox (
    consumer TEXT NOT NULL,
    event_id BLOB NOT NULL,
    handled_at TEXT NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_handled ON inbox (handled_at);

CREATE TABLE frame_secrets (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
);
