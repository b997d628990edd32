#!/usr/bin/env bash
# Visits with the browser beside a plain Playwright script that drives the same Chromium to the same pages. VISITS: how many (200).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/bench-playwright
if ! "$venv/bin/python3" -c 'import playwright' >/dev/null 2>&1; then
  echo "installing playwright into $venv"
  [ -x "$venv/bin/python3" ] || python3 -m venv "$venv"
  "$venv/bin/python3" -m pip install -q --disable-pip-version-check playwright==1.56.0
fi
target/release/examples/capturebench --visits "${VISITS:-200}" --python "$venv/bin/python3" --script scripts/bench/playwright_visits.py
