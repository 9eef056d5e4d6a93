-- +goose Up

-- The application works as callplane_app: not the owner of the tables and subject to
-- row-level security. Roles belong to the cluster, so it may be there already.
-- +goose StatementBegin
DO $$
BEGIN
    CREATE ROLE callplane_app NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$;
-- +goose StatementEnd

-- Whoever runs the migrations may also work as the application.
-- +goose StatementBegin
DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'callplane_app', 'MEMBER') THEN
        EXECUTE format('GRANT callplane_app TO %I', current_user);
    END IF;
END $$;
-- +goose StatementEnd

GRANT USAGE ON SCHEMA public TO callplane_app;
GRANT SELECT ON goose_db_version TO callplane_app;

CREATE TABLE partners (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text NOT NULL UNIQUE CHECK (name <> '' AND length(name) <= 200),
    revision   bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id                  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    partner_id          bigint CONSTRAINT accounts_partner_fkey REFERENCES partners,
    name                text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    enabled             boolean NOT NULL DEFAULT true,
    country             text NOT NULL CHECK (country IN ('NL', 'DE', 'ES', 'LV')),
    language            text NOT NULL CHECK (language IN ('en', 'nl', 'de', 'es', 'lv')),
    -- An unknown zone fails in the check itself.
    time_zone           text NOT NULL CHECK ((timestamptz 'epoch' AT TIME ZONE time_zone) IS NOT NULL),
    extension_length    integer NOT NULL CHECK (extension_length BETWEEN 2 AND 5),
    area_code           text NOT NULL DEFAULT '' CHECK (area_code ~ '^[0-9]{0,6}$'),
    caller_id           text NOT NULL DEFAULT '' CHECK (caller_id ~ '^(\+[1-9][0-9]{4,14})?$'),
    emergency_caller_id text NOT NULL DEFAULT '' CHECK (emergency_caller_id ~ '^(\+[1-9][0-9]{4,14})?$'),
    call_limit          integer NOT NULL DEFAULT 0 CHECK (call_limit >= 0),
    -- revision counts changes of this row (ETag), version those of the whole account.
    revision            bigint NOT NULL DEFAULT 1,
    version             bigint NOT NULL DEFAULT 1,
    changed_in          xid8,
    changed_at          timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now(),
    -- Extensions refer to it: their length is the account's, and that is fixed as soon as
    -- there is one.
    CONSTRAINT accounts_extension_length_key UNIQUE (id, extension_length)
);
CREATE INDEX accounts_partner ON accounts (partner_id, id);
CREATE INDEX accounts_name ON accounts (lower(name) text_pattern_ops, id);

-- Row-level security. An account-scoped transaction sets callplane.account, one for the
-- platform (snapshot loader, operators) sets callplane.platform to on; without either
-- nothing is to be seen. The settings are sub-selects so that they are read once a query.
-- +goose StatementBegin
CREATE FUNCTION callplane_isolate(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
    EXECUTE format($p$
        CREATE POLICY own_account ON %s
        USING (account_id = (SELECT nullif(current_setting('callplane.account', true), '')::bigint)
            OR (SELECT current_setting('callplane.platform', true)) = 'on')
        WITH CHECK (account_id = (SELECT nullif(current_setting('callplane.account', true), '')::bigint)
            OR (SELECT current_setting('callplane.platform', true)) = 'on')$p$, t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO callplane_app', t);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION callplane_isolate FROM PUBLIC;

-- Only the platform makes and deletes accounts; an account sees and changes its own row.
ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
ALTER TABLE accounts FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON accounts
    USING ((SELECT current_setting('callplane.platform', true)) = 'on');
CREATE POLICY own_account_read ON accounts FOR SELECT
    USING (id = (SELECT nullif(current_setting('callplane.account', true), '')::bigint));
CREATE POLICY own_account_change ON accounts FOR UPDATE
    USING (id = (SELECT nullif(current_setting('callplane.account', true), '')::bigint));
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts TO callplane_app;

ALTER TABLE partners ENABLE ROW LEVEL SECURITY;
ALTER TABLE partners FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON partners
    USING ((SELECT current_setting('callplane.platform', true)) = 'on');
GRANT SELECT, INSERT, UPDATE, DELETE ON partners TO callplane_app;

-- Versions of accounts. The first change of an account in a transaction raises its version
-- and queues one notification "id:version", delivered at commit; later ones find changed_in
-- and changed_at to be this transaction's. (Time as well as id, because transaction ids
-- start anew when a dump is restored into another cluster.)
-- +goose StatementBegin
CREATE FUNCTION account_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM pg_notify('callplane_account', OLD.id || ':0');
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF OLD.changed_in = pg_current_xact_id() AND OLD.changed_at = now() THEN
            NEW.version := OLD.version;
            NEW.changed_in := OLD.changed_in;
            NEW.changed_at := OLD.changed_at;
            RETURN NEW;
        END IF;
        NEW.version := OLD.version + 1;
    ELSE
        NEW.version := 1;
    END IF;
    NEW.changed_in := pg_current_xact_id();
    NEW.changed_at := now();
    PERFORM pg_notify('callplane_account', NEW.id || ':' || NEW.version);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER account_changed BEFORE INSERT OR UPDATE ON accounts
    FOR EACH ROW EXECUTE FUNCTION account_changed();
CREATE TRIGGER account_deleted AFTER DELETE ON accounts
    FOR EACH ROW EXECUTE FUNCTION account_changed();

-- +goose StatementBegin
CREATE FUNCTION account_part_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET changed_in = pg_current_xact_id()
    WHERE id IN (SELECT account_id FROM touched)
      AND (changed_in = pg_current_xact_id() AND changed_at = now()) IS NOT TRUE;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION account_part_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE accounts SET changed_in = pg_current_xact_id()
    WHERE id IN (SELECT account_id FROM touched UNION SELECT account_id FROM untouched)
      AND (changed_in = pg_current_xact_id() AND changed_at = now()) IS NOT TRUE;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- callplane_versioned has every change of a table raise the version of its account.
-- +goose StatementBegin
CREATE FUNCTION callplane_versioned(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER account_part_inserted AFTER INSERT ON %s
        REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION account_part_changed()', t);
    EXECUTE format('CREATE TRIGGER account_part_updated AFTER UPDATE ON %s
        REFERENCING OLD TABLE AS untouched NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION account_part_moved()', t);
    EXECUTE format('CREATE TRIGGER account_part_deleted AFTER DELETE ON %s
        REFERENCING OLD TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION account_part_changed()', t);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION callplane_versioned FROM PUBLIC;
