-- +goose Up

-- Voice bots outside of the service, behind an extension.
CREATE TABLE ext_ai (
    id                bigint PRIMARY KEY,
    account_id        bigint NOT NULL,
    kind              text NOT NULL DEFAULT 'ai' CHECK (kind = 'ai'),
    uri               text NOT NULL CHECK (uri ~ '^sips?:[!-~]+$' AND length(uri) <= 400),
    language          text NOT NULL DEFAULT '' CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv')),
    answer_ms         integer NOT NULL CHECK (answer_ms BETWEEN 1000 AND 120000),
    studio            text NOT NULL DEFAULT '' CHECK (length(studio) <= 500),
    fallback_ext      bigint,
    fallback_external text CHECK (fallback_external ~ '^[+0-9*#][0-9*#]{0,31}$'),
    fallback_prefix   text NOT NULL DEFAULT '' CHECK (length(fallback_prefix) <= 40),
    CONSTRAINT ext_ai_fallback_check CHECK (num_nonnulls(fallback_ext, fallback_external) <= 1),
    CONSTRAINT ext_ai_extension_fkey FOREIGN KEY (account_id, id, kind) REFERENCES extensions (account_id, id, kind) ON DELETE CASCADE,
    CONSTRAINT ext_ai_fallback_fkey FOREIGN KEY (account_id, fallback_ext) REFERENCES extensions (account_id, id)
);
CREATE INDEX ext_ai_account ON ext_ai (account_id, id);
CREATE INDEX ext_ai_fallback ON ext_ai (account_id, fallback_ext);
SELECT callplane_extension_kind('ext_ai');
