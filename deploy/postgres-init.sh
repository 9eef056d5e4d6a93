#!/bin/sh
# Makes the controller's database user and its database. In the container the image runs this once, for a
# new cluster; elsewhere run it as a user who is PostgreSQL's superuser (peer authentication):
#   DATABASE_PASSWORD_FILE=… deploy/postgres-init.sh
# It may be repeated; the password is then set anew. The user is no superuser: it owns its
# database and may make the role under which the controller works.
set -eu
: "${DATABASE_PASSWORD_FILE:=/run/secrets/database_password}"
[ -s "$DATABASE_PASSWORD_FILE" ] || { echo "postgres-init: $DATABASE_PASSWORD_FILE is missing or empty" >&2; exit 1; }
export DATABASE_PASSWORD_FILE
# The password goes through a variable of psql: not into the arguments, which all users see.
psql -X -q -v ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `cat "$DATABASE_PASSWORD_FILE"`
SELECT 'CREATE ROLE callplane LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'callplane') \gexec
ALTER ROLE callplane LOGIN CREATEROLE NOSUPERUSER NOBYPASSRLS NOCREATEDB NOREPLICATION PASSWORD :'password';
SELECT 'CREATE DATABASE callplane TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C.UTF-8'' LC_CTYPE ''C.UTF-8'''
	WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'callplane') \gexec
ALTER DATABASE callplane OWNER TO callplane;
REVOKE ALL ON DATABASE callplane FROM PUBLIC;
SQL
