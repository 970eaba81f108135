CREATE TABLE threads (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    id UUID NOT NULL,
    title TEXT NOT NULL,
    pinned BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, user_id, id)
);
CREATE INDEX threads_newest ON threads (org, user_id, pinned, updated_at, id);
SELECT tenant_table('threads');

CREATE TABLE messages (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    run_id UUID NOT NULL,
    thread_id UUID NOT NULL,
    id UUID NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    mode TEXT NOT NULL,
    citations TEXT NOT NULL,
    sources TEXT NOT NULL,
    degraded TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, user_id, run_id),
    FOREIGN KEY (org, user_id, thread_id) REFERENCES threads (org, user_id, id) ON DELETE CASCADE
);
CREATE INDEX messages_of_thread ON messages (org, user_id, thread_id, created_at, run_id);
SELECT tenant_table('messages');

CREATE TABLE deleted_threads (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    id UUID NOT NULL,
    deleted_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, user_id, id)
);
SELECT tenant_table('deleted_threads');
