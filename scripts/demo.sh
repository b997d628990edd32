#!/usr/bin/env bash
# The main job on a loopback internet: start it, scan it, show the leads, export them, verify the evidence. Nothing leaves 127.0.0.0/8.
set -euo pipefail
cd "$(dirname "$0")/.."
demo=${1:-demo}
jianwei=target/release/jianwei
lab=target/release/examples/lab
mkdir -p "$demo"

as=()
start=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null || echo 1024)
if [ "$(id -u)" != 0 ] && [ "$start" -gt 80 ]; then
  echo "the lab's web servers listen on port 80 of 127.80.0.0/24: asking sudo for that"
  as=(sudo)
fi
"${as[@]}" "$lab" --settings "$demo/jianwei.toml" --names "$demo/names.txt" >"$demo/lab.log" 2>&1 &
lab_pid=$!
trap '"${as[@]}" kill $lab_pid 2>/dev/null || true; wait $lab_pid 2>/dev/null || true' EXIT
for _ in $(seq 100); do
  grep -q '^lab ready' "$demo/lab.log" 2>/dev/null && break
  kill -0 $lab_pid 2>/dev/null || { cat "$demo/lab.log" >&2; exit 1; }
  sleep 0.1
done
grep -q '^lab ready' "$demo/lab.log" || { echo "the lab did not start:" >&2; cat "$demo/lab.log" >&2; exit 1; }

run() { echo; echo "\$ jianwei $*"; "$jianwei" --config "$demo/jianwei.toml" "$@"; }
code=0
run scan || code=$?
[ $code = 0 ] || [ $code = 3 ] || exit $code
run leads export -o "$demo/leads.xlsx"
run leads export -o "$demo/leads.csv"
echo; echo "\$ jianwei evidence verify $demo/jianwei-data/evidence   (last lines)"
"$jianwei" --config "$demo/jianwei.toml" evidence verify "$demo/jianwei-data/evidence" | tail -n 3

cat <<END

leads      $PWD/$demo/leads.xlsx
           $PWD/$demo/leads.csv
packages   $PWD/$demo/jianwei-data/evidence
settings   $PWD/$demo/jianwei.toml
In the browser (README, "Your first lead"):
           $jianwei --config $demo/jianwei.toml users add zhang --role analyst
           $jianwei --config $demo/jianwei.toml users add wang --role approver
           $jianwei --config $demo/jianwei.toml console        -> http://127.0.0.1:8470

Run it again: the second run opens no lead twice. One lead in full:  $jianwei --config $demo/jianwei.toml leads show HOST
END
