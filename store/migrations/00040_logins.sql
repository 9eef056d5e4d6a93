-- +goose Up

-- People who log in to the portal. What they may reach is the same as for tokens: operators everything, partners
-- the accounts of their partner, all others one account; users and own-recordings what belongs to their extension.
CREATE TABLE logins (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint CONSTRAINT logins_account_fkey REFERENCES accounts ON DELETE CASCADE,
    partner_id    bigint CONSTRAINT logins_partner_fkey REFERENCES partners ON DELETE CASCADE,
    user_id       bigint CONSTRAINT logins_user_fkey REFERENCES extensions ON DELETE CASCADE,
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254 AND email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    -- A column: row-level security keeps an index on an expression from being used.
    email_lower   text NOT NULL GENERATED ALWAYS AS (lower(email)) STORED CONSTRAINT logins_email_key UNIQUE,
    name          text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    role          text NOT NULL CONSTRAINT logins_role_check CHECK (role IN
        ('operator', 'partner', 'admin', 'readonly', 'recordings', 'own-recordings', 'supervisor', 'user')),
    enabled       boolean NOT NULL DEFAULT true,
    -- argon2id in the PHC string format; empty: single sign-on only.
    password      text NOT NULL DEFAULT '' CHECK (length(password) <= 300),
    must_change   boolean NOT NULL DEFAULT false,
    -- RFC 6238: the shared secret, whether it has been confirmed, and the last time step used, so that a code works once.
    totp_secret   text NOT NULL DEFAULT '' CHECK (length(totp_secret) <= 200),
    totp_enabled  boolean NOT NULL DEFAULT false,
    totp_step     bigint NOT NULL DEFAULT 0,
    -- SHA-256 of codes that replace a lost device, each once.
    recovery      bytea[] NOT NULL DEFAULT '{}',
    failures      integer NOT NULL DEFAULT 0,
    locked_until  timestamptz,
    last_login_at timestamptz,
    created_at    timestamptz NOT NULL DEFAULT now(),
    revision      bigint NOT NULL DEFAULT 1,
    CONSTRAINT logins_scope_check CHECK (CASE role
        WHEN 'operator' THEN num_nonnulls(account_id, partner_id) = 0
        WHEN 'partner' THEN account_id IS NULL AND partner_id IS NOT NULL
        ELSE account_id IS NOT NULL AND partner_id IS NULL END),
    CONSTRAINT logins_user_check CHECK ((user_id IS NOT NULL) = (role IN ('user', 'own-recordings')))
);
CREATE INDEX logins_account ON logins (account_id, id);
CREATE INDEX logins_partner ON logins (partner_id, id);
CREATE INDEX logins_user ON logins (user_id);
SELECT callplane_isolate('logins');

CREATE TABLE sessions (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- As of the login, for row-level security.
    account_id bigint,
    login_id   bigint NOT NULL CONSTRAINT sessions_login_fkey REFERENCES logins ON DELETE CASCADE,
    hash       bytea NOT NULL CONSTRAINT sessions_hash_key UNIQUE CHECK (length(hash) = 32),
    address    text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX sessions_login ON sessions (login_id, id);
CREATE INDEX sessions_expires ON sessions (expires_at);
SELECT callplane_isolate('sessions');

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callplane_app;
