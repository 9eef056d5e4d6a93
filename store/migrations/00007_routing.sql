-- +goose Up

-- A kind of extension is a table: ext_<kind>. extension_is_whole looks into it by name, so
-- that a new kind needs its table, callplane_extension_kind for it, and nothing else.
ALTER TABLE extensions DROP CONSTRAINT extensions_kind_check;
ALTER TABLE extensions ADD CONSTRAINT extensions_kind_check CHECK (kind ~ '^[a-z_]{1,30}$');

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION extension_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ext bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END;
    which text;
    whole boolean := false;
BEGIN
    SELECT kind INTO which FROM extensions WHERE id = ext;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF to_regclass('ext_' || which) IS NOT NULL THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE id = $1)', 'ext_' || which) INTO whole USING ext;
    END IF;
    IF NOT whole THEN
        RAISE EXCEPTION 'extension % has no row of its kind', ext
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extensions_kind_check', TABLE = 'extensions';
    END IF;
    RETURN NULL;
END $$;

-- callplane_extension_kind makes t the table of a kind of extension.
CREATE FUNCTION callplane_extension_kind(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE CONSTRAINT TRIGGER extension_is_whole AFTER DELETE ON %s
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION extension_is_whole()', t);
    PERFORM callplane_isolate(t);
    PERFORM callplane_versioned(t);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION callplane_extension_kind FROM PUBLIC;

CREATE TABLE ext_forward (
    id            bigint PRIMARY KEY,
    account_id    bigint NOT NULL,
    kind          text NOT NULL DEFAULT 'forward' CHECK (kind = 'forward'),
    number        text NOT NULL CHECK (number ~ '^[+0-9*#][0-9*#]{0,31}$'),
    caller_id     text NOT NULL DEFAULT 'calling' CHECK (caller_id IN ('calling', 'called', 'number')),
    caller_number text,
    CONSTRAINT ext_forward_caller_id_number_check CHECK ((caller_id = 'number') = (caller_number IS NOT NULL)),
    CONSTRAINT ext_forward_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_forward_caller_id_fkey FOREIGN KEY (account_id, caller_number)
        REFERENCES numbers (account_id, e164)
);
CREATE INDEX ext_forward_account ON ext_forward (account_id, id);
CREATE INDEX ext_forward_caller ON ext_forward (account_id, caller_number);

CREATE TABLE ext_auto_answer (
    id           bigint PRIMARY KEY,
    account_id   bigint NOT NULL,
    kind         text NOT NULL DEFAULT 'auto_answer' CHECK (kind = 'auto_answer'),
    announcement text NOT NULL,
    language     text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    CONSTRAINT ext_auto_answer_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_auto_answer_announcement_fkey FOREIGN KEY (account_id, announcement) REFERENCES media
);
CREATE INDEX ext_auto_answer_account ON ext_auto_answer (account_id, id);
CREATE INDEX ext_auto_answer_announcement ON ext_auto_answer (account_id, announcement);

CREATE TABLE ext_time (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'time' CHECK (kind = 'time'),
    failover_ext      bigint,
    failover_external text CHECK (failover_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    CONSTRAINT ext_time_failover_check CHECK (num_nonnulls(failover_ext, failover_external) = 1),
    CONSTRAINT ext_time_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_time_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_time_failover_fkey FOREIGN KEY (account_id, failover_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_time_failover ON ext_time (account_id, failover_ext);

CREATE TABLE time_periods (
    account_id    bigint NOT NULL,
    time_id       bigint NOT NULL,
    position      integer NOT NULL,
    first_day     integer NOT NULL CHECK (first_day BETWEEN 0 AND 6), -- 0 is Sunday
    last_day      integer NOT NULL CHECK (last_day BETWEEN 0 AND 6),
    -- Minutes of the local clock; an end that is not after the start is on the next day.
    start_minute  integer NOT NULL CHECK (start_minute BETWEEN 0 AND 1439),
    end_minute    integer NOT NULL CHECK (end_minute BETWEEN 0 AND 1440),
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    description   text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    PRIMARY KEY (time_id, position),
    CONSTRAINT time_periods_minutes_check CHECK (start_minute <> end_minute),
    CONSTRAINT time_periods_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT time_periods_time_fkey FOREIGN KEY (account_id, time_id)
        REFERENCES ext_time (account_id, id) ON DELETE CASCADE,
    CONSTRAINT time_periods_destination_fkey FOREIGN KEY (account_id, dest_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX time_periods_account ON time_periods (account_id, time_id, position);
CREATE INDEX time_periods_destination ON time_periods (account_id, dest_ext);

CREATE TABLE ext_limit (
    id              bigint PRIMARY KEY,
    account_id      bigint NOT NULL,
    kind            text NOT NULL DEFAULT 'limit' CHECK (kind = 'limit'),
    calls           integer NOT NULL CHECK (calls BETWEEN 1 AND 10000),
    within_ext      bigint,
    within_external text CHECK (within_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    above_ext       bigint,
    above_external  text CHECK (above_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    caller_id       text NOT NULL DEFAULT 'calling' CHECK (caller_id IN ('calling', 'called', 'number')),
    caller_number   text,
    CONSTRAINT ext_limit_within_check CHECK (num_nonnulls(within_ext, within_external) = 1),
    CONSTRAINT ext_limit_above_check CHECK (num_nonnulls(above_ext, above_external) <= 1),
    CONSTRAINT ext_limit_caller_id_number_check CHECK ((caller_id = 'number') = (caller_number IS NOT NULL)),
    CONSTRAINT ext_limit_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_limit_within_fkey FOREIGN KEY (account_id, within_ext) REFERENCES extensions (account_id, id),
    CONSTRAINT ext_limit_above_fkey FOREIGN KEY (account_id, above_ext) REFERENCES extensions (account_id, id),
    CONSTRAINT ext_limit_caller_id_fkey FOREIGN KEY (account_id, caller_number)
        REFERENCES numbers (account_id, e164)
);
CREATE INDEX ext_limit_account ON ext_limit (account_id, id);
CREATE INDEX ext_limit_within ON ext_limit (account_id, within_ext);
CREATE INDEX ext_limit_above ON ext_limit (account_id, above_ext);
CREATE INDEX ext_limit_caller ON ext_limit (account_id, caller_number);

SELECT callplane_extension_kind('ext_forward');
SELECT callplane_extension_kind('ext_auto_answer');
SELECT callplane_extension_kind('ext_time');
SELECT callplane_extension_kind('ext_limit');
SELECT callplane_isolate('time_periods');
SELECT callplane_versioned('time_periods');
