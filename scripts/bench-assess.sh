#!/usr/bin/env bash
# Reading and assessing pages of 60 KB, CPU time on one core: with 50 rules, with 500, and html5ever's parse alone on the same pages.
# Memory is watched over 100,000 pages (PAGES=N for fewer). The bars: 10 ms median, 25 ms p99, flat memory, 500 rules at most twice 50.
set -euo pipefail
cd "$(dirname "$0")/.."
assess=target/release/examples/assess
shipped=$(find rules/detect -name '*.toml' | wc -l)
few=$("$assess" "${PAGES:-100000}" $((50 - shipped)))
many=$("$assess" 2000 $((500 - shipped)))
printf '%s\n\n%s\n\n' "$few" "$many"
median() { awk '$1 == "both" { print $3 }' <<<"$1"; }
awk -v few="$(median "$few")" -v many="$(median "$many")" 'BEGIN { printf "500 rules take %.2f of the time of 50\n", many / few }'
