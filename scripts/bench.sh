#!/usr/bin/env bash
# The name screen beside grep with 16 fixed words, on the same file: CPU seconds of each, and the ratio. The file is made here.
set -euo pipefail
cd "$(dirname "$0")/.."
jianwei=target/release/jianwei
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$jianwei" permute paypal.com | cut -f1 >"$dir/once"
for _ in $(seq 200); do cat "$dir/once"; done >"$dir/names"
printf '%s\n' cxmem memgov govcn gov-cn yjgl yingji anquan zhengshu chaxun tezhong zuoye czz aqsc tzzy chinasafety anjian >"$dir/words"
n=$(wc -l <"$dir/names")
cpu() { local TIMEFORMAT='%U %S'; { time "$@" >/dev/null 2>&1 || true; } 2>&1 | awk '{print $1 + $2}'; }
a=$(cpu "$jianwei" match "$dir/names")
b=$(cpu grep -c -F -f "$dir/words" "$dir/names")
awk -v n="$n" -v a="$a" -v b="$b" 'BEGIN { printf "names %d\njianwei match  %.2f CPU-s  %.2f M names per CPU-s\ngrep -F (16)   %.2f CPU-s  %.2f M names per CPU-s\nratio          %.2f of grep\n", n, a, n/a/1e6, b, n/b/1e6, b/a }'
