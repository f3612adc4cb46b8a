#!/usr/bin/env bash
# Installs what a make target needs and this machine lacks. Usage: scripts/setup.sh build|test|browser|fuzz
set -euo pipefail

missing() { ! command -v "$1" >/dev/null 2>&1; }

packages() {
    if missing apt-get; then
        echo "parlor's build needs these and cannot install them here: $*" >&2
        exit 1
    fi
    local as_root=()
    if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi
    echo "installing: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

build() {
    if missing cc; then packages build-essential; fi
    if missing cargo; then
        echo "Rust is missing. Install it from https://rustup.rs (stable, 1.95 or later), then try again." >&2
        exit 1
    fi
}

run_tests() {
    build
    if missing cargo-nextest; then cargo install --locked cargo-nextest; fi
}

browser() {
    build
    if missing node || missing npm; then packages nodejs npm; fi
    if [ ! -x /usr/bin/chromium ]; then packages chromium fonts-noto-cjk fonts-noto-color-emoji; fi
}

fuzz() {
    build
    if missing c++; then packages g++; fi
    if missing cargo-fuzz; then cargo install --locked cargo-fuzz; fi
}

case "${1:-}" in
    build) build ;;
    test) run_tests ;;
    browser) browser ;;
    fuzz) fuzz ;;
    *)
        echo "usage: scripts/setup.sh build|test|browser|fuzz" >&2
        exit 64
        ;;
esac
