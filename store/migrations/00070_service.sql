-- +goose Up

-- What a user has been ordered as; empty: without an order.
ALTER TABLE ext_user ADD COLUMN product text NOT NULL DEFAULT ''
    CHECK (product IN ('', 'starter', 'advanced', 'professional', 'expert'));
-- An extension that is configured, and not in service: its order has not begun, waits for a SIM, or has ended.
ALTER TABLE extensions ADD COLUMN in_service boolean NOT NULL DEFAULT true;
CREATE INDEX extensions_not_in_service ON extensions (account_id, id) WHERE NOT in_service;
