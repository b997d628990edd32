#!/usr/bin/env bash
# Bulk DNS beside dnsperf (and massdns, where the machine has it): Debian's nsd on loopback, a zone of 500,000 names, as many again that are not there.
# All runs in a network namespace of its own, so that packets can be dropped and nothing leaves. Each client runs ROUNDS times; all figures are printed.
# NAMES, ROUNDS, LOSS (percent of packets) may be set. The server gets a CPU of its own where there are two.
set -euo pipefail
cd "$(dirname "$0")/../.."
names=${NAMES:-500000} rounds=${ROUNDS:-3} loss=${LOSS:-5}
if [ -z "${DNS_BENCH_INSIDE:-}" ]; then
  as=(unshare -n); [ "$(id -u)" = 0 ] || as=(unshare -Urn)
  "${as[@]}" true 2>/dev/null || { echo "skipped: this machine lets nobody make a network namespace (unshare)"; exit 0; }
  DNS_BENCH_INSIDE=1 exec "${as[@]}" bash "$0"
fi
ip link set lo up
client=target/release/examples/dnsbench at=127.0.0.1 port=5353
dir=$(mktemp -d)
nsd=
trap '[ -z "$nsd" ] || { kill "$nsd"; wait "$nsd" || true; } 2>/dev/null; rm -rf "$dir"' EXIT

# The names: half of those asked are there. Their order is mixed, the same at each run.
awk -v n="$names" -v zone="$dir/zone" -v asked="$dir/asked" -v perf="$dir/perf" 'BEGIN {
  srand(9); split("com cn top xyz cyou vip shop net org com.cn", tld, " ")
  print "$TTL 300\n@ IN SOA a. b. 1 3600 600 86400 300\n@ IN NS a." >zone
  for (i = 0; i < 2 * n; i++) { order[i] = i }
  for (i = 2 * n - 1; i > 0; i--) { j = int(rand() * (i + 1)); t = order[i]; order[i] = order[j]; order[j] = t }
  for (k = 0; k < 2 * n; k++) {
    i = order[k]; name = sprintf("%s%d-cx.%s", i % 2 ? "mem" : "gov", i, tld[i % 7 + 1])
    if (i % 2) printf "%s. IN A 192.0.2.%d\n", name, i % 250 + 1 >zone
    if (k < n) { print name >asked; print name " A" >perf }
  }
}'
cat >"$dir/nsd.conf" <<CONF
server:
  ip-address: $at@$port
  port: $port
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$dir"
  database: ""
  pidfile: "$dir/nsd.pid"
  xfrdfile: "$dir/xfrd"
  zonelistfile: "$dir/zone.list"
  logfile: "$dir/nsd.log"
  cookie-secret-file: "$dir/cookies"
  rrl-ratelimit: 0
  hide-version: yes
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "zone"
CONF
pin=() free=()
if [ "$(nproc)" -ge 2 ]; then pin=(taskset -c 0) free=(taskset -c 1); fi
"${pin[@]}" "$(command -v nsd || echo /usr/sbin/nsd)" -d -c "$dir/nsd.conf" &
nsd=$!
for _ in $(seq 300); do
  "$client" "$at:$port" <(head -1 "$dir/asked") A 2>/dev/null | grep -q 'unknown 0' && break
  kill -0 "$nsd" || { cat "$dir/nsd.log"; exit 1; }
done

present=$(grep -c mem "$dir/asked")
echo "names asked $names, of which in the zone $present; load $(cut -d' ' -f1-3 /proc/loadavg); $(nproc) CPUs"
perf() { "${free[@]}" dnsperf -s "$at" -p "$port" -d "$dir/perf" -n 1 -q 300 -c 4 -T 1 "$@" 2>/dev/null | awk '/Queries (completed|lost|per second)/ { sub(/^ */, ""); printf "%s  ", $0 } END { print "" }' || true; }
round() {
  for _ in $(seq "$rounds"); do
    printf 'dnsperf        '; perf "$@"
    printf 'jianwei A      '; "${free[@]}" "$client" "$at:$port" "$dir/asked" A
    printf 'jianwei exists '; "${free[@]}" "$client" "$at:$port" "$dir/asked" exists
    if command -v massdns >/dev/null; then
      printf 'massdns        '
      echo "$at:$port" >"$dir/resolvers"
      "${free[@]}" bash -c "TIMEFORMAT='wall %R s  user %U s  sys %S s'; time massdns -q -s 500 -t A -o L -r '$dir/resolvers' -w '$dir/out' '$dir/asked' 2>/dev/null"
    fi
  done
}
echo "no packet dropped"
round
if nft "add table inet bench; add chain inet bench in { type filter hook input priority 0; }; add rule inet bench in meta l4proto udp numgen random mod 100 < $loss drop" 2>/dev/null; then
  echo "$loss% of all packets dropped, questions and answers alike"
  # dnsperf does not ask again, and waits 5 s for each reply that was dropped: ten seconds say enough.
  round -l 10
else
  echo "skipped: dropping packets needs nft and the kernel's numgen"
fi
