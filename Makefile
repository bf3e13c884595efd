# Everything that one does with Lianxi, one word each. Plain `make` lists the words.
# Each target brings what it needs; nothing is installed outside this folder, except Java and Maven for Kafka.

SHELL  := /bin/bash
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --quiet --disable-pip-version-check

# A release binds the protos; before the first one, the main branch does. PROTO_BASE= (empty) judges them alone.
PROTO_BASE ?= $(shell git describe --tags --match 'v*' --abbrev=0 2>/dev/null || echo main)

# Three stamps, each the end of one step, so that a second `make` repeats only what changed.
LOCKED    := $(VENV)/.locked
GENERATED := protos/generated/.ready
READY     := $(VENV)/.ready

# Folders are listed beside the files so that a removed proto is noticed too.
PROTOS        := $(shell find protos/lianxi -name '*.proto' 2>/dev/null | sort)
PROTO_FOLDERS := $(shell find protos/lianxi -type d 2>/dev/null)

# google/*.proto comes from the installed package, for the compiler and for buf alike: nothing is fetched.
PROTOC := $(BIN)/python -m grpc_tools.protoc -I $(VENV)/lib/python3*/site-packages --include_imports --include_source_info

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run test mutate check check-protos real bench proto kafka kafka-jars pages lock clean

help: ## list these targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(GENERATED) ## install everything into .venv, with the command .venv/bin/lianxi

run: setup ## start a made-up city: an office, its agencies and their traffic, live in this terminal
	@$(BIN)/lianxi demo

test: setup kafka-jars ## run the tests, fast layers first, then real PostgreSQL and real Kafka
	@$(BIN)/python -m pytest

mutate: setup ## change the domain in small wrong ways, in a copy, and write what no test noticed (MODULES=, SAMPLE=)
	@nice -n 10 $(BIN)/python -m tests.mutation $(if $(SAMPLE),--sample $(SAMPLE)) $(MODULES)

check: setup check-protos ## judge format, style, types, layers and protos
	@echo "==> format and style"
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@echo "==> types"
	@$(BIN)/mypy
	@echo "==> layers"
	@$(BIN)/lint-imports --no-logo

check-protos: $(GENERATED)
	@echo "==> protos"
	@$(BIN)/buf format protos --diff --exit-code
	@$(BIN)/buf lint protos/generated/lianxi.binpb --config protos/buf.yaml
	@base=$$(mktemp -d) && trap 'rm -rf "$$base"' EXIT; \
	if git archive "$(PROTO_BASE)" protos/lianxi 2>/dev/null | tar -x -C "$$base" 2>/dev/null; then \
		$(PROTOC) -I "$$base/protos" --descriptor_set_out="$$base/lianxi.binpb" $$(find "$$base/protos" -name '*.proto') && \
		$(BIN)/buf breaking protos/generated/lianxi.binpb --config protos/buf.yaml --against "$$base/lianxi.binpb"; \
	else echo "    '$(PROTO_BASE)' holds no protos to stay compatible with"; fi

pages: setup ## write the pages in docs/ that come from the code
	@$(BIN)/python -m services.pages.write
	@$(BIN)/python -m tests.domain.diagrams

real: setup ## run the checks on real records (DATA=folder)
	@test -d "$(DATA)" || { echo "make real DATA=folder: name the folder of the records" >&2; exit 1; }
	@$(BIN)/python -m pytest tests/real -q --data "$(DATA)"

bench: setup kafka-jars ## measure against peers in one run, print ratios, write
	@$(BIN)/python -m tests.benchmarks

proto: $(GENERATED) ## generate Python from protos/ (only when they changed)

kafka: setup kafka-jars ## start a real Kafka broker on loopback, without Docker
	@$(BIN)/lianxi kafka start

kafka-jars:
	@deploy/kafka/install.sh

lock: $(BIN)/python ## pin the newest allowed dependencies in requirements.lock
	@echo "==> resolving dependencies"
	@$(PIP) install uv
	@$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --upgrade --quiet \
		--generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header \
		--output-file requirements.lock

clean: ## remove everything that was generated or installed here, and the runtime folder
	@rm -rf $(VENV) protos/generated .lianxi build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Lianxi needs Python 3.11 or newer; '$(PYTHON)' is not. Install it, or name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "==> creating $(VENV)"
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && echo "==> installing python3-venv" \
		  && apt-get -qq update && apt-get -qq -y install python3-venv >/dev/null; } || \
		{ echo "This Python has no venv module. On Debian or Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(LOCKED): requirements.lock | $(BIN)/python
	@echo "==> installing locked dependencies (about a minute)"
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(READY): pyproject.toml $(LOCKED) | $(GENERATED)
	@echo "==> installing lianxi"
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Written beside and then swapped, so that a running program never meets half of it. buf judges the descriptor set.
$(GENERATED): $(PROTOS) $(PROTO_FOLDERS) $(LOCKED)
	@echo "==> generating code from $(words $(PROTOS)) protos"
	@rm -rf protos/.generating && mkdir -p protos/.generating/lianxi
	@if [ -n "$(PROTOS)" ]; then \
		$(PROTOC) -I protos --descriptor_set_out=protos/.generating/lianxi.binpb \
			--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy --plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc \
			--python_out=protos/.generating --grpc_python_out=protos/.generating \
			--mypy_out=quiet:protos/.generating --mypy_grpc_out=quiet:protos/.generating $(PROTOS); \
	fi
	@find protos/.generating/lianxi -type d -exec touch {}/__init__.py \;
	@rm -rf protos/generated && mv protos/.generating protos/generated && touch $@
