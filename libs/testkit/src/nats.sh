# Runs a private NATS with JetStream until standard input closes, which the system does when the test process ends, however
# it ends. Arguments: the server, its port, the token of its clients. Obeys one command a line and answers each with "done".
set -u
server=$1
port=$2
token=$3
# Ctrl-C reaches the whole process group; the end of the test process is told by standard input alone.
trap '' INT TERM HUP
dir=$(mktemp -d "${TMPDIR:-/tmp}/gooseek-nats.XXXXXX") || exit 1
pid=
end() {
  [ -z "$pid" ] || kill "-$1" "$pid" 2>/dev/null
  [ -z "$pid" ] || wait "$pid" 2>/dev/null
  pid=
}
while read -r command; do
  case $command in
    start)
      mkdir -p "$dir/store"
      "$server" --addr 127.0.0.1 --port "$port" --auth "$token" --jetstream --store_dir "$dir/store" --log "$dir/log" &
      pid=$!
      ;;
    kill) end KILL ;;
    pause) kill -STOP "$pid" ;;
    resume) kill -CONT "$pid" ;;
    save) rm -rf "$dir/saved" && cp -r "$dir/store" "$dir/saved" ;;
    restore) rm -rf "$dir/store" && cp -r "$dir/saved" "$dir/store" ;;
    empty) rm -rf "$dir/store" ;;
    *) exit 1 ;;
  esac
  echo "done"
done
end KILL
rm -rf "$dir"
