-- +goose Up

-- Audio of an account is one file for every language: language ''. file is its key in the media library: new content is a new
-- file, so that a list never shows what is not there.
ALTER TABLE media_files DROP CONSTRAINT media_files_language_check;
ALTER TABLE media_files ADD CONSTRAINT media_files_language_check CHECK (language IN ('', 'en', 'nl', 'de', 'es', 'lv'));
ALTER TABLE media_files ADD COLUMN file text NOT NULL DEFAULT '' CHECK (file ~ '^([a-z0-9][a-z0-9_.-]{0,199})?$');

-- Playlists of music on hold: the account's (no extension), and those of extensions with music of their own.
CREATE TABLE hold_music (
    account_id   bigint NOT NULL,
    extension_id bigint,
    position     integer NOT NULL,
    key          text NOT NULL,
    CONSTRAINT hold_music_position_key UNIQUE NULLS NOT DISTINCT (account_id, extension_id, position),
    CONSTRAINT hold_music_extension_fkey FOREIGN KEY (account_id, extension_id) REFERENCES extensions (account_id, id) ON DELETE CASCADE,
    CONSTRAINT hold_music_key_fkey FOREIGN KEY (account_id, key) REFERENCES media
);
CREATE INDEX hold_music_media ON hold_music (account_id, key);

SELECT callplane_isolate('hold_music');
SELECT callplane_versioned('hold_music');
