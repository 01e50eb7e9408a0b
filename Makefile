# `make` alone lists what can be made.
.DEFAULT_GOAL := help
SHELL := /bin/sh
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
SOURCES := droas_common droas_mother droas_child droas_sandbox
CHECKED := $(SOURCES) tests benchmarks scripts
NAME ?= startup
ARGS ?=

.PHONY: help setup dev demo test check format lock docs bench clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## play the whole road on this machine (ARGS=--once ends by itself)
	@$(BIN)/python scripts/demo.py $(ARGS)

# By file, because a file's tests may share a system that was started for them.
test: dev ## run every test
	@$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

check: dev ## format, lint, types, import contracts
	@$(BIN)/ruff format --check --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/mypy --no-error-summary
	@MYPYPATH=benchmarks:scripts $(BIN)/mypy --no-error-summary scripts benchmarks
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache
	@echo "check: all good"

format: dev ## put the code into its form
	@$(BIN)/ruff format --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet --fix $(CHECKED)

docs: dev ## write the parts of the documentation that the code knows best
	@$(BIN)/python scripts/write_docs.py

bench: dev ## measure: make bench NAME=startup ARGS=--quick
	@$(BIN)/python benchmarks/$(NAME).py $(ARGS)

setup: .venv/.runtime ## install what is needed to run

dev: .venv/.dev ## install what is needed to work on it

.venv/bin/python:
	@echo "setup: making .venv"
	@scripts/make-venv.sh

.venv/.runtime: requirements/build.lock requirements/runtime.lock pyproject.toml | .venv/bin/python
	@echo "setup: installing the packages of requirements/runtime.lock"
	@$(PIP) install --require-hashes -r requirements/build.lock -r requirements/runtime.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@

.venv/.dev: requirements/dev.lock .venv/.runtime
	@echo "setup: installing the packages of requirements/dev.lock"
	@$(PIP) install --require-hashes -r requirements/dev.lock
	@touch $@

lock: | .venv/bin/python ## pin the newest packages that fit
	@$(PIP) install --target .cache/uv uv
	@for lock in build runtime dev; do \
		extra=; [ $$lock = runtime ] || extra="--extra $$lock"; \
		input=pyproject.toml; [ $$lock = build ] && input=requirements/build.in && extra=; \
		.cache/uv/bin/uv pip compile --quiet --universal --python-version 3.12 --generate-hashes \
			--no-emit-index-url --no-annotate --no-header $$extra -o requirements/$$lock.lock $$input; \
	done

clean: ## remove everything that was made
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache run data
