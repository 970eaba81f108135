# What people and CI call. Builds land outside the clone, where they survive it; CARGO_TARGET_DIR chooses another place.
ifeq ($(shell id -u),0)
# The reason is in scripts/deps.sh.
GOOSEEK_CACHE ?= /var/cache/gooseek
else
GOOSEEK_CACHE ?= $(HOME)/.cache/gooseek
endif
CARGO_TARGET_DIR ?= $(GOOSEEK_CACHE)/target
export GOOSEEK_CACHE CARGO_TARGET_DIR

.PHONY: run test test-page lint bench deps

# Builds ./bin/gooseek and starts everything in one process at http://127.0.0.1:8080.
run:
	cargo build --release --locked --package gooseek
	mkdir -p bin
	cp $(CARGO_TARGET_DIR)/release/gooseek bin/gooseek
	./bin/gooseek serve

# The whole suite. Without the servers of `make deps` their tests are skipped, but never in CI.
test:
	scripts/deps.sh || test -z "$$CI"
	cargo build --workspace --bins --locked
	cargo test --workspace --locked

# The page in a real browser, against its own mock of the API; CHROMIUM names another browser than /usr/bin/chromium.
test-page:
	cd tests/page && npm ci --no-audit --no-fund && npm test

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private_intra_doc_links" cargo doc --no-deps --workspace --document-private-items --locked

# Prints ratios and counts, each with its limit; docs/bench.md says how. BENCH=--full takes the long runs.
bench:
	cargo build --release --locked --package gooseek --package bench
	$(CARGO_TARGET_DIR)/release/bench $(BENCH) $(CARGO_TARGET_DIR)/release/gooseek

# The servers that tests run against.
deps:
	scripts/deps.sh
