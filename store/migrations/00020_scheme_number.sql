-- +goose Up

-- The number by which callers choose a scheme. It stays while others come and go, and whatever names they get.
ALTER TABLE schemes ADD COLUMN number integer CHECK (number BETWEEN 1 AND 999);
SELECT set_config('callplane.platform', 'on', true);
UPDATE schemes s SET number = r.n
    FROM (SELECT id, row_number() OVER (PARTITION BY account_id ORDER BY main DESC, id) AS n FROM schemes) r WHERE r.id = s.id;
ALTER TABLE schemes ALTER COLUMN number SET NOT NULL;
ALTER TABLE schemes ADD CONSTRAINT schemes_number_key UNIQUE (account_id, number);

-- +goose StatementBegin
CREATE FUNCTION scheme_numbered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.number := (SELECT min(n) FROM generate_series(1, 1000) n
        WHERE NOT EXISTS (SELECT FROM schemes WHERE account_id = NEW.account_id AND number = n));
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER scheme_numbered BEFORE INSERT ON schemes FOR EACH ROW EXECUTE FUNCTION scheme_numbered();
