# One door for people and machines. Everything is made when it is missing; nothing is installed outside .venv but,
# for the tests, a browser.
PYTHON ?= python3
PORT ?= 5006
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup serve test lint bench docs lock clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the exact packages of requirements.lock

$(STAMP): requirements.lock pyproject.toml tools/setup.sh
	@PYTHON="$(PYTHON)" VENV="$(VENV)" sh tools/setup.sh
	@touch $(STAMP)

serve: $(STAMP) ## serve the dashboard with the offline demo at http://localhost:5006 (PORT=... for another)
	@exec $(BIN)/stac-timelapse serve --port $(PORT)

test: $(STAMP) ## run all tests, in a real browser too
	@sh tools/browser.sh $(BIN)/python
	$(BIN)/python -m pytest

lint: $(STAMP) ## check style, types and the layers of the imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## compare the speed with the seed workflow (ratios of one run)
	$(BIN)/python -m benchmarks

docs: $(STAMP) ## make the screenshots of the documents from the running app
	@sh tools/browser.sh $(BIN)/python
	$(BIN)/python tools/screenshots.py

lock: ## resolve requirements.lock anew (needs uv)
	uv pip compile --universal --generate-hashes --no-annotate --no-header --python-version 3.11 --extra dev \
		--override requirements.overrides pyproject.toml -o requirements.lock --quiet

clean: ## remove .venv and everything that tools left
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
