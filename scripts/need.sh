#!/usr/bin/env bash
# need.sh PACKAGE:PROOF ...  installs the Debian packages whose proof (a command, or a file) is missing. Quick when all is there.
set -euo pipefail
missing=()
for pair in "$@"; do
  package=${pair%%:*} proof=${pair#*:}
  command -v "$proof" >/dev/null 2>&1 || [ -e "$proof" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
sudo=; [ "$(id -u)" = 0 ] || sudo=sudo
if ! command -v apt-get >/dev/null; then
  echo "please install: ${missing[*]}" >&2
  exit 1
fi
echo "installing: ${missing[*]}"
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
