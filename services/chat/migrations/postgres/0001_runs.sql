CREATE TABLE runs (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    thread_id UUID NOT NULL,
    idempotency_key TEXT,
    question TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    cancel_requested BOOLEAN NOT NULL,
    lease_owner UUID,
    lease_until TIMESTAMPTZ,
    -- Until when somebody watches at another process than the one that works on it.
    watched_until TIMESTAMPTZ,
    attempts BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    UNIQUE (org, user_id, idempotency_key)
);
CREATE INDEX runs_thread ON runs (org, user_id, thread_id, id);
CREATE INDEX runs_leased ON runs (lease_until) WHERE state = 'running';

CREATE TABLE run_events (
    org UUID NOT NULL,
    run_id UUID NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);

-- Behind the conditions of every statement: a session sees its own organisation; the log's writer and the takeover of runs
-- see all.
ALTER TABLE runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE runs FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON runs
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
ALTER TABLE run_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE run_events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON run_events
    USING (current_setting('app.org', true) = org::text OR current_setting('app.system', true) = 'on');
