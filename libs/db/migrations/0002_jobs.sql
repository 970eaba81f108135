-- Background work. What the states mean stands in libs/jobs/src/store.rs; rows of the system have the nil organisation.
CREATE TABLE jobs (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL,
    run_at TIMESTAMPTZ NOT NULL,
    claim UUID,
    attempts BIGINT NOT NULL,
    crashes BIGINT NOT NULL,
    dedupe_key TEXT,
    schedule TEXT UNIQUE,
    error TEXT,
    trace TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    UNIQUE (org, kind, dedupe_key)
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state IN ('scheduled', 'running');
CREATE INDEX jobs_available ON jobs (kind, org, run_at, id) WHERE state = 'available';
CREATE INDEX jobs_dead ON jobs (org, id) WHERE state = 'dead';
SELECT tenant_table('jobs');
