# Every target installs what it needs first (scripts/setup.sh says what) and can be run on a new machine.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PARLOR := target/release/parlor

.PHONY: help run build test check unit browser fuzz-brief fuzz bench kill-loop mutants

help: ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: build ## Build parlor and serve on http://127.0.0.1:1234/
	$(PARLOR) serve

build: ## Build the release binary, target/release/parlor
	@scripts/setup.sh build
	cargo build --release --locked -p parlor

test: check unit fuzz-brief browser ## Everything that must pass: style, tests, short fuzzing, browser

check: ## Formatting and lints
	@scripts/setup.sh build
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

unit: ## All Rust tests, the kill loop (20 kills) and the simulation (500 seeds) among them
	@scripts/setup.sh test
	cargo nextest run --workspace --locked --no-fail-fast
	cargo test --workspace --locked --doc --quiet
	cargo test --locked --quiet --manifest-path fuzz/Cargo.toml --no-default-features --target-dir target

browser: ## Two people, a reload, a killed server, in headless Chromium
	@scripts/setup.sh browser
	cargo build --locked -p parlor
	cd tests/browser && npm ci --no-audit --no-fund && npm test

fuzz-brief: ## Every fuzz target for a few seconds, from its seeds
	@scripts/setup.sh fuzz
	scripts/fuzz.sh 5

fuzz: ## Every fuzz target for ten minutes (SECONDS_EACH=n for other times)
	@scripts/setup.sh fuzz
	scripts/fuzz.sh $${SECONDS_EACH:-600}

bench: build ## Measure against baselines in the same run (see docs/performance.md)
	cargo build --release --locked -p parlor-bench
	target/release/parlor-bench --server $(PARLOR) all

kill-loop: ## 1,000 kills under load and the history checker (KILLS=n for another number)
	@scripts/setup.sh test
	KILLS=$${KILLS:-1000} cargo nextest run --release --locked -p parlor --test kill_loop --no-capture

mutants: ## Break the two ordering rules on purpose and show that the kill loop notices
	@scripts/setup.sh test
	scripts/mutants.sh
