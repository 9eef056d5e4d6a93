-- +goose Up

-- What happened in queues, one row an event, never changed: all statistics are made of it. Numbers are kept as they
-- were, since queues and agents may be gone when somebody asks.
CREATE TABLE queue_events (
    account_id bigint NOT NULL,
    id         uuid NOT NULL,
    at         timestamptz NOT NULL,
    queue_id   bigint NOT NULL,
    queue      text NOT NULL,
    kind       text NOT NULL CHECK (kind ~ '^[a-z_]{1,30}$'),
    call_id    uuid, -- none of logins
    agent_id   bigint, -- of the extension
    agent      text NOT NULL,
    waited_ms  bigint NOT NULL DEFAULT 0 CHECK (waited_ms >= 0),
    talk_ms    bigint NOT NULL DEFAULT 0 CHECK (talk_ms >= 0),
    reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 100),
    PRIMARY KEY (account_id, id)
);
CREATE INDEX queue_events_queue ON queue_events (account_id, queue_id, at);
CREATE INDEX queue_events_at ON queue_events (account_id, at);
SELECT callplane_isolate('queue_events');
REVOKE UPDATE, DELETE ON queue_events FROM callplane_app;
