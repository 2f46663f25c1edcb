# The verbs of this project. CI calls only these.
#
# Every verb sets up what it needs: a virtual environment in .venv with exactly the packages of
# requirements.lock. Only Python 3.11 or newer with pip is needed to start.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := 0.13.9
SQL := sql tests/real/sql
PACKAGES := plugins dags tests
CORES := $(shell getconf _NPROCESSORS_ONLN)
# A file of tests stays in one process, which starts what it needs once; the slowest files begin.
# One process more than there are cores: some always wait for a server.
PYTEST := $(BIN)/python -m pytest --numprocesses $(shell expr $(CORES) + 1) --maxprocesses 8 \
  --dist loadfile --no-loadscope-reorder
# What a tool says is printed whole when it ends, where make can (4.0 or newer).
WHOLE := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

ifdef CI
export UV_NO_PROGRESS := 1
endif

.DEFAULT_GOAL := help
.PHONY: help demo up-local up down test e2e check bench torture format docs lock clean \
  check-types check-sql check-policies check-compose check-layers check-lint

help:  ## show the verbs
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@echo "==> setting up $(VENV) (once; about 2 GB)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python 3.11+ with venv is needed: install python3-venv, or set PYTHON=" >&2; exit 1; }
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than Python 3.11: set PYTHON= to a newer one" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --python $(BIN)/python --require-hashes --compile-bytecode requirements.lock
	@$(BIN)/uv pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## audit the sample CRM: version 1 of lead scoring is blocked, version 2 allowed
	@$(BIN)/python -m fairness_audit.demo run $(if $(SCALE),--scale $(SCALE)) \
	  $(if $(SOURCE),--source $(SOURCE))

up-local: $(READY)  ## keep Airflow running on this machine, with its UI
	@$(BIN)/python -m fairness_audit.demo up $(if $(SCALE),--scale $(SCALE))

up:  ## start the production topology in containers
	@command -v docker >/dev/null || \
	  { echo "docker is not installed; make up-local runs Airflow without it" >&2; exit 1; }
	@docker compose version >/dev/null 2>&1 || \
	  { echo "docker has no compose plugin: install docker-compose-plugin" >&2; exit 1; }
	@docker info >/dev/null 2>&1 || \
	  { echo "no docker engine answers; make up-local runs Airflow without it" >&2; exit 1; }
	@test -f .env || { echo "no .env: copy .env.example to .env and do what it says" >&2; exit 1; }
	docker compose --env-file .env up -d --build --wait
	@echo "Airflow http://localhost:8080  MLflow http://localhost:5000  Data Docs http://localhost:8090"

down:  ## stop the containers, keep their data
	docker compose --env-file .env down

test: $(READY)  ## run the test suite, but for what make e2e runs
	@$(PYTEST) -m "not whole"

e2e: $(READY)  ## run the slow proofs: whole installations, a whole Airflow, the demo, what the containers run
	@$(PYTEST) -m whole

check: $(READY)  ## lint, types, layers, SQL style, policies, compose file
	@$(MAKE) --no-print-directory --keep-going --jobs $(CORES) $(WHOLE) \
	  check-types check-sql check-policies check-compose check-layers check-lint

# Each is a verb of its own: make check-types. The slowest comes first, to end with the others.
check-types: $(READY)
	$(BIN)/mypy

check-sql: $(READY)
	$(BIN)/sqlfluff lint --disable-progress-bar $(SQL)

check-policies: $(READY)
	$(BIN)/fairness-audit check

check-compose: $(READY)
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yaml

check-layers: $(READY)
	$(BIN)/lint-imports

check-lint: $(READY)
	$(BIN)/ruff check $(PACKAGES)
	$(BIN)/ruff format --check --quiet $(PACKAGES)

bench: $(READY)  ## measure speed; needs the machine to itself
	@$(BIN)/python -m pytest tests/bench --override-ini python_files='bench_*.py' --capture no

torture: $(READY)  ## kill and starve publishing at every point; SEED= POINT= run one again
	@$(BIN)/python -m tests.torture $(if $(SEED),--seed $(SEED)) $(if $(KILLS),--kills $(KILLS)) \
	  $(if $(POINT),--point "$(POINT)")

format: $(READY)  ## format the code
	@$(BIN)/ruff check --fix --quiet $(PACKAGES)
	@$(BIN)/ruff format --quiet $(PACKAGES)

docs: $(READY)  ## write docs/reference.md anew from the code
	@$(BIN)/python -m fairness_audit.cli.reference

lock: $(READY)  ## resolve the dependencies anew into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
	  --generate-hashes --custom-compile-command "make lock" --output-file requirements.lock

clean:  ## remove everything these verbs made
	-@test ! -e $(READY) || $(BIN)/python -m fairness_audit.demo down
	rm -rf $(VENV) .local .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
