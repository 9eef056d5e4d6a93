-- +goose Up

CREATE TABLE trunks (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- A carrier of one account only; null: of the platform, for all.
    account_id bigint CONSTRAINT trunks_account_fkey REFERENCES accounts,
    name       text NOT NULL CONSTRAINT trunks_name_key UNIQUE CHECK (name ~ '^[A-Za-z0-9_-]{1,40}$'),
    enabled    boolean NOT NULL DEFAULT true,
    country    text NOT NULL CHECK (country IN ('NL', 'DE', 'ES', 'LV')),
    priority   integer NOT NULL DEFAULT 0,
    host       text NOT NULL CHECK (host ~ '^[A-Za-z0-9.:_-]{1,253}$'),
    port       integer NOT NULL DEFAULT 0 CHECK (port BETWEEN 0 AND 65535),
    transport  text NOT NULL DEFAULT 'udp' CHECK (transport IN ('udp', 'tcp', 'tls')),
    username   text NOT NULL DEFAULT '' CHECK (username ~ '^[!-~]{0,128}$'),
    password   text NOT NULL DEFAULT '' CHECK (password ~ '^[!-~]{0,128}$'),
    register   boolean NOT NULL DEFAULT false,
    secure     boolean NOT NULL DEFAULT false,
    sources    cidr[] NOT NULL DEFAULT '{}',
    format     text NOT NULL DEFAULT 'e164' CHECK (format IN ('e164', 'e164plain', 'idd', 'national')),
    timeout_ms bigint NOT NULL DEFAULT 4000 CHECK (timeout_ms BETWEEN 100 AND 60000),
    channels   integer NOT NULL DEFAULT 0 CHECK (channels >= 0),
    revision   bigint NOT NULL DEFAULT 1,
    CONSTRAINT trunks_register_check CHECK (NOT register OR username <> '')
);
CREATE INDEX trunks_account ON trunks (account_id);

-- Only the platform changes trunks; an account may see its own.
ALTER TABLE trunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE trunks FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON trunks
    USING ((SELECT current_setting('callplane.platform', true)) = 'on');
CREATE POLICY own_account_read ON trunks FOR SELECT
    USING (account_id = (SELECT nullif(current_setting('callplane.account', true), '')::bigint));
GRANT SELECT, INSERT, UPDATE, DELETE ON trunks TO callplane_app;

-- What has no account to carry its version.
CREATE TABLE platform_versions (
    what    text PRIMARY KEY,
    version bigint NOT NULL
);
INSERT INTO platform_versions VALUES ('trunks', 1);
ALTER TABLE platform_versions ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_versions FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON platform_versions
    USING ((SELECT current_setting('callplane.platform', true)) = 'on');
GRANT SELECT, UPDATE ON platform_versions TO callplane_app;

-- +goose StatementBegin
CREATE FUNCTION trunks_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE platform_versions SET version = version + 1 WHERE what = 'trunks';
    -- The same text every time: one notification a transaction.
    PERFORM pg_notify('callplane_account', 'trunks');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER trunks_changed AFTER INSERT OR UPDATE OR DELETE ON trunks
    FOR EACH STATEMENT EXECUTE FUNCTION trunks_changed();

CREATE TABLE api_tokens (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id   bigint CONSTRAINT api_tokens_account_fkey REFERENCES accounts ON DELETE CASCADE,
    partner_id   bigint CONSTRAINT api_tokens_partner_fkey REFERENCES partners ON DELETE CASCADE,
    name         text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    -- SHA-256 of the token: it is random and long, so a slow hash would add nothing.
    hash         bytea NOT NULL CONSTRAINT api_tokens_hash_key UNIQUE CHECK (length(hash) = 32),
    role         text NOT NULL CHECK (role IN
        ('operator', 'partner', 'admin', 'recordings', 'own-recordings', 'supervisor', 'user')),
    created_at   timestamptz NOT NULL DEFAULT now(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz,
    CONSTRAINT api_tokens_scope_check CHECK (CASE role
        WHEN 'operator' THEN num_nonnulls(account_id, partner_id) = 0
        WHEN 'partner' THEN account_id IS NULL AND partner_id IS NOT NULL
        ELSE account_id IS NOT NULL AND partner_id IS NULL END)
);
CREATE INDEX api_tokens_account ON api_tokens (account_id, id);
CREATE INDEX api_tokens_partner ON api_tokens (partner_id);
SELECT callplane_isolate('api_tokens');

-- Records have no foreign key to accounts: they outlive them, and must be storable
-- whatever happened to the configuration meanwhile.
CREATE TABLE audit_log (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint,
    at         timestamptz NOT NULL DEFAULT now(),
    actor      text NOT NULL CHECK (actor <> ''),
    action     text NOT NULL CHECK (action <> ''),
    entity     text NOT NULL CHECK (entity <> ''),
    entity_id  text NOT NULL,
    before     jsonb,
    after      jsonb
);
CREATE INDEX audit_log_account ON audit_log (account_id, id);
SELECT callplane_isolate('audit_log');
REVOKE UPDATE, DELETE ON audit_log FROM callplane_app;

CREATE TABLE calls (
    id            uuid NOT NULL,
    account_id    bigint NOT NULL,
    direction     text NOT NULL CHECK (direction IN ('inbound', 'outbound', 'internal')),
    caller_number text NOT NULL,
    caller_name   text NOT NULL,
    dialed        text NOT NULL,
    started       timestamptz NOT NULL,
    answered      timestamptz,
    ended         timestamptz NOT NULL,
    cause         text NOT NULL,
    PRIMARY KEY (account_id, id)
);
CREATE INDEX calls_account_started ON calls (account_id, started, id);
CREATE INDEX calls_started ON calls (started, id);

CREATE TABLE call_legs (
    account_id  bigint NOT NULL,
    call_id     uuid NOT NULL,
    position    integer NOT NULL,
    leg         text NOT NULL,
    engine      text NOT NULL,
    sip_call_id text NOT NULL,
    direction   text NOT NULL CHECK (direction IN ('inbound', 'outbound')),
    target      text NOT NULL,
    extension   text NOT NULL,
    channel     text NOT NULL,
    trunk       text NOT NULL,
    number      text NOT NULL,
    started     timestamptz NOT NULL,
    ringing     timestamptz,
    answered    timestamptz,
    ended       timestamptz NOT NULL,
    cause       text NOT NULL,
    sip_status  integer NOT NULL,
    PRIMARY KEY (account_id, call_id, position),
    CONSTRAINT call_legs_call_fkey FOREIGN KEY (account_id, call_id) REFERENCES calls ON DELETE CASCADE
);

CREATE TABLE call_trace (
    account_id bigint NOT NULL,
    call_id    uuid NOT NULL,
    position   integer NOT NULL,
    at         timestamptz NOT NULL,
    step       text NOT NULL,
    reason     text NOT NULL,
    detail     text NOT NULL,
    PRIMARY KEY (account_id, call_id, position),
    CONSTRAINT call_trace_call_fkey FOREIGN KEY (account_id, call_id) REFERENCES calls ON DELETE CASCADE
);
SELECT callplane_isolate('calls');
SELECT callplane_isolate('call_legs');
SELECT callplane_isolate('call_trace');

GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callplane_app;
