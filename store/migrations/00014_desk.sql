-- +goose Up

-- Hot-desking: a linked user stays; a user of automatic login is logged in when another one logs out.
ALTER TABLE channels ADD COLUMN linked boolean NOT NULL DEFAULT false;
ALTER TABLE channels ADD COLUMN auto_user_id bigint;
ALTER TABLE channels ADD CONSTRAINT channels_linked_check CHECK (NOT linked OR user_id IS NOT NULL);
ALTER TABLE channels ADD CONSTRAINT channels_auto_user_fkey FOREIGN KEY (account_id, auto_user_id) REFERENCES ext_user (account_id, id);
CREATE INDEX channels_auto_user ON channels (account_id, auto_user_id);
