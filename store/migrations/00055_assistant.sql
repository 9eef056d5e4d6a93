-- +goose Up

-- The assistant is for everybody unless an account or a user is without.
ALTER TABLE recording_accounts ALTER COLUMN assistant SET DEFAULT true;

-- When it serves a user: when asked (empty), in every conversation (automatic), never (off).
ALTER TABLE ext_user ADD COLUMN assistant text NOT NULL DEFAULT '' CHECK (assistant IN ('', 'automatic', 'off'));
SELECT set_config('callplane.platform', 'on', true);
UPDATE ext_user u SET assistant = 'off' FROM assistant_users a WHERE a.account_id = u.account_id AND a.user_id = u.id AND a.off;
DROP TABLE assistant_users;
