-- +goose Up

CREATE TABLE ext_location (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'location' CHECK (kind = 'location'),
    by                text NOT NULL CHECK (by IN ('area_code', 'postcode', 'caller', 'called')),
    announcement      text,
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    tries             integer NOT NULL DEFAULT 3 CHECK (tries BETWEEN 1 AND 20),
    fallback_ext      bigint,
    fallback_external text CHECK (fallback_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    fallback_prefix   text NOT NULL DEFAULT '' CHECK (length(fallback_prefix) <= 40),
    blocked_ext       bigint,
    blocked_external  text CHECK (blocked_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    blocked_prefix    text NOT NULL DEFAULT '' CHECK (length(blocked_prefix) <= 40),
    mobile_ext        bigint,
    mobile_external   text CHECK (mobile_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    mobile_prefix     text NOT NULL DEFAULT '' CHECK (length(mobile_prefix) <= 40),
    CONSTRAINT ext_location_fallback_check CHECK (num_nonnulls(fallback_ext, fallback_external) = 1),
    CONSTRAINT ext_location_blocked_check CHECK (num_nonnulls(blocked_ext, blocked_external) <= 1),
    CONSTRAINT ext_location_mobile_check CHECK (num_nonnulls(mobile_ext, mobile_external) <= 1),
    CONSTRAINT ext_location_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_location_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_location_announcement_fkey FOREIGN KEY (account_id, announcement) REFERENCES media,
    CONSTRAINT ext_location_fallback_fkey FOREIGN KEY (account_id, fallback_ext) REFERENCES extensions (account_id, id),
    CONSTRAINT ext_location_blocked_fkey FOREIGN KEY (account_id, blocked_ext) REFERENCES extensions (account_id, id),
    CONSTRAINT ext_location_mobile_fkey FOREIGN KEY (account_id, mobile_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_location_announcement ON ext_location (account_id, announcement);
CREATE INDEX ext_location_fallback ON ext_location (account_id, fallback_ext);
CREATE INDEX ext_location_blocked ON ext_location (account_id, blocked_ext);
CREATE INDEX ext_location_mobile ON ext_location (account_id, mobile_ext);

-- One row for each destination and prefix with all its keys: tables of a million keys have
-- few destinations, and are read and written as a whole.
CREATE TABLE location_routes (
    account_id    bigint NOT NULL,
    location_id   bigint NOT NULL,
    position      integer NOT NULL,
    keys          text[] NOT NULL CHECK (cardinality(keys) > 0),
    dest_ext      bigint,
    dest_external text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    prefix        text NOT NULL DEFAULT '' CHECK (length(prefix) <= 40),
    PRIMARY KEY (location_id, position),
    CONSTRAINT location_routes_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT location_routes_location_fkey FOREIGN KEY (account_id, location_id)
        REFERENCES ext_location (account_id, id) ON DELETE CASCADE,
    CONSTRAINT location_routes_destination_fkey FOREIGN KEY (account_id, dest_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX location_routes_account ON location_routes (account_id, location_id, position);
CREATE INDEX location_routes_destination ON location_routes (account_id, dest_ext);

CREATE TABLE ext_authentication (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'authentication' CHECK (kind = 'authentication'),
    by_pin            boolean NOT NULL,
    welcome           text,
    failed            text,
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    fallback_ext      bigint,
    fallback_external text CHECK (fallback_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    fallback_prefix   text NOT NULL DEFAULT '' CHECK (length(fallback_prefix) <= 40),
    CONSTRAINT ext_authentication_fallback_check CHECK (num_nonnulls(fallback_ext, fallback_external) = 1),
    CONSTRAINT ext_authentication_id_key UNIQUE (account_id, id),
    CONSTRAINT ext_authentication_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_authentication_welcome_fkey FOREIGN KEY (account_id, welcome) REFERENCES media,
    CONSTRAINT ext_authentication_failed_fkey FOREIGN KEY (account_id, failed) REFERENCES media,
    CONSTRAINT ext_authentication_fallback_fkey FOREIGN KEY (account_id, fallback_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_authentication_welcome ON ext_authentication (account_id, welcome);
CREATE INDEX ext_authentication_failed ON ext_authentication (account_id, failed);
CREATE INDEX ext_authentication_fallback ON ext_authentication (account_id, fallback_ext);

CREATE TABLE authentication_entries (
    account_id        bigint NOT NULL,
    authentication_id bigint NOT NULL,
    -- A PIN, or a number: E.164, the begin of one, or an extension.
    key               text NOT NULL CHECK (key ~ '^\+?[0-9]{1,15}$'),
    dest_ext          bigint,
    dest_external     text CHECK (dest_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    prefix            text NOT NULL DEFAULT '' CHECK (length(prefix) <= 40),
    PRIMARY KEY (authentication_id, key),
    CONSTRAINT authentication_entries_destination_check CHECK (num_nonnulls(dest_ext, dest_external) = 1),
    CONSTRAINT authentication_entries_authentication_fkey FOREIGN KEY (account_id, authentication_id)
        REFERENCES ext_authentication (account_id, id) ON DELETE CASCADE,
    CONSTRAINT authentication_entries_destination_fkey FOREIGN KEY (account_id, dest_ext)
        REFERENCES extensions (account_id, id)
);
CREATE INDEX authentication_entries_account ON authentication_entries (account_id, authentication_id, key);
CREATE INDEX authentication_entries_destination ON authentication_entries (account_id, dest_ext);

CREATE TABLE ext_picker (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'picker' CHECK (kind = 'picker'),
    announcement      text,
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    ringback          boolean NOT NULL DEFAULT false,
    timeout_ms        bigint NOT NULL DEFAULT 5000 CHECK (timeout_ms BETWEEN 100 AND 600000),
    fallback_ext      bigint,
    fallback_external text CHECK (fallback_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    fallback_prefix   text NOT NULL DEFAULT '' CHECK (length(fallback_prefix) <= 40),
    CONSTRAINT ext_picker_fallback_check CHECK (num_nonnulls(fallback_ext, fallback_external) = 1),
    CONSTRAINT ext_picker_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_picker_announcement_fkey FOREIGN KEY (account_id, announcement) REFERENCES media,
    CONSTRAINT ext_picker_fallback_fkey FOREIGN KEY (account_id, fallback_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_picker_account ON ext_picker (account_id, id);
CREATE INDEX ext_picker_announcement ON ext_picker (account_id, announcement);
CREATE INDEX ext_picker_fallback ON ext_picker (account_id, fallback_ext);

SELECT callplane_extension_kind('ext_location');
SELECT callplane_extension_kind('ext_authentication');
SELECT callplane_extension_kind('ext_picker');
-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['location_routes', 'authentication_entries'] LOOP
        PERFORM callplane_isolate(t::regclass);
        PERFORM callplane_versioned(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
