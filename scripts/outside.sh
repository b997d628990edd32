#!/usr/bin/env bash
# Outside programs that check our files and pages, in a Python environment of their own, and two scripts from npm. Quick when they are there already;
# what cannot be installed makes its tests say skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=target/outside
modules='warcio, wacz, openpyxl, docx, stix2validator, pymisp, jsonschema, xarf'
if ! "$venv/bin/python3" -c "import $modules" >/dev/null 2>&1; then
  echo "installing $modules into $venv"
  [ -x "$venv/bin/python3" ] || python3 -m venv "$venv" || true
  if ! "$venv/bin/python3" -m pip install -q --disable-pip-version-check warcio==1.8.1 wacz==0.6.0 openpyxl==3.1.5 python-docx==1.2.0 \
    stix2-validator==3.3.2 pymisp==2.5.34.4 jsonschema==4.26.0 xarf==1.0.0; then
    echo "they cannot be installed: the tests that need them will say skipped" >&2
  fi
fi
# axe-core comes inside a Python package that needs a browser driver we do not use: the package alone, and of it one file.
if [ ! -s "$venv/axe.min.js" ]; then
  echo "installing axe-core into $venv"
  "$venv/bin/python3" -m pip install -q --no-deps axe-playwright-python==0.1.8 &&
    cp "$(find "$venv" -name axe.min.js | head -n 1)" "$venv/axe.min.js" ||
    echo "axe-core cannot be installed: the tests that need it will say skipped" >&2
fi
# Only the two scripts of the package: it is unpacked, never installed, and nothing of it runs here.
replay=$venv/replaywebpage
if [ ! -s "$replay/sw.js" ] && command -v npm >/dev/null; then
  echo "fetching replaywebpage into $replay"
  mkdir -p "$replay"
  if tarball=$(cd "$replay" && npm pack --silent replaywebpage@2.5.3 2>/dev/null); then
    tar xzf "$replay/$tarball" -C "$replay" --strip-components=1 package/ui.js package/sw.js
    rm -f "$replay/$tarball"
  else
    echo "replaywebpage cannot be fetched: its test will say skipped" >&2
  fi
fi
