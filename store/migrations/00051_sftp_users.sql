-- +goose Up

-- Who may fetch an account's recordings by SFTP (FAC-REC-01).
CREATE TABLE sftp_users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL CONSTRAINT sftp_users_account_fkey REFERENCES accounts ON DELETE CASCADE,
    -- The login is the account's id, a hyphen and the name, so that no account sees which names others have.
    name          text NOT NULL CHECK (name ~ '^[a-z][a-z0-9-]{0,31}$'),
    enabled       boolean NOT NULL DEFAULT true,
    -- SHA-256 of the password: it is random and long, so a slow hash would add nothing. Null: keys only.
    password      bytea CHECK (length(password) = 32),
    -- Public keys as in authorized_keys: type and base64.
    keys          text[] NOT NULL DEFAULT '{}' CHECK (cardinality(keys) <= 20),
    created_at    timestamptz NOT NULL DEFAULT now(),
    last_login_at timestamptz,
    revision      bigint NOT NULL DEFAULT 1,
    CONSTRAINT sftp_users_name_key UNIQUE (account_id, name)
);
SELECT callplane_isolate('sftp_users');
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callplane_app;
