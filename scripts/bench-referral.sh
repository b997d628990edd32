#!/usr/bin/env bash
# The lead list of LEADS (10,000) leads by the program itself: time and peak memory of each format, three times.
set -euo pipefail
cd "$(dirname "$0")/.."
leads=${LEADS:-10000}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
target/release/examples/referral "$dir" "$leads"
for format in xlsx csv json; do
  for _ in 1 2 3; do
    (cd "$dir" && /usr/bin/time -f "$format: %e s, of it processor %U + %S s, peak memory %M KB" \
      "$OLDPWD/target/release/jianwei" -q leads export --format $format -o "list.$format") 2>&1 | grep -v '→'
  done
  ls -l "$dir/list.$format" | awk '{print "   " $5 " bytes"}'
done
echo "load: $(cut -d' ' -f1-3 /proc/loadavg), processors: $(nproc)"
