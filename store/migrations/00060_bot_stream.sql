-- +goose Up

-- A voice bot is a SIP party, or takes a media stream over a websocket.
ALTER TABLE ext_ai DROP CONSTRAINT ext_ai_uri_check;
ALTER TABLE ext_ai ADD CONSTRAINT ext_ai_uri_check CHECK (uri ~ '^(sips?|wss?):[!-~]+$' AND length(uri) <= 400);
