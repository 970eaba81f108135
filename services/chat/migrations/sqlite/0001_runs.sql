CREATE TABLE runs (
    id BLOB PRIMARY KEY,
    org BLOB NOT NULL,
    user_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    idempotency_key TEXT,
    question TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    cancel_requested BOOLEAN NOT NULL,
    lease_owner BLOB,
    lease_until TEXT,
    -- Until when somebody watches at another process than the one that works on it.
    watched_until TEXT,
    attempts BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    finished_at TEXT,
    UNIQUE (org, user_id, idempotency_key)
);
CREATE INDEX runs_thread ON runs (org, user_id, thread_id, id);
CREATE INDEX runs_leased ON runs (lease_until) WHERE state = 'running';

CREATE TABLE run_events (
    org BLOB NOT NULL,
    run_id BLOB NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);
