#!/usr/bin/env bash
# Outside programs that check our files: warcio and openpyxl in a Python environment of their own. Quick when they are there already.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=target/outside
if ! "$venv/bin/python3" -c 'import warcio, openpyxl' >/dev/null 2>&1; then
  echo "installing warcio and openpyxl into $venv"
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/python3" -m pip install -q warcio==1.8.1 openpyxl==3.1.5; }; then
    echo "warcio and openpyxl cannot be installed: the tests that need them will say skipped" >&2
  fi
fi
