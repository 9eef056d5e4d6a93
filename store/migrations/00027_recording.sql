-- +goose Up

-- What an account has recorded, and how long it is kept; without a row nothing is.
CREATE TABLE recording_accounts (
    account_id     bigint PRIMARY KEY CONSTRAINT recording_accounts_account_fkey REFERENCES accounts ON DELETE CASCADE,
    enabled        boolean NOT NULL DEFAULT false,
    outbound       boolean NOT NULL DEFAULT false,
    indirect       boolean NOT NULL DEFAULT false,
    mixed          boolean NOT NULL DEFAULT false,
    assistant      boolean NOT NULL DEFAULT false,
    -- 0: until somebody deletes them.
    retention_days integer NOT NULL DEFAULT 0 CHECK (retention_days BETWEEN 0 AND 36500),
    revision       bigint NOT NULL DEFAULT 1
);

-- Users for whom the assistant is turned off.
CREATE TABLE assistant_users (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    off        boolean NOT NULL DEFAULT true,
    PRIMARY KEY (account_id, user_id),
    CONSTRAINT assistant_users_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES ext_user (account_id, id) ON DELETE CASCADE
);

SELECT callplane_isolate('recording_accounts');
SELECT callplane_isolate('assistant_users');
SELECT callplane_versioned('recording_accounts');
SELECT callplane_versioned('assistant_users');

-- Recordings with a file. A record like a call's: it outlives the user and the account, so no foreign keys.
CREATE TABLE recordings (
    account_id   bigint NOT NULL,
    id           uuid NOT NULL,
    call_id      uuid NOT NULL,
    -- Whose call it was: the id, which nobody gets again, and the number, for people.
    user_id      bigint NOT NULL,
    extension    text NOT NULL,
    requested_by text NOT NULL DEFAULT '',
    reason       text NOT NULL CHECK (reason IN ('systematic', 'on-demand', 'assistant', 'memo')),
    outbound     boolean NOT NULL,
    number       text NOT NULL DEFAULT '', -- of the other party
    name         text NOT NULL DEFAULT '',
    started      timestamptz NOT NULL,
    duration_ms  bigint NOT NULL CHECK (duration_ms >= 0),
    size         bigint NOT NULL CHECK (size > 0),
    channels     integer NOT NULL CHECK (channels BETWEEN 1 AND 2),
    file         text NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX recordings_started ON recordings (account_id, started, id);
CREATE INDEX recordings_user ON recordings (account_id, user_id, started, id);
CREATE INDEX recordings_call ON recordings (account_id, call_id);
SELECT callplane_isolate('recordings');

-- A token of role own-recordings is a user's, too.
ALTER TABLE api_tokens DROP CONSTRAINT api_tokens_user_check;
ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_user_check CHECK ((role IN ('user', 'own-recordings')) = (user_id IS NOT NULL));
