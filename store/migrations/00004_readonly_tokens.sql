-- +goose Up

ALTER TABLE api_tokens DROP CONSTRAINT api_tokens_role_check;
ALTER TABLE api_tokens ADD CONSTRAINT api_tokens_role_check CHECK (role IN
    ('operator', 'partner', 'admin', 'readonly', 'recordings', 'own-recordings', 'supervisor', 'user'));
