-- +goose Up

-- A change by hand that ends by itself; without an end it waits to be taken back.
ALTER TABLE schemes ADD COLUMN temporary integer, ADD COLUMN temporary_until timestamptz;
ALTER TABLE schemes ADD CONSTRAINT schemes_temporary_check CHECK (temporary IS NOT NULL OR temporary_until IS NULL);
ALTER TABLE schemes ADD CONSTRAINT schemes_temporary_fkey FOREIGN KEY (account_id, id, temporary)
    REFERENCES plans (account_id, scheme_id, number);

-- Minutes since Monday 00:00 in the account's time zone; an end before the start is in the next week.
CREATE TABLE roster_periods (
    account_id bigint NOT NULL,
    scheme_id  bigint NOT NULL,
    start_min  integer NOT NULL CHECK (start_min BETWEEN 0 AND 10079),
    end_min    integer NOT NULL CHECK (end_min BETWEEN 1 AND 10080),
    plan       integer NOT NULL,
    PRIMARY KEY (account_id, scheme_id, start_min, end_min),
    CONSTRAINT roster_periods_scheme_fkey FOREIGN KEY (account_id, scheme_id)
        REFERENCES schemes (account_id, id) ON DELETE CASCADE,
    CONSTRAINT roster_periods_plan_fkey FOREIGN KEY (account_id, scheme_id, plan)
        REFERENCES plans (account_id, scheme_id, number) ON UPDATE CASCADE
);
CREATE INDEX roster_periods_plan ON roster_periods (account_id, scheme_id, plan);

-- Times are what the clock shows in the account's time zone.
CREATE TABLE holidays (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL,
    scheme_id  bigint NOT NULL,
    name       text NOT NULL CHECK (name <> '' AND length(name) <= 200),
    starts     timestamp NOT NULL,
    ends       timestamp NOT NULL,
    plan       integer NOT NULL,
    CONSTRAINT holidays_ends_check CHECK (ends > starts),
    CONSTRAINT holidays_scheme_fkey FOREIGN KEY (account_id, scheme_id)
        REFERENCES schemes (account_id, id) ON DELETE CASCADE,
    CONSTRAINT holidays_plan_fkey FOREIGN KEY (account_id, scheme_id, plan)
        REFERENCES plans (account_id, scheme_id, number) ON UPDATE CASCADE
);
CREATE INDEX holidays_scheme ON holidays (account_id, scheme_id, starts);
CREATE INDEX holidays_plan ON holidays (account_id, scheme_id, plan);

-- Switches that have been written to the audit log: the key lets the first of several controllers do it.
CREATE TABLE plan_switches (
    account_id bigint NOT NULL,
    scheme_id  bigint NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (account_id, scheme_id, at),
    CONSTRAINT plan_switches_scheme_fkey FOREIGN KEY (account_id, scheme_id)
        REFERENCES schemes (account_id, id) ON DELETE CASCADE
);

-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['roster_periods', 'holidays', 'plan_switches'] LOOP
        PERFORM callplane_isolate(t::regclass);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['roster_periods', 'holidays'] LOOP
        PERFORM callplane_versioned(t::regclass);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Up to when every switch is in the audit log.
CREATE TABLE schedule_progress (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    until timestamptz NOT NULL
);
INSERT INTO schedule_progress (until) VALUES ('epoch');
ALTER TABLE schedule_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE schedule_progress FORCE ROW LEVEL SECURITY;
CREATE POLICY platform ON schedule_progress
    USING ((SELECT current_setting('callplane.platform', true)) = 'on');
GRANT SELECT, UPDATE ON schedule_progress TO callplane_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO callplane_app;
