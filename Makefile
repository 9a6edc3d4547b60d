# Youxu 有序. `make run` starts the server, `make test` proves it; both set up all they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PORT ?= 8000
DATA ?= var
export PORT DATA TLS
UV_VERSION := 0.13.9
FRONT := $(shell find app/frontend -path app/frontend/node_modules -prune -o -type f -print 2>/dev/null)
BUILT := app/static/dist/.vite/manifest.json
PY := .venv/bin/python

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/runtime $(BUILT) ## set up what is missing, then serve at PORT (8000) with its data in DATA (var); TLS=1: HTTPS for phones
	@exec .venv/bin/flask --app wsgi serve

test: .venv/dev $(BUILT) ## every test, on SQLite and on PostgreSQL, and every check
	@bash tests/run.sh

test-full: .venv/dev $(BUILT) ## also the long fuzz, soak and scale runs
	@bash tests/run.sh --full

check: .venv/dev ## lint, types, architecture (seconds)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/pytest tests/test_architecture.py tests/test_translations.py

fmt: .venv/dev ## format and fix what can be fixed
	.venv/bin/ruff check --fix -q . ; .venv/bin/ruff format .

bench: .venv/dev ## ratios against named baselines, measured in one run
	$(PY) -m tests.bench

partners: .venv/dev ## five simulated partners drive ORDERS (50) orders from entry to delivery by webhooks
	$(PY) -m tests.partners --orders $(or $(ORDERS),50) --seed $(or $(SEED),1)

token: .venv/runtime ## print an API token: make token LOGIN=admin
	@test -n "$(LOGIN)" || { echo "LOGIN=… is missing" >&2; exit 2; }
	@.venv/bin/flask --app wsgi tokens create "$(LOGIN)"

lock: .venv/uv ## pin requirements.in and requirements-dev.in with hashes
	.venv/bin/uv --no-config pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock requirements.in
	.venv/bin/uv --no-config pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock requirements-dev.in

clean: ## remove what set-up and build made; data stays
	rm -rf .venv app/static/dist app/frontend/node_modules .mypy_cache .ruff_cache .pytest_cache

.PHONY: help run test test-full check fmt bench partners token lock clean

# --- set-up: each file is a stamp, remade when what it depends on is newer ---

.venv/uv:
	@bash app/operate/setup.sh prerequisites
	@bash app/operate/setup.sh venv $(UV_VERSION)
	@touch $@

.venv/runtime: .venv/uv requirements.lock
	@bash app/operate/setup.sh packages $(if $(wildcard .venv/dev),requirements-dev.lock,requirements.lock)
	@touch $@

.venv/dev: .venv/uv requirements.lock requirements-dev.lock
	@bash app/operate/setup.sh packages requirements-dev.lock
	@touch $@ .venv/runtime

$(BUILT): $(FRONT) | .venv/uv
	@bash app/operate/setup.sh front-end
	@touch $@
