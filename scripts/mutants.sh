#!/usr/bin/env bash
# Breaks the two ordering rules on purpose, one at a time and in a copy of the tree, and demands that the kill loop
# notices: a checker that never found anything has shown nothing. Usage: scripts/mutants.sh
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
mutants=crates/parlor/tests/kill_loop/mutants
# Outside of the copy, so that a second run compiles only what the mutants change.
export CARGO_TARGET_DIR="$root/target/mutants"
export KILLS=${KILLS:-20}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# MUTANT ANOMALY: applies the patch to a fresh copy and wants the kill loop to fail with that anomaly.
expect_caught() {
    local copy="$work/$1" log="$work/$1.log"
    mkdir "$copy"
    # Deleted files stand in git's list until the deletion is committed.
    git ls-files -z --cached --others --exclude-standard \
        | while IFS= read -r -d '' file; do [[ ! -e $file ]] || printf '%s\0' "$file"; done \
        | tar --null --files-from=- -cf - | tar -xf - -C "$copy"
    (cd "$copy" && patch --quiet -p1 <"$mutants/$1.patch")
    (cd "$copy" && cargo test --locked --quiet -p parlor --test kill_loop --no-run)
    if (cd "$copy" && cargo test --locked --quiet -p parlor --test kill_loop -- --nocapture) >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        echo "$1 was NOT caught in $KILLS kills" >&2
        exit 1
    fi
    if ! grep -q "^$2: " "$log"; then
        tail -n 40 "$log" >&2
        echo "$1 made the kill loop fail, but not with \"$2\"" >&2
        exit 1
    fi
    echo "$1: caught, $(grep -m1 "^$2: " "$log")"
}

expect_caught ack_before_commit "lost write"
# Posters repeat what was cut off, so what readers saw too early is in the room in the end, under another number.
expect_caught fan_out_before_commit "inconsistent offset"
