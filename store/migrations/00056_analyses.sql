-- +goose Up

-- What the assistant is to make of recordings, and what it has made: text, which is kept no longer than the sound.
CREATE TABLE analyses (
    account_id   bigint NOT NULL,
    recording_id uuid NOT NULL,
    queued_at    timestamptz NOT NULL DEFAULT now(),
    due          timestamptz DEFAULT now(), -- NULL: done, or given up
    -- Whose turn it is: who takes it writes a ticket, and only with that one a result.
    ticket       uuid,
    tries        integer NOT NULL DEFAULT 0,
    error        text NOT NULL DEFAULT '',
    done_at      timestamptz,
    language     text NOT NULL DEFAULT '',
    summary      text NOT NULL DEFAULT '',
    -- [{"speaker": "user" or "other", "at": seconds, "text": …}]
    transcript   jsonb NOT NULL DEFAULT '[]',
    PRIMARY KEY (account_id, recording_id),
    CONSTRAINT analyses_recording_fkey FOREIGN KEY (account_id, recording_id) REFERENCES recordings (account_id, id) ON DELETE CASCADE
);
CREATE INDEX analyses_due ON analyses (due) WHERE due IS NOT NULL;
CREATE INDEX recordings_analysed ON recordings (account_id, started, id) WHERE reason IN ('assistant', 'memo');
SELECT callplane_isolate('analyses');

SELECT set_config('callplane.platform', 'on', true);
INSERT INTO analyses (account_id, recording_id) SELECT account_id, id FROM recordings WHERE reason IN ('assistant', 'memo');
