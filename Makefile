# `make demo` and `make test` build what they need. PYTHON=python3.12 chooses another interpreter (3.10 to 3.13).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Other TFLite runtimes, each in an environment of its own: tests/environments/NAME.txt to .venv-NAME.
RUNTIMES := tflite-runtime-2.14 litert-1.4 mediapipe
AARCH64 := .venv-aarch64

.PHONY: demo test runtimes test-runtimes aarch64-check lint format clean help

help:
	@echo "make demo    the whole chain on synthetic skin phantoms, in minutes"
	@echo "make test    the test suite"
	@echo "make test-runtimes  the files in tflite-runtime, LiteRT 1.4 and MediaPipe, which it installs apart"
	@echo "make aarch64-check  the files on an emulated phone processor (Debian, qemu-user-static)"
	@echo "make lint    style, import contracts and types"
	@echo "make format  lay out the code"
	@echo "make clean   remove environments and built files; experiments/ and artifacts/ stay"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "skin-distill needs Python 3.10 to 3.13; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing; try: apt-get install python3-venv"; exit 2; }

$(VENV)/.train: setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

$(VENV)/.dev: setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[train,download,maxvit,app,android,dev]'
	@touch $@ $(VENV)/.train

demo: $(VENV)/.train
	$(BIN)/skin-distill demo
	@echo "To have skin-distill in this shell: . $(BIN)/activate"

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(ARGS)

.venv-%/.done: tests/environments/%.txt
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --requirement $<
	@touch $@

runtimes: $(RUNTIMES:%=.venv-%/.done)

test-runtimes: $(VENV)/.dev runtimes
	SKIN_DISTILL_RUNTIMES=$(CURDIR) $(BIN)/python -m pytest tests/convert/verifying/test_environments.py $(ARGS)

$(AARCH64)/.done: tests/environments/aarch64.sh
	PYTHON=$(PYTHON) sh $< $(AARCH64)
	@touch $@

aarch64-check: $(VENV)/.train $(AARCH64)/.done
	$(BIN)/python -m benchmarks.runtimes.aarch64 --environment $(AARCH64) $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) $(RUNTIMES:%=.venv-%) $(AARCH64) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
