-- +goose Up

-- The calls of a user, the newest first.
CREATE INDEX call_legs_extension ON call_legs (account_id, extension, started, call_id) WHERE extension <> '';
