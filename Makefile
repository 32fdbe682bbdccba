# Rowkeeper: the same words here and in CI. Each target sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo demo-google test lint check prove bench schemas lock clean

demo: $(READY)          ## write a demo workbook, run a simulated month over it, say what to look at first
	$(BIN)/python runner.py demo

demo-google: $(READY)   ## the way through Google Sheets, with a stand-in on this machine instead of an account
	$(BIN)/python -m tests.sheets.demo

test: $(READY)          ## every test
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

lint: $(READY)          ## ruff, mypy --strict, import contracts, shape checks
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest tests/test_shape.py

check: $(READY)         ## check config/ and templates/, run every example of the policies
	$(BIN)/python runner.py check

prove: $(READY)         ## every rule switched off in turn: an example must notice
	$(BIN)/python runner.py check --prove

bench: $(READY)         ## ratios against hand-written numpy, a per-row script and openpyxl
	$(BIN)/python -m tests.bench

schemas: $(READY)       ## JSON Schemas of the configuration files
	$(BIN)/python runner.py schema

lock:                   ## pin what pyproject.toml allows, with hashes
	$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/pip install --quiet pip-tools
	$(VENV)/lock/bin/pip-compile --quiet --extra test --generate-hashes --strip-extras --no-emit-index-url --no-emit-trusted-host \
	  --no-header --no-annotate --no-emit-find-links --output-file requirements.lock pyproject.toml

clean:
	rm -rf $(VENV) demo build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	touch $(READY)
