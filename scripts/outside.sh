#!/usr/bin/env bash
# Outside programs that check our files and pages: warcio, openpyxl and axe-core in a Python environment of their own. Quick when they are there already.
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
# axe-core comes inside a Python package that needs a browser driver we do not use: the package alone, and of it one file.
if [ ! -s target/outside/axe.min.js ]; then
  echo "installing axe-core into target/outside"
  "$venv/bin/python3" -m pip install -q --no-deps axe-playwright-python==0.1.8 &&
    cp "$(find "$venv" -name axe.min.js | head -n 1)" target/outside/axe.min.js ||
    echo "axe-core cannot be installed: the tests that need it will say skipped" >&2
fi
