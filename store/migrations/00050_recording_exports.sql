-- +goose Up

-- ZIP files of recordings that are prepared in the background and kept for a day (FAC-REC-01).
CREATE TABLE recording_exports (
    account_id  bigint NOT NULL CONSTRAINT recording_exports_account_fkey REFERENCES accounts ON DELETE CASCADE,
    id          uuid NOT NULL,
    -- Whose recordings alone are in it, and who alone of the users may have it; 0: all of the account.
    user_id     bigint NOT NULL,
    created_by  text NOT NULL,
    selection   jsonb NOT NULL,
    state       text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'running', 'done', 'failed')),
    reason      text NOT NULL DEFAULT '', -- why it failed
    -- The controller that works at it, and when it last said so: one that is silent has ended.
    worker      uuid,
    seen_at     timestamptz,
    attempts    integer NOT NULL DEFAULT 0,
    recordings  integer NOT NULL,
    bytes       bigint NOT NULL, -- of the recordings
    done_bytes  bigint NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    expires_at  timestamptz,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX recording_exports_created ON recording_exports (account_id, created_at, id);
CREATE INDEX recording_exports_open ON recording_exports (created_at) WHERE state IN ('queued', 'running');
CREATE INDEX recording_exports_expires ON recording_exports (expires_at) WHERE expires_at IS NOT NULL;
SELECT callplane_isolate('recording_exports');
