#!/usr/bin/env bash
# Outside programs that check our files, in a Python environment of their own. Quick when they are there already.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=target/outside
if ! "$venv/bin/python3" -c 'import warcio, openpyxl, docx, stix2validator, pymisp, jsonschema, xarf' >/dev/null 2>&1; then
  echo "installing warcio, openpyxl, python-docx, stix2-validator, pymisp, jsonschema and xarf into $venv"
  [ -x "$venv/bin/python3" ] || python3 -m venv "$venv" || true
  if ! "$venv/bin/python3" -m pip install -q --disable-pip-version-check warcio==1.8.1 openpyxl==3.1.5 python-docx==1.2.0 \
    stix2-validator==3.3.2 pymisp==2.5.34.4 jsonschema==4.26.0 xarf==1.0.0; then
    echo "they cannot be installed: the tests that need them will say skipped" >&2
  fi
fi
