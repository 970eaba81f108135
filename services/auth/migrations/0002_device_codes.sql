-- Sign-ins of devices without a browser, which a person confirms elsewhere.
CREATE TABLE device_codes (
    id UUID PRIMARY KEY,
    -- SHA-256 of what the device keeps.
    hash BYTEA NOT NULL UNIQUE,
    -- Of what the person types: keyed, because it is short.
    user_code_hash BYTEA NOT NULL UNIQUE,
    -- pending, approved or denied.
    status TEXT NOT NULL,
    -- The device, as far as known.
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    -- Seconds that the device is to leave between two questions.
    pause BIGINT NOT NULL,
    asked_at TIMESTAMPTZ,
    -- Whose session it becomes; nil while nobody has confirmed.
    user_id UUID NOT NULL,
    org UUID NOT NULL,
    -- Of the session in which it was confirmed.
    amr TEXT NOT NULL,
    authenticated_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX device_codes_by_end ON device_codes (expires_at);
SELECT system_table('device_codes');
