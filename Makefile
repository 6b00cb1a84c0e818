# Everything a newcomer types. `make run` and `make test` need only Python >= 3.11 (with venv and pip) and make.

# The first interpreter that is new enough: a machine may call an older one `python3`.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; \
	done)
WORKERS ?= 2
BIN := .venv/bin

# The environment's own Python is used whatever else the machine has; slow networks get
# time; a certificate the machine trusts (an office proxy's) is trusted here too.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
export UV_HTTP_TIMEOUT ?= 180
export UV_SYSTEM_CERTS ?= $(if $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt),true,false)
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help install run demo test check browser bench peers lint style types contracts format clean

help: ## Say what can be typed here
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

install: .venv/.installed ## Install what the program needs into .venv

run: .venv/.installed ## Make the demo district (kept when it is there) and serve it on 127.0.0.1:8000
	$(BIN)/auyl demo
	$(BIN)/auyl serve

demo: .venv/.installed ## Make the demo district, print what was made, and leave
	$(BIN)/auyl demo

# Everything is tried even when something has failed, so that one run tells all; the tests come last.
test: .venv/.installed-dev ## Style, types, import contracts, and every test on SQLite and PostgreSQL
	@$(MAKE) --no-print-directory --keep-going style types contracts check

check: .venv/.installed-dev browser ## Every test on SQLite and PostgreSQL
	$(BIN)/pytest -n $(WORKERS) --dist loadscope

# The tests of pages need a browser: the machine's own, else Debian's (which root may install), else the one
# that Playwright brings. Without any, every other test still runs.
browser: .venv/.installed-dev
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v "$$name" >/dev/null && exit 0; \
	done; \
	echo "Installing a browser for the tests of pages"; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq --yes --no-install-recommends chromium >/dev/null; \
	else \
		$(BIN)/playwright install chromium; \
	fi || echo "No browser could be installed: the tests of pages will fail" >&2

bench: .venv/.installed-dev peers ## Measure our work beside a peer's or a floor's; figures mean nothing on a busy machine
	$(BIN)/python -m tests.bench

# hledger is one of the peers. Without it its row says so, and every other one is still measured.
peers:
	@command -v hledger >/dev/null || { \
		echo "Installing hledger, which our reports are measured beside"; \
		test "$$(id -u)" = 0 && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq --yes --no-install-recommends hledger >/dev/null; \
	} || echo "hledger could not be installed: its row stays empty" >&2

lint: style types contracts ## Style, types and import contracts

style: .venv/.installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: .venv/.installed-dev
	$(BIN)/mypy

contracts: .venv/.installed-dev
	$(BIN)/lint-imports

format: .venv/.installed-dev ## Lay the code out and fix what can be fixed by a machine
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean: ## Remove the environment and every cache; the data under var/ stays
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find billing invoices migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, with venv and pip" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

# --inexact keeps uv itself, and the test tools when only the program is asked for.
.venv/.installed: pyproject.toml uv.lock | .venv/bin/uv
	$(BIN)/uv sync --locked --inexact --no-dev
	@touch $@

.venv/.installed-dev: pyproject.toml uv.lock | .venv/bin/uv
	$(BIN)/uv sync --locked --inexact
	@touch $@ .venv/.installed
