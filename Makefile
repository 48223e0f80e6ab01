# Every target sets up what it needs. "make help" lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two protobufs cannot both be what everybody asked for; "make doctor" says whether all is as pinned.
PIP := $(BIN)/pip install --quiet --no-warn-conflicts --disable-pip-version-check
SETTINGS := $(VENV)/share/jupyter/lab/settings
READY := $(VENV)/.ready
BOOK := $(VENV)/.book
# The protobuf that the SDK asks for, beside the one that is used: "make test PROTOBUF=pinned".
PINNED := $(VENV)/pinned-protobuf
export JUPYTER_PREFER_ENV_PATH := 1
# What "python -m workshop bundle" wrote brings its own packages: then nothing else is looked at.
ifneq ($(wildcard offline/wheels),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := offline/wheels
endif

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' $(MAKEFILE_LIST))

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Make the environment and fetch the jars
	@$(BIN)/python -m workshop fetch

lab: setup ## Open JupyterLab on the first lesson
	@$(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) notebooks/00_start_here.ipynb

run: setup ## Execute all lessons without a browser, into build/executed/; ARGS=--solved solves them
	@$(BIN)/python -m workshop run $(ARGS)

book: setup $(BOOK) ## Make a site of the executed lessons, to browse and to search: build/book/html
	@$(BIN)/python -m book $(ARGS)

test: setup $(BOOK) browser ## Run all tests; PROTOBUF=pinned runs them on the protobuf that the SDK asks for
	@$(if $(filter pinned,$(PROTOBUF)),PYTHONPATH=$(abspath $(PINNED)) )$(BIN)/python -m pytest $(ARGS)

browser: ## Install Chromium, which the tests of the dashboard need, if root can by apt
	@command -v chromium > /dev/null || command -v chromium-browser > /dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get > /dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq \
	    --no-install-recommends chromium fonts-dejavu-core > /dev/null; } || \
	  echo "There is no Chromium for the browser tests. On Debian and Ubuntu: sudo apt-get install chromium"

test-compose: setup ## Build the images from nothing and test them in containers; needs podman and root
	@$(BIN)/python -m pytest tests/compose $(ARGS)

chaos: setup ## Kill processes at random for six minutes while names flow; ARGS="--seed 7"
	@$(BIN)/python -m tests.chaos $(ARGS)
	@$(BIN)/python -m tests.chaos.cycles

stop: $(READY) ## Stop the stack, if "python -m workshop up" started one
	@$(BIN)/python -m workshop down

doctor: $(READY) ## Check this machine; every line is a tick or the command that mends it
	@$(BIN)/python -m workshop doctor

protos: $(READY) ## Compile protos/ anew
	@$(BIN)/protoc --proto_path=protos --python_out=greeter --pyi_out=greeter messages.proto

syllabus: $(READY) ## Write notebooks/README.md anew from the lessons
	@$(BIN)/python -m workshop syllabus

lint: $(READY) ## Check format, style, types, spelling, and that the notebooks hold no outputs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/nbstripout --verify notebooks/*.ipynb
	@$(BIN)/codespell

test-bundle: setup ## Write an offline bundle, set it up where there is no network, and be greeted
	@WORKSHOP_BUNDLE=1 $(BIN)/python -m pytest tests/test_bundle.py $(ARGS)

lock: $(READY) ## Resolve the jars anew and write the lock file
	@$(BIN)/python -m workshop.stack.resolve

fuzz: $(READY) ## Send 100,000 mutated requests to the deployed greeter; takes some minutes
	@$(BIN)/python -m tests.fuzz $(ARGS)

leaks: setup ## Start and stop twenty times, kill twenty kernels during a start: nothing may stay
	@WORKSHOP_LEAK_CYCLES=20 $(BIN)/python -m pytest tests/test_leaks.py $(ARGS)

bounded: setup ## Send 200,000 names through a stack whose bounds are small: disk and memory stay
	@$(BIN)/python -m tests.bounded $(ARGS)

bench: setup ## Measure, with small sizes; prints tables and ratios
	@$(BIN)/python bench/first_greeting.py --rounds 2
	@$(BIN)/python bench/latency.py --seconds 10
	@$(BIN)/python bench/serving.py --names 6000 --rounds 1
	@$(BIN)/python bench/growth.py --names 1000 --names 20000 --visits 5000 --rounds 1
	@$(BIN)/python bench/memory.py --names 5000 --rounds 1
	@$(BIN)/python bench/recovery.py --rounds 1 --peer 0
	@$(BIN)/python bench/series.py 00 04
	@$(BIN)/python bench/live.py --seconds 5 --page-seconds 0
	@$(BIN)/python bench/room.py --learners 1 --learners 2
	-@$(BIN)/python bench/simulation.py

clean: ## Delete the environment and everything that was built; the jars stay in the cache
	@rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(READY): requirements.txt requirements-dev.txt pyproject.toml jupyter-overrides.json \
    requirements-fast.txt $(wildcard statefun-protobuf/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "$(PYTHON) is older than 3.10. Name a newer one: make PYTHON=/path/to/python3.12"; exit 1; }
	@test ! -e offline/python || \
	  $(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' $$(cat offline/python) || { \
	  echo "This bundle is for Python $$(cat offline/python). Name it: make PYTHON=python$$(cat offline/python)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@$(PIP) -r requirements.txt -r requirements-dev.txt && \
	  $(PIP) --no-deps -e . ./statefun-protobuf -r requirements-fast.txt && \
	  $(PIP) --no-deps --upgrade --target $(PINNED) $$(grep '^protobuf==' requirements.txt) || { \
	  echo "Installing failed. With a network, run the same command again; it goes on from here."; exit 1; }
	@mkdir -p $(SETTINGS) && cp jupyter-overrides.json $(SETTINGS)/overrides.json
	@touch $@

$(BOOK): requirements-book.txt $(READY)
	@$(PIP) -r requirements-book.txt
	@touch $@
