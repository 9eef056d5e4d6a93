-- +goose Up

-- Every foreign key within an account carries account_id, so that nothing can refer to
-- another account's row.

CREATE TABLE media (
    account_id  bigint NOT NULL CONSTRAINT media_account_fkey REFERENCES accounts,
    key         text NOT NULL CHECK (key ~ '^[a-z0-9][a-z0-9_.-]{0,99}$'),
    name        text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    revision    bigint NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);

-- One file of a media key in one language; the file itself is in the media library.
CREATE TABLE media_files (
    account_id  bigint NOT NULL,
    key         text NOT NULL,
    language    text NOT NULL CHECK (language IN ('en', 'nl', 'de', 'es', 'lv')),
    sha256      bytea NOT NULL CHECK (length(sha256) = 32),
    size        bigint NOT NULL CHECK (size > 0),
    duration_ms integer NOT NULL CHECK (duration_ms >= 0),
    PRIMARY KEY (account_id, key, language),
    CONSTRAINT media_files_media_fkey FOREIGN KEY (account_id, key) REFERENCES media ON DELETE CASCADE
);

CREATE TABLE extensions (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id    bigint NOT NULL CONSTRAINT extensions_account_fkey REFERENCES accounts,
    number        text NOT NULL CHECK (number ~ '^[0-9]{2,5}$'),
    -- ACC-03: as long as the account says, and the account cannot change its mind.
    number_length integer NOT NULL GENERATED ALWAYS AS (length(number)) STORED,
    name          text NOT NULL CHECK (length(name) <= 200),
    kind          text NOT NULL CHECK (kind IN ('user', 'group', 'ivr')),
    revision      bigint NOT NULL DEFAULT 1,
    CONSTRAINT extensions_number_key UNIQUE (account_id, number),
    CONSTRAINT extensions_id_key UNIQUE (account_id, id, kind),
    CONSTRAINT extensions_number_length_fkey FOREIGN KEY (account_id, number_length)
        REFERENCES accounts (id, extension_length)
);
CREATE UNIQUE INDEX extensions_account_id ON extensions (account_id, id);
CREATE INDEX extensions_kind ON extensions (account_id, kind, number);

CREATE TABLE ext_user (
    id                  bigint PRIMARY KEY,
    account_id          bigint NOT NULL,
    kind                text NOT NULL DEFAULT 'user' CHECK (kind = 'user'),
    pin                 text NOT NULL DEFAULT '0000' CHECK (pin ~ '^[0-9]{4,10}$'),
    language            text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    area_code           text NOT NULL DEFAULT '' CHECK (area_code ~ '^[0-9]{0,6}$'),
    offer_second_call   boolean NOT NULL DEFAULT false,
    caller_id           text NOT NULL DEFAULT '' CHECK (caller_id ~ '^(\+[1-9][0-9]{4,14})?$'),
    emergency_caller_id text NOT NULL DEFAULT '' CHECK (emergency_caller_id ~ '^(\+[1-9][0-9]{4,14})?$'),
    time_configuration  boolean NOT NULL DEFAULT false,
    twinning            boolean NOT NULL DEFAULT false,
    record_inbound      boolean NOT NULL DEFAULT false,
    record_outbound     boolean NOT NULL DEFAULT false,
    parking             boolean NOT NULL DEFAULT false,
    ring_timeout_ms     bigint NOT NULL DEFAULT 0 CHECK (ring_timeout_ms BETWEEN 0 AND 3600000),
    CONSTRAINT ext_user_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_user_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE
);

CREATE TABLE ext_group (
    id                    bigint PRIMARY KEY,
    account_id            bigint NOT NULL,
    kind                  text NOT NULL DEFAULT 'group' CHECK (kind = 'group'),
    allow_member_forwards boolean NOT NULL DEFAULT false,
    forward_after_ms      bigint NOT NULL DEFAULT 0 CHECK (forward_after_ms BETWEEN 0 AND 3600000),
    forward_caller_id     text NOT NULL DEFAULT 'calling' CHECK (forward_caller_id IN ('calling', 'called')),
    CONSTRAINT ext_group_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_group_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE
);

CREATE TABLE group_members (
    account_id bigint NOT NULL,
    group_id   bigint NOT NULL,
    user_id    bigint NOT NULL,
    position   integer NOT NULL,
    PRIMARY KEY (group_id, user_id),
    CONSTRAINT group_members_group_fkey FOREIGN KEY (account_id, group_id)
        REFERENCES ext_group (account_id, id) ON DELETE CASCADE,
    CONSTRAINT group_members_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES ext_user (account_id, id)
);
CREATE INDEX group_members_account ON group_members (account_id, group_id, position);
CREATE INDEX group_members_user ON group_members (account_id, user_id);

