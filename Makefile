# Every target sets up what it needs by itself, from a bare clone with Python >= 3.11.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
SOURCES := imgsvc tests bench scripts

.DEFAULT_GOAL := help
.PHONY: help run test lint check fast bench bench-memory bench-growth docs demo-pictures logos-sheet cards-sheet console-picture clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: $(RUN_READY) ## Serve on 127.0.0.1:8080 with sample pictures; works offline
	@$(BIN)/python -m imgsvc serve --demo

# Processes that share a Redis wait a quarter of a second for it, and do without it then: they run alone. Of the others
# more run than there are cores, for half the time each waits; the longest begin, or one would be left with them.
ALONE := $(wildcard tests/e2e/test_replicas*.py)
TOGETHER := tests/contracts tests/integration tests/e2e
test: $(DEV_READY) ## Run every test, real S3 included
	$(BIN)/python -m pytest -q -n auto tests/unit tests/docs
	$(BIN)/python -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(TOGETHER) $(ALONE:%=--ignore=%)
	$(BIN)/python -m pytest $(ALONE)

fast: $(DEV_READY) ## Run the tests that need no more than a moment each
	$(BIN)/python -m pytest -q -n auto -m "not slow"

lint: $(DEV_READY) ## Check format, style, types and imports
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports --config setup.cfg

check: lint ## The same, and run the unit tests
	$(BIN)/python -m pytest -q -n auto tests/unit tests/docs

bench: $(DEV_READY) ## Measure the claims of the README, as ratios; some with PARTS="hits vision"
	$(BIN)/python -m bench $(PARTS)

bench-memory: $(DEV_READY) ## Measure the claims about memory, some minutes; writes docs/memory.md
	$(BIN)/python -m bench.memory --write

bench-growth: $(DEV_READY) ## Measure what grows with entries, connections, requests; writes docs/growth.md
	$(BIN)/python -m bench.growth --write

docs: $(DEV_READY) ## Write the generated pages of docs/
	$(BIN)/python -m scripts.write_docs

demo-pictures: $(DEV_READY) ## Draw the sample pictures anew
	$(BIN)/python -m scripts.draw_demo

logos-sheet: $(DEV_READY) ## Draw the contact sheet of logos anew
	$(BIN)/python -m scripts.draw_logos_sheet

cards-sheet: $(DEV_READY) ## Draw the sheet of cards anew
	$(BIN)/python -m scripts.draw_cards_sheet

console-picture: $(DEV_READY) ## Take the picture of the console anew
	$(BIN)/python -m scripts.picture_console

clean: ## Remove what the other targets made
	rm -rf $(VENV) var build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "imgsvc needs Python 3.11 or later; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "no virtual environment could be made: install python3-venv"; exit 1; }

$(RUN_READY): setup.cfg constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV_READY): setup.cfg constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@ $(RUN_READY)
