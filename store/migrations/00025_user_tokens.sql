-- +goose Up

-- Whose token it is, for tokens of one user of an account. It ends with the user.
ALTER TABLE api_tokens ADD COLUMN user_id bigint;
ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_user_fkey FOREIGN KEY (account_id, user_id)
    REFERENCES ext_user (account_id, id) ON DELETE CASCADE;
ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_user_check CHECK ((role = 'user') = (user_id IS NOT NULL));
CREATE INDEX api_tokens_user ON api_tokens (account_id, user_id) WHERE user_id IS NOT NULL;