CREATE TABLE ext_ivr (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'ivr' CHECK (kind = 'ivr'),
    announcement      text,
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    max_digits        integer NOT NULL DEFAULT 1 CHECK (max_digits BETWEEN 1 AND 6),
    tries             integer NOT NULL DEFAULT 3 CHECK (tries BETWEEN 1 AND 20),
    first_digit_ms    bigint NOT NULL DEFAULT 5000 CHECK (first_digit_ms BETWEEN 0 AND 600000),
    inter_digit_ms    bigint NOT NULL DEFAULT 3000 CHECK (inter_digit_ms BETWEEN 0 AND 600000),
    fallback_ext      bigint,
    fallback_external text CHECK (fallback_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    fallback_prefix   text NOT NULL DEFAULT '' CHECK (length(fallback_prefix) <= 40),
    CONSTRAINT ext_ivr_fallback_check CHECK (num_nonnulls(fallback_ext, fallback_external) <= 1),
    CONSTRAINT ext_ivr_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_ivr_max_digits_key UNIQUE (account_id, id, max_digits),
    CONSTRAINT ext_ivr_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_ivr_announcement_fkey FOREIGN KEY (account_id, announcement) REFERENCES media,
    CONSTRAINT ext_ivr_fallback_fkey FOREIGN KEY (account_id, fallback_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_ivr_fallback ON ext_ivr (account_id, fallback_ext);
CREATE INDEX ext_ivr_announcement ON ext_ivr (account_id, announcement);

CREATE TABLE ivr_options (
    account_id    bigint NOT NULL,
    ivr_id        bigint NOT NULL,
    -- The menu's, kept equal by the foreign key: no option can be longer than it allows.
    max_digits    integer NOT NULL,
    digits        text NOT NULL CHECK (digits ~ '^[0-9*]{1,6}$'),
    prefix        text NOT NULL DEFAULT '' CHECK (length(prefix) <= 40),
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    PRIMARY KEY (ivr_id, digits),
    CONSTRAINT ivr_options_digits_length_check CHECK (length(digits) <= max_digits),
    CONSTRAINT ivr_options_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT ivr_options_ivr_fkey FOREIGN KEY (account_id, ivr_id, max_digits)
        REFERENCES ext_ivr (account_id, id, max_digits) ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT ivr_options_destination_fkey FOREIGN KEY (account_id, dest_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX ivr_options_account ON ivr_options (account_id, ivr_id);
CREATE INDEX ivr_options_destination ON ivr_options (account_id, dest_ext);

CREATE TABLE forwards (
    account_id    bigint NOT NULL,
    extension_id  bigint NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('user', 'group')),
    miss          text NOT NULL CHECK (miss IN ('always', 'busy', 'no_answer', 'unreachable', 'rejected')),
    position      integer NOT NULL,
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    PRIMARY KEY (extension_id, miss, position),
    CONSTRAINT forwards_miss_of_group_check CHECK (kind = 'user' OR miss IN ('always', 'busy', 'no_answer')),
    CONSTRAINT forwards_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT forwards_extension_fkey FOREIGN KEY (account_id, extension_id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT forwards_destination_fkey FOREIGN KEY (account_id, dest_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX forwards_account ON forwards (account_id, extension_id, miss, position);
CREATE INDEX forwards_destination ON forwards (account_id, dest_ext);

-- An extension and the row of its type come together: looked at when the transaction ends.
-- +goose StatementBegin
CREATE FUNCTION extension_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ext bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.id ELSE NEW.id END;
BEGIN
    IF EXISTS (SELECT FROM extensions e WHERE e.id = ext
        AND NOT EXISTS (SELECT FROM ext_user t WHERE t.id = e.id)
        AND NOT EXISTS (SELECT FROM ext_group t WHERE t.id = e.id)
        AND NOT EXISTS (SELECT FROM ext_ivr t WHERE t.id = e.id)) THEN
        RAISE EXCEPTION 'extension % has no row of its kind', ext
            USING ERRCODE = 'check_violation', CONSTRAINT = 'extensions_kind_check', TABLE = 'extensions';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER extension_is_whole AFTER INSERT ON extensions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION extension_is_whole();
CREATE CONSTRAINT TRIGGER extension_is_whole AFTER DELETE ON ext_user
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION extension_is_whole();
CREATE CONSTRAINT TRIGGER extension_is_whole AFTER DELETE ON ext_group
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION extension_is_whole();
CREATE CONSTRAINT TRIGGER extension_is_whole AFTER DELETE ON ext_ivr
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION extension_is_whole();

CREATE TABLE channels (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id          bigint NOT NULL CONSTRAINT channels_account_fkey REFERENCES accounts,
    -- The SIP user name: unique on the platform, safe in URIs and in engine configuration.
    name                text NOT NULL CONSTRAINT channels_name_key UNIQUE CHECK (name ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{2,63}$'),
    -- In the clear: SIP digest authentication needs it or a hash worth as much.
    password            text NOT NULL CHECK (length(password) BETWEEN 8 AND 128 AND password ~ '^[!-~]+$'),
    description         text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    enabled             boolean NOT NULL DEFAULT true,
    secure              boolean NOT NULL DEFAULT false,
    dtmf                text NOT NULL DEFAULT 'rfc4733' CHECK (dtmf IN ('rfc4733', 'info')),
    area_code           text NOT NULL DEFAULT '' CHECK (area_code ~ '^[0-9]{0,6}$'),
    language            text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    call_limit          integer NOT NULL DEFAULT 2 CHECK (call_limit BETWEEN 1 AND 5),
    emergency_caller_id text NOT NULL DEFAULT '' CHECK (emergency_caller_id ~ '^(\+[1-9][0-9]{4,14})?$'),
    user_id             bigint,
    revision            bigint NOT NULL DEFAULT 1,
    CONSTRAINT channels_user_fkey FOREIGN KEY (account_id, user_id) REFERENCES ext_user (account_id, id)
);
CREATE INDEX channels_account ON channels (account_id, name);
CREATE INDEX channels_user ON channels (account_id, user_id);

CREATE TABLE schemes (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL CONSTRAINT schemes_account_fkey REFERENCES accounts ON DELETE CASCADE,
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    main       boolean NOT NULL DEFAULT false,
    active     integer,
    revision   bigint NOT NULL DEFAULT 1,
    CONSTRAINT schemes_id_key UNIQUE (account_id, id),
    CONSTRAINT schemes_name_key UNIQUE (account_id, name)
);
CREATE UNIQUE INDEX schemes_main_key ON schemes (account_id) WHERE main;

-- +goose StatementBegin
CREATE FUNCTION main_scheme_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.main AND EXISTS (SELECT FROM accounts WHERE id = OLD.account_id) THEN
        RAISE EXCEPTION 'the main scheme of an account cannot be deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'schemes_main_check', TABLE = 'schemes';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER main_scheme_stays BEFORE DELETE ON schemes
    FOR EACH ROW EXECUTE FUNCTION main_scheme_stays();

CREATE TABLE plans (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    scheme_id  bigint NOT NULL,
    number     integer NOT NULL CHECK (number BETWEEN 1 AND 99),
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    revision   bigint NOT NULL DEFAULT 1,
    CONSTRAINT plans_number_key UNIQUE (account_id, scheme_id, number),
    CONSTRAINT plans_id_key UNIQUE (account_id, scheme_id, id),
    CONSTRAINT plans_scheme_fkey FOREIGN KEY (account_id, scheme_id)
        REFERENCES schemes (account_id, id) ON DELETE CASCADE
);
ALTER TABLE schemes ADD CONSTRAINT schemes_active_fkey FOREIGN KEY (account_id, id, active)
    REFERENCES plans (account_id, scheme_id, number);

CREATE TABLE numbers (
    e164        text PRIMARY KEY CHECK (e164 ~ '^\+[1-9][0-9]{4,14}$'),
    account_id  bigint NOT NULL CONSTRAINT numbers_account_fkey REFERENCES accounts,
    personal_id bigint,
    -- The scheme that holds it; plan entries refer to it, so it can be only one (ACC-06).
    scheme_id   bigint,
    revision    bigint NOT NULL DEFAULT 1,
    CONSTRAINT numbers_e164_key UNIQUE (account_id, e164),
    CONSTRAINT numbers_scheme_key UNIQUE (account_id, scheme_id, e164),
    CONSTRAINT numbers_personal_check CHECK (num_nonnulls(personal_id, scheme_id) <= 1),
    CONSTRAINT numbers_personal_fkey FOREIGN KEY (account_id, personal_id)
        REFERENCES ext_user (account_id, id),
    CONSTRAINT numbers_scheme_fkey FOREIGN KEY (account_id, scheme_id)
        REFERENCES schemes (account_id, id)
);
CREATE INDEX numbers_personal ON numbers (account_id, personal_id);

CREATE TABLE plan_entries (
    account_id    bigint NOT NULL,
    scheme_id     bigint NOT NULL,
    plan_id       bigint NOT NULL,
    e164          text NOT NULL,
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    prefix        text NOT NULL DEFAULT '' CHECK (length(prefix) <= 40),
    PRIMARY KEY (plan_id, e164),
    CONSTRAINT plan_entries_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT plan_entries_plan_fkey FOREIGN KEY (account_id, scheme_id, plan_id)
        REFERENCES plans (account_id, scheme_id, id) ON DELETE CASCADE,
    CONSTRAINT plan_entries_number_fkey FOREIGN KEY (account_id, scheme_id, e164)
        REFERENCES numbers (account_id, scheme_id, e164),
    CONSTRAINT plan_entries_destination_fkey FOREIGN KEY (account_id, dest_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX plan_entries_plan ON plan_entries (account_id, plan_id);
CREATE INDEX plan_entries_number ON plan_entries (account_id, scheme_id, e164);
CREATE INDEX plan_entries_destination ON plan_entries (account_id, dest_ext);

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['media', 'media_files', 'extensions', 'ext_user', 'ext_group', 'group_members',
        'ext_ivr', 'ivr_options', 'forwards', 'channels', 'schemes', 'plans', 'numbers', 'plan_entries'] LOOP
        PERFORM callplane_isolate(t::regclass);
        PERFORM callplane_versioned(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
