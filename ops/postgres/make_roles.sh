#!/bin/sh
# Create the two users of a PostgreSQL ledger, or correct their passwords and rights: `gt` owns the ledger and writes it
# (gt-aggregate), `gt_report` may only read it (gt-report, gt-dlq).
#
# Run as an administrator of the database; arguments go to psql:
#   POSTGRES_LEDGER_PASSWORD=… POSTGRES_REPORT_PASSWORD=… ops/postgres/make_roles.sh postgresql://postgres@host/gt
# Other names: --set owner=NAME --set reader=NAME. The image of PostgreSQL runs this script when it creates the database.
# Exit codes: 0 done, 2 a password is missing, others as psql.
set -eu

for name in POSTGRES_LEDGER_PASSWORD POSTGRES_REPORT_PASSWORD; do
    if [ -z "$(printenv "$name")" ]; then
        echo "make_roles: no password in $name; see .env.example" >&2
        exit 2
    fi
done
# POSTGRES_USER and POSTGRES_DB are set in the image of PostgreSQL.
if [ $# -eq 0 ]; then set -- --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-gt}"; fi

exec psql --no-psqlrc --no-password --quiet --tuples-only --set ON_ERROR_STOP=1 \
    --set owner=gt --set reader=gt_report "$@" << 'SQL'
\getenv owner_password POSTGRES_LEDGER_PASSWORD
\getenv reader_password POSTGRES_REPORT_PASSWORD
SET client_min_messages = warning;
SELECT current_database() AS ledger \gset
BEGIN;
SELECT format('CREATE ROLE %I LOGIN', name) FROM unnest(ARRAY[:'owner', :'reader']) AS name
    WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec
ALTER ROLE :"owner" LOGIN PASSWORD :'owner_password';
ALTER ROLE :"reader" LOGIN PASSWORD :'reader_password';
ALTER DATABASE :"ledger" OWNER TO :"owner";
REVOKE ALL ON DATABASE :"ledger" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"ledger" TO :"reader";
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO :"owner";
GRANT USAGE ON SCHEMA public TO :"reader";
GRANT SELECT ON ALL TABLES IN SCHEMA public TO :"reader";
-- The tables that the owner creates later, with a new version.
ALTER DEFAULT PRIVILEGES FOR ROLE :"owner" IN SCHEMA public GRANT SELECT ON TABLES TO :"reader";
COMMIT;
SQL
