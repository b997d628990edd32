#!/usr/bin/env bash
# Sources beside their bars: certificate entries a second, two states of a large zone compared, QR codes in photos. One core; times are CPU time.
# ONLY: ct, zones or photos. NAMES: names of the zone (50000000; some 8 GB of disk meanwhile). PHOTOS=1 tells each photo.
set -euo pipefail
cd "$(dirname "$0")/../.."
bench=target/release/examples/sources only=${ONLY:-all} names=${NAMES:-50000000}
work=target/bench/sources
rm -rf "$work"; mkdir -p "$work"
trap 'rm -rf "$work/ct" "$work/zones"' EXIT
wanted() { [ "$only" = all ] || [ "$only" = "$1" ]; }
if wanted ct; then taskset -c 0 "$bench" ct "$work/ct"; fi
if wanted zones; then
  mkdir -p "$work/zones"
  taskset -c 0 /usr/bin/time -f '  whole process: %M KB peak' "$bench" zones "$work/zones" "$names"
  printf 'comm -13 of coreutils on the same names, sorted and without their records: '
  LC_ALL=C taskset -c 0 /usr/bin/time -f '%U + %S CPU-s, %e s wall, %M KB peak' comm -13 "$work/zones/names-0" "$work/zones/names-1" >"$work/zones/comm"
  echo "  $(wc -l <"$work/zones/comm") names"
fi
if wanted photos; then taskset -c 0 "$bench" photos "$work/photos"; fi
