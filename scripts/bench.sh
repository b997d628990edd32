#!/usr/bin/env bash
# The name screen side by side: beside ripgrep with 16 fixed words on the same 30 million names, beside the rules of other tools on
# the same million, and our permutations beside theirs. CPU seconds, one core, unless `wall` is written. Leaves loopback for pip only.
# BENCH_NAMES: how many times the million names are read (30). BENCH_ONLY: speed, peers or permute.
set -euo pipefail
cd "$(dirname "$0")/.."
jianwei=$PWD/target/release/jianwei
data=$PWD/../shared/data
work=$PWD/target/bench
times=${BENCH_NAMES:-30}
only=${BENCH_ONLY:-all}
mkdir -p "$work"

wanted() { [ "$only" = all ] || [ "$only" = "$1" ]; }
load() { echo "load average $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) cores"; }

# cost CORES COMMAND...: "cpu-seconds wall-seconds peak-KB", the best of three by CPU: the one that others disturbed least.
cost() {
  local cores=$1; shift
  for _ in 1 2 3; do
    taskset -c "$cores" /usr/bin/time -o "$work/time" -f '%U %S %e %M' "$@" >"$work/out" 2>"$work/err" || [ $? = 1 ] || { cat "$work/err" >&2; exit 1; }
    awk 'END { print $1 + $2, $3, $4 }' "$work/time"
  done | sort -n | head -n 1
}

# One protected site: the others that are shipped are replaced by sites without words.
one_site() {
  local rules=$work/one-site
  rm -rf "$rules"; mkdir -p "$rules/sites"
  for file in rules/sites/*.toml; do
    local name; name=$(basename "$file")
    [ "$name" = cx.mem.gov.cn.toml ] && continue
    printf 'id = "q0z9.invalid"\nname = "none"\nagency = "none"\nhosts = ["q0z9.invalid"]\n' >"$rules/sites/$name"
  done
  printf '[rules]\ndir = "%s"\n' "$rules" >"$work/one-site.toml"
  : >"$work/all-sites.toml"
}

speed() {
  local names=$work/names sites n
  if [ -e "$data/new-names-1m.txt.gz" ]; then
    gzip -dc "$data/new-names-1m.txt.gz" >"$work/million"
  else
    echo "no shared list of new names: names are made by scripts/bench/names.py"
    python3 scripts/bench/names.py 1000000 >"$work/million"
  fi
  for _ in $(seq "$times"); do cat "$work/million"; done >"$names"
  n=$(wc -l <"$names")
  printf '%s\n' cxmem memgov govcn gov-cn yjgl yingji anquan zhengshu chaxun tezhong zuoye czz aqsc tzzy chinasafety anjian >"$work/words"
  one_site
  sites=$(ls rules/sites/*.toml | wc -l)
  cat "$names" >/dev/null
  local one all two rg
  rg=$(cost 0 rg -j1 -c -F -f "$work/words" "$names")
  one=$(cost 0 "$jianwei" --config "$work/one-site.toml" match "$names")
  all=$(cost 0 "$jianwei" --config "$work/all-sites.toml" match "$names")
  two=$(cost 0,1 "$jianwei" --config "$work/all-sites.toml" match "$names")
  rm -f "$names"
  echo "== names a second: $n names, one core (taskset), $(load)"
  awk -v n="$n" -v sites="$sites" -v rg="$rg" -v one="$one" -v all="$all" -v two="$two" '
    function line(what, cost,   f) { split(cost, f); printf "%-36s %7.2f CPU-s %7.2f s wall %8.2f M names/CPU-s %7.1f MB peak\n", what, f[1], f[2], n / f[1] / 1e6, f[3] / 1024 }
    function of(cost, i,   f) { split(cost, f); return f[i] }
    BEGIN {
      line("rg -c -F, 16 words", rg)
      line("jianwei match, one site", one)
      line(sprintf("jianwei match, %d site(s) shipped", sites), all)
      line(sprintf("jianwei match, %d site(s), two cores", sites), two)
      printf "one site against rg         %.2f of its speed (bar: 0.25, or 12 M names/s where that is more)\n", of(rg, 1) / of(one, 1)
      printf "%d site(s) against one       %.2f times the CPU time (bar: 1.5 with five)\n", sites, of(all, 1) / of(one, 1)
      printf "two cores against one       %.2f times as fast by wall clock, %.2f times the CPU time (wall counts only on an idle machine)\n", of(all, 2) / of(two, 2), of(two, 1) / of(all, 1)
    }'
}

# pip PACKAGE...: into an environment of our own; says so where it cannot.
venv=$work/venv
pip_install() {
  [ -x "$venv/bin/python3" ] || python3 -m venv "$venv" || return 1
  "$venv/bin/python3" -m pip install -q --disable-pip-version-check "$@"
}

peers() {
  echo "== found and alerted on, the same words for each, $(load)"
  if [ ! -e "$data/new-names-1m.txt.gz" ]; then echo "skipped: the shared lists of names are not here"; return; fi
  local dnstwist=
  if pip_install dnstwist==20250130; then dnstwist=$venv/bin/dnstwist; fi
  python3 scripts/bench/peers.py "$jianwei" "$data" ${dnstwist:+"$dnstwist"}
}

permutations() {
  echo "== permutations, $(load)"
  for host in paypal.com cx.mem.gov.cn; do
    local made; made=$(cost 0 "$jianwei" permute "$host")
    awk -v host="$host" -v n="$(wc -l <"$work/out")" -v cost="$made" 'BEGIN { split(cost, f); printf "%-16s %9d names %6.2f CPU-s %6.2f M names/CPU-s %6.1f MB peak\n", host, n, f[1], n / f[1] / 1e6, f[3] / 1024 }'
  done
  if pip_install dnstwist==20250130 ail-typo-squatting==2.7.6; then
    "$venv/bin/python3" scripts/bench/generators.py "$jianwei" "$venv/bin/dnstwist"
  else
    echo "skipped: dnstwist and ail-typo-squatting could not be installed from PyPI"
  fi
}

if wanted speed; then speed; fi
if wanted peers; then peers; fi
if wanted permute; then permutations; fi
