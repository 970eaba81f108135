# What people and CI call. Builds land outside the clone, where they survive it; CARGO_TARGET_DIR chooses another place.
ifeq ($(shell id -u),0)
# The reason is in scripts/deps.sh.
GOOSEEK_CACHE ?= /var/cache/gooseek
else
GOOSEEK_CACHE ?= $(HOME)/.cache/gooseek
endif
CARGO_TARGET_DIR ?= $(GOOSEEK_CACHE)/target
export GOOSEEK_CACHE CARGO_TARGET_DIR

.PHONY: run model evals fuzz test test-page lint cluster cluster-check bench deps images up

# The folder of the embedding model that `make model` has installed, if it has. One that is configured, in the environment or in
# gooseek.toml, goes before it.
MODEL := $(wildcard $(GOOSEEK_CACHE)/model/model.safetensors)
ifneq ($(MODEL)$(EMBEDDING_MODEL_DIR),)
FEATURES ?= local-embeddings
endif
ifneq ($(and $(MODEL),$(findstring local-embeddings,$(FEATURES))),)
run: export EMBEDDING_MODEL_DEFAULT_DIR ?= $(dir $(MODEL))
endif

# Builds ./bin/gooseek and starts everything in one process at http://127.0.0.1:8080. FEATURES=local-embeddings builds in
# what reads a model from a folder.
run:
	cargo build --release --locked --package gooseek --features "$(FEATURES)"
	mkdir -p bin
	cp $(CARGO_TARGET_DIR)/release/gooseek bin/gooseek
	./bin/gooseek serve

# Installs a small embedding model (90 MB, English) into the cache. From then on `make run` finds passages by meaning, too.
model:
	scripts/deps.sh model

# The whole suite. Without the servers of `make deps` their tests are skipped, but never in CI.
test:
	scripts/deps.sh || test -z "$$CI"
	cargo test --workspace --locked

# The page in a real browser, against its own mock of the API, and the pages of accounts against the server; CHROMIUM names another
# browser than /usr/bin/chromium.
test-page:
	cargo build --workspace --bins --locked
	cd tests/page && npm ci --no-audit --no-fund && GOOSEEK=$(CARGO_TARGET_DIR)/debug/gooseek npm test

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	RUSTDOCFLAGS="-Dwarnings -Arustdoc::private_intra_doc_links" cargo doc --no-deps --workspace --all-features --document-private-items --locked

# Every service in processes of its own, with private Postgres, NATS, Redis and S3, behind Traefik at http://127.0.0.1:8080.
# CLUSTER="--set NAME=VALUE" sets a variable of the services, --port another port.
cluster:
	scripts/deps.sh
	cargo build --workspace --bins --locked
	$(CARGO_TARGET_DIR)/debug/cluster $(CLUSTER) $(CARGO_TARGET_DIR)/debug/gooseek

# Brings clusters up, runs the end-to-end tests through them and takes them down.
cluster-check:
	scripts/deps.sh
	cargo build --workspace --bins --locked
	CI=true cargo test --package gooseek --test product --locked -- cluster:: replicas:: --nocapture

# Prints ratios and counts, each with its limit; docs/bench.md says how. BENCH=--full takes the long runs.
bench:
	cargo build --release --locked --workspace --bins
	$(CARGO_TARGET_DIR)/release/bench $(BENCH) $(CARGO_TARGET_DIR)/release/gooseek

# Prints figures of reading, answering and judging over real documents and labelled sets.
evals:
	scripts/evals.sh

# Feeds what reads pages, files, questions and answers with nearly good input, other than the suite's each time; a case that
# fails says its seed and where its input is.
SECONDS ?= 300
fuzz:
	FUZZ_SECONDS=$(SECONDS) cargo test --locked --package reader --test fuzz -- --nocapture --test-threads 16

# The servers and the model that tests run against.
deps:
	scripts/deps.sh

# An image of each program; docs/operations.md, "Containers".
images: docker/.env
	docker compose -f docker/compose.yaml build

# Everything in containers at http://127.0.0.1:8080.
up: docker/.env
	docker compose -f docker/compose.yaml up -d --wait

# Passwords between the containers, made once. A letter in front keeps a server from reading one as a number.
docker/.env:
	umask 077 && for name in $$(sed -n 's/.*$${\([A-Z0-9_]*\):?.*/\1/p' docker/compose.yaml docker/base.yaml | sort -u); do \
		echo "$$name=k$$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"; done >$@
