# The only entry to this repository: `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

SWIFT ?= swift
# Two compilers at a time is what the smallest supported machine has cores for.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
BIN := .build/release
PYTHON := .build-tools/venv/bin/python
# Extra arguments for the driver behind a target: make demo ARGS=--keep
ARGS ?=

# A current librdkafka, which make deps fetches: the broker that tests start does not understand Debian 12's.
KAFKA_LIBRARY := $(CURDIR)/.build-tools/kafka/lib
WITH_KAFKA := LD_LIBRARY_PATH=$(KAFKA_LIBRARY)$${LD_LIBRARY_PATH:+:$$LD_LIBRARY_PATH}

BUILD_FLAGS := -c release --build-tests -j $(JOBS)
TEST_FLAGS := -c release --skip-build

.PHONY: help
help: ## list the targets
	@echo 'usage: make TARGET [ARGS=…]'
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)$$/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

.PHONY: deps deps-build deps-demo deps-bench deps-compare
deps: ## what building, testing and the demo need; asks apt and pip only for what is missing
	@scripts/deps.sh build test demo
deps-build:
	@scripts/deps.sh build
deps-demo:
	@scripts/deps.sh build demo
deps-compare:
	@scripts/deps.sh build compare
deps-bench:
	@scripts/deps.sh build demo bench

.PHONY: build
build: deps-build ## everything in one release build: apus, apus-loadtest and all tests
	@scripts/build-note.sh
	$(SWIFT) build $(BUILD_FLAGS)

.PHONY: unit scenario test
unit: deps build ## the tests that need no other process
	$(SWIFT) test $(TEST_FLAGS) --skip 'ScenarioTests|RedisExactnessTests'
	@# What drives Kafka, once more: above on the system's librdkafka, here on a current one and with a broker.
	$(WITH_KAFKA) $(SWIFT) test $(TEST_FLAGS) --filter 'KafkaClientTests|ClusterBackendsTests|KafkaMessageBusContract|MoverOnKafkaTests' --skip RedisExactnessTests
scenario: deps build ## real processes on loopback, killed and accounted for
	@# Limits that are used to the full want the machine to themselves too.
	$(WITH_KAFKA) $(SWIFT) test $(TEST_FLAGS) --filter 'ScenarioTests|RedisExactnessTests' --no-parallel
test: unit scenario ## unit and scenario

.PHONY: demo
demo: deps-demo build ## a message from boto3 to a mail server, and what became of it (under a minute once built)
	@$(PYTHON) scripts/demo --bin $(BIN) $(ARGS)
.PHONY: demo-cluster
demo-cluster: deps build ## 50,000 messages through a cluster whose workers are killed and added (some minutes once built)
	@$(WITH_KAFKA) $(PYTHON) scripts/demo/cluster.py --bin $(BIN) $(ARGS)

.PHONY: check format
check: ## layers, wording, formatting, generated files; fast, no network
	@python3 scripts/check.py $(ARGS)
format: ## rewrite the Swift sources as .swift-format says
	@python3 scripts/check.py --format

.PHONY: bench
bench: deps-bench build ## messages a second and CPU per message, beside Postfix
	@$(PYTHON) bench/bench.py --bin $(BIN) $(ARGS)

.PHONY: compare
compare: deps-compare build ## one load test scenario on Apus, Postfix, Exim and OpenSMTPD in turn (ARGS='burst --rounds 3')
	@$(BIN)/apus-loadtest compare $(ARGS)

.PHONY: soak
soak: deps build ## the kill tests at full length: fifty kills under load
	$(WITH_KAFKA) APUS_SOAK=1 $(SWIFT) test $(TEST_FLAGS) --filter ScenarioTests --no-parallel

# The fuzz targets exist only with APUS_FUZZ=1, in a build folder of their own.
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: deps-build ## every parser that meets the network under libFuzzer, FUZZ_SECONDS each
	@scripts/fuzz.sh $(FUZZ_SECONDS)

.PHONY: clean
clean: ## remove what building made (.build*); what make deps fetched stays in .build-tools
	@shopt -s nullglob; for folder in .build .build-*; do [[ $$folder == .build-tools ]] || rm -rf "$$folder"; done
