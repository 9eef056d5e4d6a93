-- +goose Up

-- The price list and the tariffs of calls are the platform's; accounts read them. Amounts are millionths of the currency.
CREATE TABLE price_items (
    code             text PRIMARY KEY CHECK (code ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    portfolio        text NOT NULL CHECK (portfolio <> '' AND length(portfolio) <= 100),
    name             text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    type             text NOT NULL CHECK (type IN ('user', 'extension', 'data', 'sms', 'addon')),
    product          text NOT NULL DEFAULT '' CHECK (product IN ('', 'starter', 'advanced', 'professional', 'expert')),
    extension_kind   text NOT NULL DEFAULT '' CHECK (extension_kind ~ '^[a-z_]{0,30}$'),
    for_products     text[] NOT NULL DEFAULT '{}',
    for_extensions   text[] NOT NULL DEFAULT '{}',
    countries        text[] NOT NULL DEFAULT '{}' CHECK (countries <@ ARRAY['NL', 'DE', 'ES', 'LV']),
    enabled          boolean NOT NULL DEFAULT true,
    currency         text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
    sales_once       bigint NOT NULL DEFAULT 0 CHECK (sales_once BETWEEN 0 AND 1000000000000),
    sales_monthly    bigint NOT NULL DEFAULT 0 CHECK (sales_monthly BETWEEN 0 AND 1000000000000),
    purchase_once    bigint NOT NULL DEFAULT 0 CHECK (purchase_once BETWEEN 0 AND 1000000000000),
    purchase_monthly bigint NOT NULL DEFAULT 0 CHECK (purchase_monthly BETWEEN 0 AND 1000000000000),
    position         integer NOT NULL DEFAULT 0,
    revision         bigint NOT NULL DEFAULT 1,
    CONSTRAINT price_items_product_check2 CHECK ((type = 'user') = (product <> '')),
    CONSTRAINT price_items_extension_kind_check2 CHECK ((type = 'extension') = (extension_kind <> ''))
);

CREATE TABLE tariffs (
    prefix     text PRIMARY KEY CHECK (prefix ~ '^\+[0-9]{0,14}$'),
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    currency   text NOT NULL DEFAULT 'EUR' CHECK (currency ~ '^[A-Z]{3}$'),
    per_call   bigint NOT NULL DEFAULT 0 CHECK (per_call BETWEEN 0 AND 1000000000000),
    per_minute bigint NOT NULL DEFAULT 0 CHECK (per_minute BETWEEN 0 AND 1000000000000),
    first_s    integer NOT NULL DEFAULT 1 CHECK (first_s BETWEEN 1 AND 3600),
    step_s     integer NOT NULL DEFAULT 1 CHECK (step_s BETWEEN 1 AND 3600)
);

-- +goose StatementBegin
DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['price_items', 'tariffs'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY platform ON %I USING ((SELECT current_setting(''callplane.platform'', true)) = ''on'')', t);
        EXECUTE format('CREATE POLICY account_read ON %I FOR SELECT USING ((SELECT nullif(current_setting(''callplane.account'', true), '''')) IS NOT NULL)', t);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO callplane_app', t);
    END LOOP;
END $$;
-- +goose StatementEnd

-- What an installation begins with; prices are the operator's to set.
SELECT set_config('callplane.platform', 'on', true);
INSERT INTO price_items (code, portfolio, name, type, product, extension_kind, for_products, for_extensions, position) VALUES
    ('starter', 'Callplane', 'Starter user', 'user', 'starter', '', '{}', '{}', 1),
    ('advanced', 'Callplane', 'Advanced user', 'user', 'advanced', '', '{}', '{}', 2),
    ('professional', 'Callplane', 'Professional user', 'user', 'professional', '', '{}', '{}', 3),
    ('expert', 'Callplane', 'Expert user', 'user', 'expert', '', '{}', '{}', 4),
    ('data-2', 'Callplane', 'Mobile data 2 GB', 'data', '', '', '{}', '{}', 10),
    ('data-10', 'Callplane', 'Mobile data 10 GB', 'data', '', '', '{}', '{}', 11),
    ('data-50', 'Callplane', 'Mobile data 50 GB', 'data', '', '', '{professional,expert}', '{}', 12),
    ('sms-100', 'Callplane', '100 SMS', 'sms', '', '', '{}', '{}', 20),
    ('sms-all', 'Callplane', 'All SMS included', 'sms', '', '', '{professional,expert}', '{}', 21),
    ('call-recording', 'Callplane', 'Call recording', 'addon', '', '', '{}', '{}', 30),
    ('assistant', 'Callplane', 'Assistant', 'addon', '', '', '{advanced,professional,expert}', '{}', 31),
    ('bot-minutes', 'Callplane', '1,000 minutes of the bot', 'addon', '', '', '{}', '{ai}', 32),
    ('ivr', 'Callplane', 'Menu (IVR)', 'extension', '', 'ivr', '{}', '{}', 40),
    ('queue', 'Callplane', 'Queue', 'extension', '', 'queue', '{}', '{}', 41),
    ('ai', 'Callplane', 'AI extension', 'extension', '', 'ai', '{}', '{}', 42),
    ('group', 'Callplane', 'Group', 'extension', '', 'group', '{}', '{}', 43),
    ('voicemail', 'Callplane', 'Voicemail', 'extension', '', 'voicemail', '{}', '{}', 44),
    ('location', 'Callplane', 'Location-based routing', 'extension', '', 'location', '{}', '{}', 45),
    ('time', 'Callplane', 'Time-based routing', 'extension', '', 'time', '{}', '{}', 46),
    ('limit', 'Callplane', 'Call limit', 'extension', '', 'limit', '{}', '{}', 47),
    ('authentication', 'Callplane', 'Authentication', 'extension', '', 'authentication', '{}', '{}', 48),
    ('picker', 'Callplane', 'Extension picker', 'extension', '', 'picker', '{}', '{}', 49),
    ('forward', 'Callplane', 'Forward', 'extension', '', 'forward', '{}', '{}', 50),
    ('auto-answer', 'Callplane', 'Auto-answer', 'extension', '', 'auto_answer', '{}', '{}', 51);

CREATE TABLE orders (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id      bigint NOT NULL CONSTRAINT orders_account_fkey REFERENCES accounts,
    -- What is ordered now: codes of the price list, and the name of the product as it was then.
    portfolio       text NOT NULL,
    product         text NOT NULL CONSTRAINT orders_product_fkey REFERENCES price_items,
    product_name    text NOT NULL,
    user_product    text NOT NULL DEFAULT '',
    extension_kind  text NOT NULL DEFAULT '',
    data            text NOT NULL DEFAULT '',
    sms             text NOT NULL DEFAULT '',
    add_ons         text[] NOT NULL DEFAULT '{}',
    -- Its extension, and number and name for when that is no longer there.
    extension_id    bigint,
    number          text NOT NULL,
    name            text NOT NULL CHECK (length(name) <= 200),
    subscriber      jsonb NOT NULL DEFAULT '{}',
    reference       text NOT NULL DEFAULT '' CHECK (length(reference) <= 100),
    contract_months integer NOT NULL DEFAULT 0 CHECK (contract_months BETWEEN 0 AND 120),
    number_type     text NOT NULL DEFAULT '' CHECK (number_type IN ('', 'new', 'ported')),
    e164            text NOT NULL DEFAULT '' CHECK (e164 ~ '^(\+[1-9][0-9]{4,14})?$'),
    needs_sim       boolean NOT NULL DEFAULT false,
    sim             text,
    sim_on          date,
    starts          date NOT NULL,
    ends            date,
    state           text NOT NULL DEFAULT 'planned' CHECK (state IN ('planned', 'active', 'ended')),
    -- The customer is invoiced from this day on; null: not at all.
    billing         boolean NOT NULL DEFAULT true,
    billed_from     date,
    created_at      timestamptz NOT NULL DEFAULT now(),
    created_by      text NOT NULL,
    revision        bigint NOT NULL DEFAULT 1,
    CONSTRAINT orders_id_key UNIQUE (account_id, id),
    CONSTRAINT orders_number_check CHECK ((number_type = '') = (e164 = '')),
    CONSTRAINT orders_extension_fkey FOREIGN KEY (account_id, extension_id)
        REFERENCES extensions (account_id, id) ON DELETE SET NULL (extension_id)
);
CREATE INDEX orders_account ON orders (account_id, id DESC);
-- One order at a time has an extension.
CREATE UNIQUE INDEX orders_extension_key ON orders (account_id, extension_id) WHERE state <> 'ended';
CREATE INDEX orders_extension ON orders (account_id, extension_id);
CREATE INDEX orders_product ON orders (product);

CREATE TABLE order_steps (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    order_id   bigint NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('activate', 'change', 'terminate')),
    -- Carried out when this day begins in the account's time zone.
    day        date NOT NULL,
    selection  jsonb, -- of a change
    reference  text NOT NULL DEFAULT '' CHECK (length(reference) <= 100),
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL,
    done_at    timestamptz,
    dropped_at timestamptz,
    CONSTRAINT order_steps_selection_check CHECK ((kind = 'change') = (selection IS NOT NULL)),
    CONSTRAINT order_steps_order_fkey FOREIGN KEY (account_id, order_id) REFERENCES orders (account_id, id) ON DELETE CASCADE
);
CREATE INDEX order_steps_order ON order_steps (account_id, order_id, id);
CREATE INDEX order_steps_open ON order_steps (day, id) WHERE done_at IS NULL AND dropped_at IS NULL;

CREATE TABLE order_lines (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    order_id   bigint NOT NULL,
    side       text NOT NULL CHECK (side IN ('sales', 'purchase')),
    item       text NOT NULL DEFAULT '',
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    currency   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    once       bigint NOT NULL,
    monthly    bigint NOT NULL,
    from_day   date NOT NULL,
    until_day  date, -- the first day that is not charged any more
    credit     boolean NOT NULL DEFAULT false,
    CONSTRAINT order_lines_until_check CHECK (until_day >= from_day),
    CONSTRAINT order_lines_order_fkey FOREIGN KEY (account_id, order_id) REFERENCES orders (account_id, id) ON DELETE CASCADE
);
CREATE INDEX order_lines_order ON order_lines (account_id, order_id, id);

-- What has happened to an order; rows are only added.
CREATE TABLE order_history (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    order_id   bigint NOT NULL,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL,
    event      text NOT NULL CHECK (event ~ '^[a-z-]{1,40}$'),
    day        date, -- that it is about
    detail     text NOT NULL DEFAULT '' CHECK (length(detail) <= 500),
    CONSTRAINT order_history_order_fkey FOREIGN KEY (account_id, order_id) REFERENCES orders (account_id, id) ON DELETE CASCADE
);
CREATE INDEX order_history_order ON order_history (account_id, order_id, id);

-- SIM cards that were handed out to an account. One that an order has had is not used again.
CREATE TABLE sims (
    iccid      text PRIMARY KEY CHECK (iccid ~ '^[0-9]{18,22}$'),
    account_id bigint NOT NULL CONSTRAINT sims_account_fkey REFERENCES accounts,
    last       text NOT NULL GENERATED ALWAYS AS (right(iccid, 4)) STORED,
    order_id   bigint,
    retired    boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sims_order_fkey FOREIGN KEY (account_id, order_id) REFERENCES orders (account_id, id)
);
CREATE INDEX sims_account ON sims (account_id, last, iccid);
CREATE INDEX sims_order ON sims (account_id, order_id);
CREATE UNIQUE INDEX sims_order_key ON sims (order_id) WHERE NOT retired;

SELECT callplane_isolate('orders');
SELECT callplane_isolate('order_steps');
SELECT callplane_isolate('order_lines');
SELECT callplane_isolate('order_history');
SELECT callplane_isolate('sims');
REVOKE UPDATE, DELETE ON order_history FROM callplane_app;

-- What is charged, and to whom within the account: which extension has a leg to a carrier, or a message, paid for.
ALTER TABLE call_legs ADD COLUMN payer text NOT NULL DEFAULT '';
CREATE INDEX call_legs_charged ON call_legs (account_id, started) WHERE trunk <> '' AND direction = 'outbound' AND answered IS NOT NULL;
ALTER TABLE charges ADD COLUMN extension text NOT NULL DEFAULT '';
CREATE INDEX charges_extension ON charges (account_id, extension, at);

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callplane_app;
