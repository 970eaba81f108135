-- Events that a consumer gave up on, as they came. Those whose organisation cannot be read are seen by the system alone.
CREATE TABLE dead_letters (
    event_id BLOB NOT NULL,
    consumer TEXT NOT NULL,
    subject TEXT NOT NULL,
    org BLOB,
    headers TEXT NOT NULL,
    payload BLOB NOT NULL,
    attempts BIGINT NOT NULL,
    reason TEXT NOT NULL,
    occurred_at TEXT NOT NULL,
    PRIMARY KEY (event_id, consumer)
);
