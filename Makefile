# make demo     the console on the sandbox lab; without a terminal, its tour in plain text
# make test     every check and every test, the system tests included (root or sudo)
# make check    the quick part: linters, types, contracts and unit tests
# make bench    measures it against the floor; writes bench/RESULTS.md
# make lock     requirements/ from pyproject.toml; UPGRADE=--upgrade for newer versions
# make clean    removes what the others made in this checkout
#
# Each installs what it needs and is missing; see .ci/bootstrap.

SHELL := /bin/bash
BIN := .venv/bin
# Not for pytest, whose tests would see it: Textual draws without colours then.
PLAIN = $(if $(CI),NO_COLOR=1)
PYTEST = $(BIN)/pytest $(if $(CI),--color=no)
# As root, because they start libvirtd; no file of root's is left in the checkout.
AS_ROOT = $(if $(filter-out 0,$(shell id -u)),sudo -E -H)
SYSTEM_PYTEST = $(AS_ROOT) \
	env PATH="$$PATH" PYTHONDONTWRITEBYTECODE=1 $(PYTEST) -p no:cacheprovider
NEEDS := need-runtime need-check need-test
PIP_TOOLS := pip-tools==7.6.2
PIP_COMPILE = CUSTOM_COMPILE_COMMAND="make lock" build/pip-tools/bin/pip-compile --quiet \
	--no-config $(UPGRADE) --generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.NOTPARALLEL:
.PHONY: demo test check static lint types contracts quick unit system bench lock clean $(NEEDS)

demo: need-runtime
	@if test -t 0 && test -t 1; \
	then exec $(BIN)/vcltui demo; \
	else exec $(BIN)/vcltui demo --tour; fi

test: need-test static unit system

check: static quick

static: lint types contracts

# Ruff's D rules, which are among those chosen in pyproject.toml, check the docstrings.
lint: need-check
	$(PLAIN) $(BIN)/ruff check .
	$(PLAIN) $(BIN)/ruff format --check .

types: need-check
	$(BIN)/mypy $(if $(CI),--no-color-output)

contracts: need-check
	$(PLAIN) $(BIN)/lint-imports --no-logo

quick: need-check
	$(PYTEST) -n 2 -m "not system and not slow and not mariadb" tests/unit

unit: need-test
	$(PYTEST) -n 2 tests/unit

system: need-test
	$(SYSTEM_PYTEST) tests/system

# As root for the same reason.
bench: need-test
	$(AS_ROOT) env PATH="$$PATH" PYTHONDONTWRITEBYTECODE=1 $(BIN)/python bench/run.py

lock:
	/usr/bin/python3 -m venv build/pip-tools
	build/pip-tools/bin/pip install --quiet $(PIP_TOOLS)
	$(PIP_COMPILE) --all-build-deps --only-build-deps -o requirements/build.txt pyproject.toml
	$(PIP_COMPILE) -o requirements/runtime.txt pyproject.toml
	$(PIP_COMPILE) --extra dev -c requirements/runtime.txt -o requirements/dev.txt pyproject.toml

clean:
	rm -rf .venv build *.egg-info .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find vcltui tests bench -name __pycache__ -prune -exec rm -rf {} +

$(NEEDS): need-%:
	@.ci/bootstrap $*
