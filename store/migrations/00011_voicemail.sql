-- +goose Up

CREATE TABLE ext_voicemail (
    id            bigint PRIMARY KEY,
    account_id    bigint NOT NULL,
    kind          text NOT NULL DEFAULT 'voicemail' CHECK (kind = 'voicemail'),
    pin           text NOT NULL CHECK (pin ~ '^([0-9]{4})?$'),
    language      text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    -- What was recorded by telephone comes before what was uploaded.
    greeting      text NOT NULL DEFAULT '' CHECK (greeting ~ '^[a-z0-9-]{0,60}$'),
    welcome       text,
    user_id       bigint,
    email         text NOT NULL DEFAULT '' CHECK (email ~ '^([^[:space:][:cntrl:]<>",;]+@[^[:space:][:cntrl:]<>",;@]+)?$' AND length(email) <= 254),
    attach_audio  boolean NOT NULL DEFAULT false,
    delete_mailed boolean NOT NULL DEFAULT false,
    sms           text NOT NULL DEFAULT '' CHECK (sms ~ '^(\+[1-9][0-9]{4,14})?$'),
    CONSTRAINT ext_voicemail_delete_mailed_check CHECK (NOT delete_mailed OR email <> ''),
    CONSTRAINT ext_voicemail_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_voicemail_welcome_fkey FOREIGN KEY (account_id, welcome) REFERENCES media,
    CONSTRAINT ext_voicemail_user_fkey FOREIGN KEY (account_id, user_id) REFERENCES ext_user (account_id, id)
);
CREATE INDEX ext_voicemail_account ON ext_voicemail (account_id, id);
CREATE INDEX ext_voicemail_welcome ON ext_voicemail (account_id, welcome);
CREATE INDEX ext_voicemail_user ON ext_voicemail (account_id, user_id);

-- A user's own box; without a row it is as it comes.
CREATE TABLE user_voicemail (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    pin        text NOT NULL DEFAULT '' CHECK (pin ~ '^([0-9]{4})?$'),
    language   text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    greeting   text NOT NULL DEFAULT '' CHECK (greeting ~ '^[a-z0-9-]{0,60}$'),
    ask        text NOT NULL DEFAULT 'untrusted' CHECK (ask IN ('untrusted', 'always', 'never')),
    PRIMARY KEY (account_id, user_id),
    CONSTRAINT user_voicemail_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES ext_user (account_id, id) ON DELETE CASCADE
);

SELECT callplane_extension_kind('ext_voicemail');
SELECT callplane_isolate('user_voicemail');
SELECT callplane_versioned('user_voicemail');
