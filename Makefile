# One door to every chore. `make run` needs Python 3.11 and make, nothing else.

PYTHON ?= python3
BIN := .venv/bin
PACKAGES := portal communities grid services funding
LOCK = CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe \
	--strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.PHONY: help setup run test bench pictures manual prove lint types format contracts lock clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1 - \2/p' Makefile

setup: ## .venv with all tools, and node_modules, by the lock files
	@$(PYTHON) portal/bootstrap.py dev

run: ## the whole portal on this machine; PORT=8000
	@$(PYTHON) portal/bootstrap.py run
	@exec $(BIN)/python -m portal.run

test: setup lint types ## everything that must hold
	@$(BIN)/python -m pytest --numprocesses=auto --dist=loadgroup $(ARGS)

bench: setup ## the goals of performance, measured
	@$(BIN)/python -m benchmarks $(ARGS)

pictures: ## pages of a running `make run` as pictures, into var/pictures; URL=http://127.0.0.1:8000
	@$(BIN)/python -m tests.browser.pictures $(or $(URL),http://127.0.0.1:8000) var/demo-accounts.txt var/pictures $(ARGS)

manual: ## the pictures of docs/manual.md, from the demo city of a running `make run`; URL=http://127.0.0.1:8000
	@$(BIN)/python -m tests.browser.manual_pictures $(or $(URL),http://127.0.0.1:8000) var/demo-accounts.txt docs/pictures $(ARGS)

prove: setup ## long proofs
	@$(BIN)/python -m pytest -m prove --numprocesses=auto --dist=loadgroup $(ARGS)

lint: setup ## ruff, djlint, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/djlint --lint --quiet templates
	@$(BIN)/lint-imports --no-logo

types: setup ## mypy
	@PORTAL_ENV=test $(BIN)/mypy

format: setup ## ruff and djlint put things in order
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format --quiet .
	@$(BIN)/djlint --reformat --quiet templates

lock: setup ## lock files anew, after a change in pyproject.toml or package.json
	@$(LOCK) --extra=devstack --extra=dev --output-file=requirements-dev.lock pyproject.toml
	@cp requirements-dev.lock requirements-run.lock
	@$(LOCK) --extra=devstack --output-file=requirements-run.lock pyproject.toml
	@cp requirements-run.lock requirements.lock
	@$(LOCK) --output-file=requirements.lock pyproject.toml
	@npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved

clean: ## remove what make produced, the demo database included
	@test ! -x $(BIN)/python || $(BIN)/python -m portal.devstack remove
	@rm -rf .venv node_modules staticfiles var htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache
