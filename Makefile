# Everything from a fresh machine that has Python >= 3.11 and make:
#   make demo    the whole way through errata on real handwritten digits; says where to look
#   make test    the whole suite; ARGS="-k review" is handed to pytest
# and for work on errata: lint, format, types, docs, docs-serve, constraints, clean, and to
# measure: bench, bench-calibration, bench-crowd, bench-cutoff, bench-gallery, bench-kinship,
# bench-million, bench-mistrust, bench-page, bench-predict, bench-ranking, bench-ray, bench-review, bench-voters.

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt
NEWEST := python3 python3.14 python3.13 python3.12 python3.11 python
PYTHON ?= $(shell for p in $(NEWEST); do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
AS_ROOT := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
HAS_CHROMIUM := command -v chromium || command -v chromium-browser || command -v google-chrome
HAS_POSTGRES := command -v initdb || ls /usr/lib/postgresql/*/bin/initdb

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types docs docs-serve bench bench-calibration bench-crowd bench-cutoff bench-gallery bench-kinship bench-million bench-mistrust bench-page bench-predict bench-ranking bench-ray bench-review bench-voters constraints clean browser postgres

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

# The environment: made once, installed again when the files that describe it change.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "errata needs Python 3.11 or newer, and there is none on the PATH." >&2; exit 1; }
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "Debian and Ubuntu keep venv in a package of its own: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.base: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing errata (a minute or two)"
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo "Installing errata with what tests, checks and docs need (a minute or two)"
	@$(PIP) --editable '.[test,lint,docs]'
	@touch $(VENV)/.base $@

# The tests drive a real browser. Without one its tests are skipped, which ERRATA_REQUIRE=browser forbids.
browser:
	@{ $(HAS_CHROMIUM); } >/dev/null || { \
		if command -v apt-get >/dev/null; then \
			echo "Installing Chromium for the tests of the review page"; \
			$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq chromium >/dev/null; \
		else false; fi; \
	} || echo "Chromium could not be installed by apt-get here, so the tests of the review page are" \
		"skipped. Install Chromium or Chrome, put it on the PATH, and run this again." >&2

# They start a PostgreSQL server too, one of their own. Where there is no user postgres, as nobody.
postgres:
	@{ $(HAS_POSTGRES); } >/dev/null 2>&1 || { \
		if command -v apt-get >/dev/null; then \
			echo "Installing PostgreSQL for the tests of audits on a server"; \
			$(AS_ROOT) apt-get update -qq && $(AS_ROOT) apt-get install -y -qq postgresql >/dev/null; \
		else false; fi; \
	} || echo "PostgreSQL could not be installed by apt-get here, so the tests of audits on a server are" \
		"skipped. Install it, put initdb on the PATH, and run this again." >&2

# People's votes are in demo-review (ARGS=--review), which is kept; demo-out is made anew.
demo: $(VENV)/.base
	@rm -rf demo-out
	@$(BIN)/errata demo $(ARGS)
	@command -v errata >/dev/null || echo "(errata lies in $(BIN); to type just its name: . $(BIN)/activate)"

# The programs that tests start by the hundred find errata compiled, also where Python is told to keep nothing.
test: $(VENV)/.dev browser postgres
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n 2 --dist worksteal $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev
	$(BIN)/mypy --strict src

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs-serve: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/find.py $(ARGS)

bench-crowd: $(VENV)/.dev
	$(BIN)/python benchmarks/crowd.py $(ARGS)

bench-voters: $(VENV)/.dev
	$(BIN)/python benchmarks/voters.py $(ARGS)

bench-calibration: $(VENV)/.dev
	$(BIN)/python benchmarks/calibration.py $(ARGS)

bench-mistrust: $(VENV)/.dev
	$(BIN)/python benchmarks/mistrust.py $(ARGS)

bench-kinship: $(VENV)/.dev
	$(BIN)/python benchmarks/kinship.py $(ARGS)

bench-cutoff: $(VENV)/.dev
	$(BIN)/python benchmarks/cutoff.py $(ARGS)

bench-predict: $(VENV)/.dev
	$(BIN)/python benchmarks/predict.py $(ARGS)

bench-review: $(VENV)/.dev
	$(BIN)/python benchmarks/reviewing.py $(ARGS)

bench-page: $(VENV)/.dev browser
	$(BIN)/python benchmarks/reviewing_page.py $(ARGS)

bench-gallery: $(VENV)/.dev browser
	$(BIN)/python benchmarks/gallery.py $(ARGS)

bench-million: $(VENV)/.dev
	$(BIN)/python benchmarks/reviewing_million.py $(ARGS)

bench-ranking: $(VENV)/.dev
	$(BIN)/python benchmarks/ranking.py $(ARGS)

bench-ray: $(VENV)/.dev
	$(BIN)/python benchmarks/ray_scaling.py $(ARGS)

constraints: | $(BIN)/python
	@rm -rf build/constraints && $(BIN)/python -m venv build/constraints
	@grep '^torch==' constraints.txt > build/torch.txt
	build/constraints/bin/python -m pip install --quiet --constraint build/torch.txt --editable '.[test,lint,docs]'
	@{ sed -n '/^#/p' constraints.txt; build/constraints/bin/python -m pip freeze --exclude-editable \
		| sed 's/^\(torch==[^+]*\)+.*/\1/' | sort --ignore-case; } > build/constraints.txt
	@mv build/constraints.txt constraints.txt && rm -rf build/constraints

clean:
	rm -rf $(VENV) build dist site demo-out .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
