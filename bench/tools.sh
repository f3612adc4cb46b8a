#!/usr/bin/env bash
# Fetches the servers that `make bench` compares parlor with into target/bench/tools: nothing is installed on the system.
# Usage: bench/tools.sh   (Debian or Ubuntu; npm for the package ws)
set -euo pipefail

tools="$(cd "$(dirname "$0")/.." && pwd)/target/bench/tools"
mkdir -p "$tools"
cd "$tools"

if command -v apt-get >/dev/null 2>&1; then
    apt-get download inspircd nats-server
    for package in inspircd_*.deb nats-server_*.deb; do
        dpkg -x "$package" .
        rm "$package"
    done
else
    echo "without apt-get: put inspircd and nats-server on PATH yourself" >&2
fi

if command -v npm >/dev/null 2>&1; then
    npm install --no-audit --no-fund --prefix . ws@8
else
    echo "without npm the package ws cannot be had" >&2
fi
