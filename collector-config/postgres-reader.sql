-- The role with which Grafana reads the event store: it may read all tables,
-- also those that are made later, and write none. Run by the container at its
-- first start, with psql.

\getenv password POSTGRES_PASSWORD
CREATE ROLE flowspan_reader LOGIN PASSWORD :'password';
GRANT pg_read_all_data TO flowspan_reader;
ALTER ROLE flowspan_reader SET default_transaction_read_only = on;
ALTER ROLE flowspan_reader SET statement_timeout = '30s';
