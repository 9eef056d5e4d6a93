-- +goose Up

CREATE TABLE ext_system (
    id         bigint PRIMARY KEY,
    account_id bigint NOT NULL,
    kind       text NOT NULL DEFAULT 'system' CHECK (kind = 'system'),
    function   text NOT NULL CHECK (function IN ('numbering-plan', 'voicemail-management', 'record-audio')),
    language   text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    CONSTRAINT ext_system_extension_fkey FOREIGN KEY (account_id, id, kind)
        REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE
);
CREATE INDEX ext_system_account ON ext_system (account_id, id);

SELECT callplane_extension_kind('ext_system');
