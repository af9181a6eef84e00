# Every target builds the environment that it needs. PYTHON=python3.12 chooses another interpreter (3.10 to 3.13).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Other TFLite runtimes, each in its own environment: tests/environments/NAME.txt becomes .venv-NAME.
RUNTIMES := tflite-runtime-2.14 litert-1.4 mediapipe
AARCH64 := .venv-aarch64

# A worker takes about 1.5 GB. Tests of a file share a worker, and thus fixtures (tests/conftest.py).
PARALLEL := --numprocesses=auto --maxprocesses=4 --dist=loadgroup --no-loadscope-reorder

.PHONY: demo test test-fast stress runtimes test-runtimes aarch64-check pictures lint format clean help

help:
	@echo "make demo           run the whole pipeline on synthetic skin phantoms, in minutes"
	@echo "make test           run the test suite; ARGS=tests/triage runs a part"
	@echo "make test-fast      run the tests that neither train nor convert"
	@echo "make stress         kill commands at random moments, damage photos, keep the app open: 15 minutes or more"
	@echo "make test-runtimes  run the files in tflite-runtime, LiteRT 1.4 and MediaPipe, in their own environments"
	@echo "make aarch64-check  run the files on an emulated phone processor (Debian, qemu-user-static)"
	@echo "make pictures       draw the screenshots of docs/app.md and docs/web.md anew"
	@echo "make lint           check style, import contracts and types"
	@echo "make format         format the code"
	@echo "make clean          remove environments and built files; keep experiments/ and artifacts/"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "skin-distill needs Python 3.10 to 3.13; try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; try: apt-get install python3-venv"; exit 2; }

$(VENV)/.train: setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	@touch $@

$(VENV)/.dev: setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[train,download,maxvit,onnx,cluster,app,web,android,dev]'
	@touch $@ $(VENV)/.train

demo: $(VENV)/.train
	$(BIN)/skin-distill demo
	@echo "To use skin-distill in this shell: . $(BIN)/activate"

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-fast: $(VENV)/.dev
	$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not stress" $(ARGS)

stress: $(VENV)/.dev
	$(BIN)/python -m pytest -m stress $(ARGS)

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
	$(BIN)/python -m tests.environments.aarch64 --environment $(AARCH64) $(ARGS)

pictures: $(VENV)/.dev
	SDL_VIDEODRIVER=offscreen $(BIN)/python tests/mobile_app/ui/scripts/guide_images.py
	$(BIN)/python -m tests.web_app.pictures

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
