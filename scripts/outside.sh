#!/usr/bin/env bash
# Outside programs that check our files: warcio, wacz and openpyxl in a Python environment of their own, and ReplayWeb.page from its npm package.
# Quick when they are there already; what cannot be installed makes its tests say skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=target/outside
if ! "$venv/bin/python3" -c 'import warcio, wacz, openpyxl' >/dev/null 2>&1; then
  echo "installing warcio, wacz and openpyxl into $venv"
  rm -rf "$venv"
  if ! { python3 -m venv "$venv" && "$venv/bin/python3" -m pip install -q warcio==1.8.1 wacz==0.6.0 openpyxl==3.1.5; }; then
    echo "warcio, wacz and openpyxl cannot be installed: the tests that need them will say skipped" >&2
  fi
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
