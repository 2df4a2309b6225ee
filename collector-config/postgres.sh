#!/bin/sh
# Starts PostgreSQL in its container once a password is set.
: "${POSTGRES_PASSWORD:?set FLOWSPAN_POSTGRES_PASSWORD to a password of your own choice}"
exec docker-entrypoint.sh "$@"
