#!/usr/bin/env bash
# Fuzzes every target for a time. Usage: scripts/fuzz.sh SECONDS_EACH
# The compiler's coverage instrumentation is stable, its switch is not, hence RUSTC_BOOTSTRAP.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
export RUSTC_BOOTSTRAP=1
seconds=${1:?usage: scripts/fuzz.sh SECONDS_EACH}
cargo fuzz build
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for target in $(cargo fuzz list); do
    mkdir -p "corpus/$target"
    if ! cargo fuzz run "$target" "corpus/$target" "seeds/$target" -- \
        -max_total_time="$seconds" -rss_limit_mb=512 -timeout=5 -print_final_stats=1 >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        echo "$target found something: see fuzz/artifacts/$target" >&2
        exit 1
    fi
    echo "$target: $(grep -oE 'number_of_executed_units: [0-9]+' "$log" | grep -oE '[0-9]+') inputs, nothing found"
done
