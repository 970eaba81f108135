-- Mails go to addresses and notifications to users, and both belong to no organisation: they are the system's.

CREATE TABLE mails (
    -- The id of the event that asked for it.
    id UUID PRIMARY KEY,
    recipient TEXT NOT NULL,
    template TEXT NOT NULL,
    -- en or ru.
    locale TEXT NOT NULL,
    -- JSON object; holds the secret of a link, so it is emptied when the mail is done.
    fields TEXT NOT NULL,
    -- pending, sent, failed, expired, or logged where there is no mail server.
    status TEXT NOT NULL,
    -- Why it failed.
    reason TEXT,
    requested_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    done_at TIMESTAMPTZ
);
CREATE INDEX mails_done ON mails (done_at);
SELECT system_table('mails');

-- Its row is locked while a notification is added, so that they become visible in the order of their numbers.
CREATE TABLE inboxes (
    user_id UUID PRIMARY KEY,
    last_seq BIGINT NOT NULL
);
SELECT system_table('inboxes');

CREATE TABLE notifications (
    user_id UUID NOT NULL,
    -- From 1 in each inbox.
    seq BIGINT NOT NULL,
    id UUID NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    -- Never one that holds a secret.
    link TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    read_at TIMESTAMPTZ,
    PRIMARY KEY (user_id, seq)
);
CREATE INDEX notifications_created ON notifications (created_at);
SELECT system_table('notifications');
