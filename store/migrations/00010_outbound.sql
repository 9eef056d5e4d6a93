-- +goose Up

ALTER TABLE channels ADD CONSTRAINT channels_id_key UNIQUE (account_id, id);

-- +goose StatementBegin
CREATE FUNCTION barring_categories_are_good(categories text[]) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT cardinality(categories) <= 50 AND array_position(categories, NULL) IS NULL
        AND NOT EXISTS (SELECT FROM unnest(categories) c WHERE c !~ '^[a-z][a-z-]{0,39}$')
$$;
-- +goose StatementEnd

-- What an account and its users may call; without a row nothing is barred. Which
-- categories there are depends on the country and is the application's to know.
CREATE TABLE outbound_accounts (
    account_id bigint PRIMARY KEY CONSTRAINT outbound_accounts_account_fkey REFERENCES accounts ON DELETE CASCADE,
    barred     text[] NOT NULL DEFAULT '{}' CHECK (barring_categories_are_good(barred)),
    ip_listing boolean NOT NULL DEFAULT false,
    revision   bigint NOT NULL DEFAULT 1
);

CREATE TABLE outbound_users (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    barred     text[] NOT NULL DEFAULT '{}' CHECK (barring_categories_are_good(barred)),
    revision   bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (account_id, user_id),
    CONSTRAINT outbound_users_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES ext_user (account_id, id) ON DELETE CASCADE
);

-- Dynamic caller IDs. A number that leaves the inventory is not shown any more, and comes
-- back with it: no foreign key.
CREATE TABLE user_caller_ids (
    account_id bigint NOT NULL,
    user_id    bigint NOT NULL,
    code       text NOT NULL CHECK (code ~ '^[02-9]$'),
    e164       text NOT NULL CHECK (e164 ~ '^\+[1-9][0-9]{4,14}$'),
    PRIMARY KEY (account_id, user_id, code),
    CONSTRAINT user_caller_ids_user_fkey FOREIGN KEY (account_id, user_id)
        REFERENCES outbound_users (account_id, user_id) ON DELETE CASCADE
);

-- Addresses from which phones may dial out without a login there.
CREATE TABLE allowed_addresses (
    account_id  bigint NOT NULL REFERENCES outbound_accounts ON DELETE CASCADE,
    position    integer NOT NULL,
    first       inet NOT NULL,
    last        inet NOT NULL,
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 200),
    PRIMARY KEY (account_id, position),
    -- One after the other: inet addresses of different families can't be subtracted.
    CONSTRAINT allowed_addresses_range_check CHECK (CASE
        WHEN family(first) <> family(last) OR masklen(first) <> masklen(host(first)::inet) OR masklen(last) <> masklen(host(last)::inet) THEN false
        ELSE last - first BETWEEN 0 AND 255 END)
);

-- Where a phone was when its user logged in.
CREATE TABLE channel_addresses (
    account_id bigint NOT NULL,
    channel_id bigint NOT NULL,
    address    inet NOT NULL CHECK (masklen(address) = masklen(host(address)::inet)),
    PRIMARY KEY (account_id, channel_id),
    CONSTRAINT channel_addresses_channel_fkey FOREIGN KEY (account_id, channel_id)
        REFERENCES channels (account_id, id) ON DELETE CASCADE
);

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['outbound_accounts', 'outbound_users', 'user_caller_ids', 'allowed_addresses', 'channel_addresses'] LOOP
        PERFORM callplane_isolate(t::regclass);
        PERFORM callplane_versioned(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd
