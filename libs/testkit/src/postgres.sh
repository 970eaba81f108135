# Runs a private Postgres until standard input closes, which the system does when the test process ends, however it ends.
# Arguments: the folder of Postgres's programs, the port. Prints "ready" once it takes connections.
set -eu
bin=$1
port=$2
# Ctrl-C reaches the whole process group; the end of the test process is told by standard input alone.
trap '' INT TERM HUP
cd /
dir=$(mktemp -d "${TMPDIR:-/tmp}/gooseek-postgres.XXXXXX")
stop() {
  "$bin/pg_ctl" stop -D "$dir/data" -m immediate >/dev/null 2>&1 || true
  rm -rf "$dir"
}
trap stop EXIT
"$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1 || {
  cat "$dir/log" >&2
  exit 1
}
# Nothing here outlives the tests, so nothing waits for the disk.
cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
max_connections = 400
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
CONF
"$bin/pg_ctl" start -D "$dir/data" -l "$dir/log" -w -t 120 >/dev/null 2>&1 || {
  cat "$dir/log" >&2
  exit 1
}
echo ready
cat >/dev/null
