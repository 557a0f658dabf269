#!/usr/bin/env bash
# A sample source of 100,000 events in two databases, exported through the daemon. Usage: demo.sh BINARY DIRECTORY
set -euo pipefail
binary=$(realpath "$1")
directory=$2
mkdir -p "$directory"
directory=$(realpath "$directory")
python3 "$(dirname "$0")/sample.py" "$directory" 100000
config="$directory/exportd.json"
"$binary" check --config "$config"
"$binary" daemon --config "$config" 2>"$directory/daemon.log" &
daemon=$!
trap 'kill $daemon 2>/dev/null || true; wait $daemon 2>/dev/null || true' EXIT
for _ in $(seq 150); do
  sleep 0.2
  kill -0 $daemon 2>/dev/null || { cat "$directory/daemon.log" >&2; exit 1; }
  "$binary" status --config "$config" --json >"$directory/status.json" 2>/dev/null || continue
  python3 - "$directory/status.json" <<'PY' && break || true
import datetime, json, sys
exports = json.load(open(sys.argv[1]))["exports"]
now = datetime.datetime.now(datetime.timezone.utc).isoformat()
done = exports and all(
    e["lastRun"] and e["lastRun"]["state"] == "DONE" and e["state"] != "RUNNING"
    and (e["nextRunAt"] is None or e["nextRunAt"] > now) for e in exports)
sys.exit(0 if done else 1)
PY
done
"$binary" status --config "$config"
echo
echo "Delivered files, the newest of $(ls "$directory/exports" | wc -l) in $directory/exports:"
ls -lt "$directory/exports" | sed -n '2,7p'
echo
echo "Try: $binary status all-events --config $config"
