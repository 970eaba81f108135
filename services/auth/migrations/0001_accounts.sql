-- Users belong to no organisation, so everything that is theirs alone is the system's; what is an organisation's is a tenant's.

CREATE TABLE users (
    id UUID PRIMARY KEY,
    -- In lowercase.
    email TEXT NOT NULL UNIQUE,
    -- Null until its owner has followed the link that was sent there.
    email_verified_at TIMESTAMPTZ,
    name TEXT NOT NULL,
    -- en or ru: of mails and pages.
    locale TEXT NOT NULL,
    -- PHC string; null for who signs in elsewhere.
    password_hash TEXT,
    -- Base32; null without a second factor. Sealed with a key of JWT_SECRET.
    totp_secret BYTEA,
    totp_confirmed_at TIMESTAMPTZ,
    -- The last time step of which a code was used, so that none is used twice.
    totp_last_step BIGINT,
    disabled_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);
SELECT system_table('users');

CREATE TABLE recovery_codes (
    user_id UUID NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (user_id, hash)
);
SELECT system_table('recovery_codes');

CREATE TABLE organisations (
    org UUID PRIMARY KEY,
    name TEXT NOT NULL,
    mfa_required BOOLEAN NOT NULL,
    public_sharing BOOLEAN NOT NULL,
    -- Counts the edits.
    version BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
SELECT tenant_table('organisations');

CREATE TABLE members (
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    -- JSON array of roles.
    roles TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, user_id)
);
CREATE INDEX members_of_user ON members (user_id);
SELECT tenant_table('members');

CREATE TABLE invitations (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    email TEXT NOT NULL,
    roles TEXT NOT NULL,
    invited_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    UNIQUE (org, email)
);
CREATE INDEX invitations_of_email ON invitations (email);
SELECT tenant_table('invitations');

CREATE TABLE sessions (
    id UUID PRIMARY KEY,
    user_id UUID NOT NULL,
    -- The organisation it is signed in to.
    org UUID NOT NULL,
    -- JSON array: how the user signed in (RFC 8176).
    amr TEXT NOT NULL,
    -- When the user last proved who it is.
    authenticated_at TIMESTAMPTZ NOT NULL,
    -- The refresh token that is valid now is that of this number.
    generation BIGINT NOT NULL,
    refreshed_at TIMESTAMPTZ NOT NULL,
    -- Address and program of the last refresh, as far as known.
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX sessions_of_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (expires_at);
SELECT system_table('sessions');

-- Secrets that are sent to somebody and come back once.
CREATE TABLE one_time_secrets (
    -- SHA-256.
    hash BYTEA PRIMARY KEY,
    kind TEXT NOT NULL,
    -- Nil where there is no account yet.
    user_id UUID NOT NULL,
    -- JSON: what else it stands for.
    data TEXT NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX one_time_secrets_by_end ON one_time_secrets (expires_at);
CREATE INDEX one_time_secrets_of_user ON one_time_secrets (user_id, kind);
SELECT system_table('one_time_secrets');

CREATE TABLE api_keys (
    id UUID PRIMARY KEY,
    org UUID NOT NULL,
    user_id UUID NOT NULL,
    name TEXT NOT NULL,
    -- SHA-256.
    hash BYTEA NOT NULL UNIQUE,
    -- The first characters, by which people tell keys apart.
    prefix TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ
);
CREATE INDEX api_keys_of_user ON api_keys (org, user_id);
SELECT tenant_table('api_keys');

-- Domains of mail that an organisation claims, and has proven once it is verified.
CREATE TABLE domains (
    org UUID NOT NULL,
    -- In lowercase ASCII.
    domain TEXT NOT NULL,
    -- What the TXT record says.
    challenge TEXT NOT NULL,
    verified_at TIMESTAMPTZ,
    -- Since when the record has been missing again.
    missing_since TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (org, domain)
);
-- A domain is one organisation's.
CREATE UNIQUE INDEX domains_verified ON domains (domain) WHERE verified_at IS NOT NULL;
SELECT tenant_table('domains');

-- The identity provider of an organisation.
CREATE TABLE identity_providers (
    org UUID PRIMARY KEY,
    -- As it names itself in its tokens.
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    -- Sealed with a key of JWT_SECRET.
    client_secret BYTEA NOT NULL,
    -- Whether members sign in there and nowhere else.
    enforced BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
SELECT tenant_table('identity_providers');

-- Who a user is at an identity provider.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (issuer, subject)
);
SELECT system_table('identities');

-- Failed attempts to prove something, by account and by address.
CREATE TABLE attempts (
    key TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    -- Until then no attempt is looked at.
    blocked_until TIMESTAMPTZ NOT NULL,
    -- Forgotten then.
    expires_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX attempts_by_end ON attempts (expires_at);
SELECT system_table('attempts');

-- What is no longer to be believed although it has not expired.
CREATE TABLE revocations (
    id UUID PRIMARY KEY,
    -- session, user, organisation, api_key or signing_key.
    kind TEXT NOT NULL,
    -- An id, a hash in hexadecimal, or the id of a key.
    subject TEXT NOT NULL,
    revoked_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX revocations_by_time ON revocations (revoked_at);
SELECT system_table('revocations');

-- Keys that access tokens are signed with. The keys themselves are derived from JWT_SECRET and this number.
CREATE TABLE signing_keys (
    epoch BIGINT PRIMARY KEY,
    -- It is in the key set from the time it is made, so that everybody knows it by then.
    active_from TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);
SELECT system_table('signing_keys');
