# Everything is installed into .venv of this checkout, by pip alone.
PYTHON ?= python3
BIN := .venv/bin
# What speaks HTTP has to hold with both versions of urllib3.
BESIDE_URLLIB3 := tests/sources tests/callout tests/test_http.py tests/test_oauth.py tests/duties/test_address_book.py \
	tests/duties/test_hostile_provider.py
# The versions that are tested are those that constraints.txt names, so that an admin can have the same.
INSTALL := pip install --quiet --constraint constraints.txt --editable
BENCHMARKS := placing pruning startup calendars polling
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-system screenshots torture bench dependencies clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Installed again when one of these files changes; the stamp is made last, so that half an install isn't one.
.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 ...")'
	@$(PYTHON) -c 'import venv, ensurepip' || { echo 'Python cannot make virtual environments: apt install python3-venv'; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/$(INSTALL) '.[dev]'
	touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/$(INSTALL) '.[bench]'
	touch $@

.venv/installed-system: .venv/installed
	$(BIN)/$(INSTALL) '.[system]'
	touch $@

# caldav brings urllib3-future, which takes urllib3's place unless it is built with this variable set.
.venv-urllib3/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv-urllib3
	URLLIB3_NO_OVERRIDE=1 .venv-urllib3/bin/$(INSTALL) '.[dev]' --no-binary urllib3-future
	touch $@

# A calendar engine to compare ours with.
.venv/installed-oracle: .venv/installed
	@command -v npm >/dev/null || { echo 'npm is missing: apt install nodejs npm'; exit 1; }
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix .venv/oracle ical.js@2.2.1
	touch $@

# It looks for what somebody can't see, hear or reach on a page.
.venv/installed-axe: .venv/installed
	@command -v npm >/dev/null || { echo 'npm is missing: apt install nodejs npm'; exit 1; }
	npm install --silent --no-audit --no-fund --no-save --no-package-lock --prefix .venv/axe axe-core@4.14.1
	touch $@

.venv/installed-torture: .venv/installed
	$(BIN)/$(INSTALL) '.[torture]'
	touch $@

demo: .venv/installed  ## appointments ring on a simulated line, live, in under two minutes
	$(BIN)/call-scheduler demo

test: .venv/installed  ## formatting, types and every test that needs nothing but pip
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest

test-system: .venv/installed-system .venv-urllib3/installed .venv/installed-oracle .venv/installed-axe  ## tests that need more of the machine: root, systemd, systemd-nspawn, debootstrap, curl, promtool, node, khal, vdirsyncer, Chromium
	$(BIN)/python -m pytest -m system tests tests/system $(SYSTEM_OPTIONS)
	@.venv-urllib3/bin/python -c 'import sys, urllib3; sys.exit(hasattr(urllib3, "HttpVersion") and "this is urllib3-future")'
	.venv-urllib3/bin/python -m pytest -m 'system or not system' $(BESIDE_URLLIB3)

screenshots: .venv/installed-system  ## the README's pictures of the page and of `plan`, made anew into docs/screenshots
	$(BIN)/python -m pytest -m system tests/system/test_screenshots.py
	mkdir -p docs/screenshots
	for picture in today.png day.png history.png outcomes.png plan.svg; do \
		cp build/screenshots/readme-$$picture docs/screenshots/$$picture || exit 1; done

torture: .venv/installed-oracle .venv/installed-torture  ## thousands of cases beside another engine, a fuzzer, daemons killed at every step and by chance
	$(BIN)/python -m pytest -p tests.torture_table -m torture

bench: .venv/installed-bench  ## how fast calls are placed and the daemon starts, what calendars cost, beside peers
	@missed=0; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || missed=1; done; exit $$missed

dependencies: .venv/installed  ## constraints.txt and the table of docs/dependencies.md, of what .venv has now
	$(BIN)/python -m tests.install.dependencies

clean:  ## remove the virtual environment and all caches
	rm -rf .venv .venv-urllib3 build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
