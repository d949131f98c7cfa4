# One door for people and machines. Everything is made when it is missing; nothing is installed outside .venv but,
# for the tests and the screenshots, a browser.
PORT ?= 5006
ARGS ?=
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup browser serve test lint bench docs lock clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## make .venv with the exact packages of requirements.lock (PYTHON=... to choose the interpreter)
	@sh tools/setup.sh

browser: setup ## find or install the browser that tests and screenshots use
	@sh tools/browser.sh $(BIN)/python

serve: setup ## serve the dashboard with the offline demo at http://localhost:5006 (PORT=... for another)
	@exec $(BIN)/stac-timelapse serve --port $(PORT)

test: setup browser ## run all tests, also in a real browser (ARGS="-k grid" for some)
	$(BIN)/python -m pytest $(ARGS)

lint: setup ## check style, types and the layers of the imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy benchmarks tools
	$(BIN)/lint-imports

bench: setup ## compare the speed with the seed workflow (ratios of one run)
	$(BIN)/python -m benchmarks $(ARGS)

docs: setup browser ## make the screenshots of the documents from the running app
	$(BIN)/python tools/screenshots.py $(ARGS)

lock: setup ## resolve requirements.lock anew, after a change in pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header --python-version 3.11 \
		--extra dev --override requirements.overrides --upgrade pyproject.toml -o requirements.lock

clean: ## remove .venv and what the tools left; the demo and the finished months stay in the user's cache
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache test-results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
