-- +goose Up

-- What was left in the boxes of voicemail extensions and users. The audio is a file of the same
-- id. No version of the account: messages are no configuration.
CREATE TABLE voicemail_messages (
    id            uuid PRIMARY KEY,
    account_id    bigint NOT NULL,
    box_id        bigint NOT NULL,
    at            timestamptz NOT NULL,
    caller_number text NOT NULL DEFAULT '' CHECK (length(caller_number) <= 100),
    caller_name   text NOT NULL DEFAULT '' CHECK (length(caller_name) <= 200),
    duration_ms   bigint NOT NULL CHECK (duration_ms >= 0),
    heard         boolean NOT NULL DEFAULT false,
    CONSTRAINT voicemail_messages_id_key UNIQUE (account_id, id),
    CONSTRAINT voicemail_messages_box_fkey FOREIGN KEY (account_id, box_id)
        REFERENCES extensions (account_id, id) ON DELETE CASCADE
);
CREATE INDEX voicemail_messages_box ON voicemail_messages (account_id, box_id, at, id);

SELECT callplane_isolate('voicemail_messages');
