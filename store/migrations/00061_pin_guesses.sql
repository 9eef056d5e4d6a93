-- +goose Up

-- Wrong PINs of late, so that a lock outlives the controller that made it. It has its own count in memory and writes
-- what has changed; rows that nothing depends on any more are swept.
CREATE TABLE pin_guesses (
    account_id bigint NOT NULL CONSTRAINT pin_guesses_account_fkey REFERENCES accounts ON DELETE CASCADE,
    key        text NOT NULL CHECK (key <> '' AND length(key) <= 100), -- purpose and extension
    guesses    jsonb NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, key)
);
CREATE INDEX pin_guesses_at ON pin_guesses (at);
SELECT callplane_isolate('pin_guesses');
