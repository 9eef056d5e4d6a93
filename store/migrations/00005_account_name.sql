-- +goose Up

-- lower() may leak what it is given, as PostgreSQL sees it, so under row-level security an
-- index on lower(name) is never used; a column is.
ALTER TABLE accounts ADD COLUMN name_lower text GENERATED ALWAYS AS (lower(name)) STORED;
DROP INDEX accounts_name;
CREATE INDEX accounts_name ON accounts (name_lower text_pattern_ops, id);
