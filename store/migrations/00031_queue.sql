-- +goose Up

CREATE TABLE ext_queue (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'queue' CHECK (kind = 'queue'),
    open              boolean NOT NULL DEFAULT true,
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    strategy          text NOT NULL CHECK (strategy IN ('longest_idle', 'fewest_calls', 'random', 'sequential', 'sequential_memory',
                          'least_talk', 'ring_all', 'round_robin')),
    announce_position boolean NOT NULL DEFAULT false,
    announce_wait     boolean NOT NULL DEFAULT false,
    interval_ms       bigint NOT NULL DEFAULT 60000 CHECK (interval_ms BETWEEN 5000 AND 3600000),
    ring_timeout_ms   bigint NOT NULL DEFAULT 20000 CHECK (ring_timeout_ms BETWEEN 1000 AND 600000),
    cool_down_ms      bigint NOT NULL DEFAULT 0 CHECK (cool_down_ms BETWEEN 0 AND 86400000),
    weight            integer NOT NULL DEFAULT 0 CHECK (weight BETWEEN 0 AND 100),
    call_limit        integer NOT NULL DEFAULT 0 CHECK (call_limit BETWEEN 0 AND 10000), -- 0: none
    breakout_ext      bigint,
    breakout_external text CHECK (breakout_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    music             boolean NOT NULL DEFAULT true,
    introduction      text,
    skip_introduction boolean NOT NULL DEFAULT false,
    ringback          boolean NOT NULL DEFAULT false,
    second_call       boolean NOT NULL DEFAULT false,
    forward_after_ms  bigint NOT NULL DEFAULT 0 CHECK (forward_after_ms BETWEEN 0 AND 86400000), -- 0: only when full
    allow_forwards    boolean NOT NULL DEFAULT false,
    service_level_ms  bigint NOT NULL DEFAULT 20000 CHECK (service_level_ms BETWEEN 1000 AND 3600000),
    CONSTRAINT ext_queue_breakout_check CHECK (num_nonnulls(breakout_ext, breakout_external) <= 1),
    CONSTRAINT ext_queue_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_queue_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_queue_breakout_fkey FOREIGN KEY (account_id, breakout_ext) REFERENCES extensions (account_id, id),
    CONSTRAINT ext_queue_introduction_fkey FOREIGN KEY (account_id, introduction) REFERENCES media
);
CREATE INDEX ext_queue_breakout ON ext_queue (account_id, breakout_ext);
CREATE INDEX ext_queue_introduction ON ext_queue (account_id, introduction);

-- Agents by rank. Who logs out keeps the row, and with it the rank.
CREATE TABLE queue_members (
    account_id      bigint NOT NULL,
    queue_id        bigint NOT NULL,
    member_id       bigint NOT NULL,
    member_kind     text NOT NULL CHECK (member_kind IN ('user', 'forward')),
    position        integer NOT NULL,
    logged_in       boolean NOT NULL DEFAULT true,
    since           timestamptz NOT NULL DEFAULT now(), -- of the last login or logout
    paused          text NOT NULL DEFAULT '' CHECK (length(paused) <= 100),
    ring_timeout_ms bigint CHECK (ring_timeout_ms BETWEEN 1000 AND 600000),
    cool_down_ms    bigint CHECK (cool_down_ms BETWEEN 0 AND 86400000),
    weight          integer CHECK (weight BETWEEN 0 AND 100),
    PRIMARY KEY (queue_id, member_id),
    CONSTRAINT queue_members_queue_fkey FOREIGN KEY (account_id, queue_id) REFERENCES ext_queue (account_id, id) ON DELETE CASCADE,
    CONSTRAINT queue_members_members_fkey FOREIGN KEY (account_id, member_id, member_kind) REFERENCES extensions (account_id, id, kind)
);
CREATE INDEX queue_members_account ON queue_members (account_id, queue_id, position);
CREATE INDEX queue_members_member ON queue_members (account_id, member_id);

-- Where callers go when the queue is full or the time is over (forward), or nobody is logged in (no_agent).
CREATE TABLE queue_destinations (
    account_id    bigint NOT NULL,
    queue_id      bigint NOT NULL,
    list          text NOT NULL CHECK (list IN ('forward', 'no_agent')),
    position      integer NOT NULL,
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    PRIMARY KEY (queue_id, list, position),
    CONSTRAINT queue_destinations_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT queue_destinations_queue_fkey FOREIGN KEY (account_id, queue_id) REFERENCES ext_queue (account_id, id) ON DELETE CASCADE,
    CONSTRAINT queue_destinations_destination_fkey FOREIGN KEY (account_id, dest_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX queue_destinations_account ON queue_destinations (account_id, queue_id, list, position);
CREATE INDEX queue_destinations_destination ON queue_destinations (account_id, dest_ext);

CREATE TABLE queue_infotainment (
    account_id bigint NOT NULL,
    queue_id   bigint NOT NULL,
    position   integer NOT NULL,
    media      text NOT NULL,
    PRIMARY KEY (queue_id, position),
    CONSTRAINT queue_infotainment_queue_fkey FOREIGN KEY (account_id, queue_id) REFERENCES ext_queue (account_id, id) ON DELETE CASCADE,
    CONSTRAINT queue_infotainment_infotainment_fkey FOREIGN KEY (account_id, media) REFERENCES media
);
CREATE INDEX queue_infotainment_account ON queue_infotainment (account_id, queue_id, position);
CREATE INDEX queue_infotainment_media ON queue_infotainment (account_id, media);

SELECT callplane_extension_kind('ext_queue');
-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['queue_members', 'queue_destinations', 'queue_infotainment'] LOOP
        PERFORM callplane_isolate(t::regclass);
        PERFORM callplane_versioned(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
