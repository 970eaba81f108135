CREATE TABLE threads (
    org BLOB NOT NULL,
    user_id BLOB NOT NULL,
    id BLOB NOT NULL,
    title TEXT NOT NULL,
    pinned BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (org, user_id, id)
);
CREATE INDEX threads_newest ON threads (org, user_id, pinned, updated_at, id);

CREATE TABLE messages (
    org BLOB NOT NULL,
    user_id BLOB NOT NULL,
    run_id BLOB NOT NULL,
    thread_id BLOB NOT NULL,
    id BLOB NOT NULL,
    question TEXT NOT NULL,
    answer TEXT NOT NULL,
    status TEXT NOT NULL,
    mode TEXT NOT NULL,
    citations TEXT NOT NULL,
    sources TEXT NOT NULL,
    degraded TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (org, user_id, run_id),
    FOREIGN KEY (org, user_id, thread_id) REFERENCES threads (org, user_id, id) ON DELETE CASCADE
);
CREATE INDEX messages_of_thread ON messages (org, user_id, thread_id, created_at, run_id);

CREATE TABLE deleted_threads (
    org BLOB NOT NULL,
    user_id BLOB NOT NULL,
    id BLOB NOT NULL,
    deleted_at TEXT NOT NULL,
    PRIMARY KEY (org, user_id, id)
);
