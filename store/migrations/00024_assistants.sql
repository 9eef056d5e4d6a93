-- +goose Up

-- The privacy group that is rung in place of a user.
ALTER TABLE ext_user ADD COLUMN assistant_id bigint;
ALTER TABLE ext_user ADD CONSTRAINT ext_user_assistant_fkey FOREIGN KEY (account_id, assistant_id)
    REFERENCES privacy_groups (account_id, id);
CREATE INDEX ext_user_assistant ON ext_user (account_id, assistant_id) WHERE assistant_id IS NOT NULL;
