# Runs a Postgres on existing or new data and kills it with -9 as soon as standard input closes.
# Arguments: the folder of Postgres's programs, the folder of the data, the port,
# the address.
set -eu
bin=$1
dir=$2
port=$3
address=$4
trap '' INT TERM HUP
cd /
if [ ! -e "$dir/data/PG_VERSION" ]; then
  "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1
  # The machine goes on when the server is killed, so nothing waits for the disk; a commit still waits for the system.
  cat >>"$dir/data/postgresql.conf" <<CONF
listen_addresses = '$address'
unix_socket_directories = ''
shared_buffers = 32MB
fsync = off
CONF
  # Those who reach it from another host, over a network that is the test's own.
  echo "host all all samenet trust" >>"$dir/data/pg_hba.conf"
fi
exec 3<&0
"$bin/postgres" -D "$dir/data" -p "$port" >>"$dir/log" 2>&1 3<&- &
server=$!
{
  cat >/dev/null <&3
  kill -9 "$server"
} &
exec 3<&-
# Says nothing of the kill.
exec 2>/dev/null
wait "$server"
