CREATE TABLE runs (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    thread_id UUID NOT NULL,
    question TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    cancel_requested BOOLEAN NOT NULL,
    lease_owner UUID,
    lease_until TIMESTAMPTZ,
    -- Until when a client watches at another process than the one that works on it.
    watched_until TIMESTAMPTZ,
    attempts BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ
);
CREATE INDEX runs_thread ON runs (org, user_id, thread_id, id);
CREATE INDEX runs_leased ON runs (lease_until) WHERE state = 'running';
SELECT tenant_table('runs');

CREATE TABLE run_events (
    org UUID NOT NULL,
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);
SELECT tenant_table('run_events');
