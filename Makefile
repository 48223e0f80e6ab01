# Every target sets up what it needs. "make help" lists them.

PYTHON ?= python3
VENV := .venv
# Never a script from the environment: its first line names the folder, which does not work for every path.
IN_VENV := $(VENV)/bin/python -m
# Two protobufs cannot both be what each package asked for; "make doctor" says whether all is as pinned.
PIP := $(IN_VENV) pip install --quiet --no-warn-conflicts --disable-pip-version-check
# What another protobuf can affect: messages and everything that reads, writes and serves them. The engine, the
# notebooks and the rest see bytes, and those are the same on both: tests/protobuf/ compares them.
ON_PROTOBUF := $(addprefix tests/,protobuf simulation greeter exercises faults test_byte_table.py test_cli.py \
    test_partitions.py test_pictures.py test_proto3.py test_protos.py test_serving.py test_serving_inside.py \
    test_small_module.py test_visits.py series/test_verdicts.py stack/test_change.py \
    stack/test_hosting.py stack/test_poison.py)
# Two at once: each waits for its processes about half of the time.
AT_ONCE := -n 2 --dist loadgroup --no-loadscope-reorder
# On all cores, with fewer random examples. Tests have their marks from what they use: tests/marks.py.
QUICKLY := -n auto -m "not stack and not kernel and not browser" --hypothesis-profile=quick
SETTINGS := $(VENV)/share/jupyter/lab/settings
CONFIG := $(VENV)/etc
READY := $(VENV)/.ready
BOOK := $(VENV)/.book
# JupyterLite, apart: JupyterLab itself must not load what it brings.
LITE := $(VENV)/lite
# The kernel of StateFun 3.x, with its SDK beside it.
KERNEL_3 := $(VENV)/share/jupyter/kernels/statefun-3
# The protobuf that the SDK asks for, beside the one that is used: "make test PROTOBUF=pinned".
PINNED := $(VENV)/pinned-protobuf
# A caller's settings for Python and pip are meant for other environments, and would break this one.
# Only where packages come from and how to get there is kept. PIP_USER, since pip.conf may set it too.
REACHING := INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS TRUSTED_HOST CERT CLIENT_CERT PROXY \
    CONFIG_FILE KEYRING_PROVIDER USE_DEPRECATED CACHE_DIR NO_CACHE_DIR TIMEOUT DEFAULT_TIMEOUT RETRIES
unexport $(filter-out $(addprefix PIP_,$(REACHING)),$(filter PIP_%,$(.VARIABLES)))
unexport PYTHONHOME PYTHONPATH PYTHONSAFEPATH PYTHONPLATLIBDIR PYTHONOPTIMIZE PYTHONWARNINGS
export PIP_USER := 0
# Who may read the checkout may read what is made in it, whatever the umask of whoever makes it.
SHARED := test -z "$$(find . -prune -perm -005)" || umask 022;
# What "python -m workshop bundle" wrote has its own packages: then no others are used.
ifneq ($(wildcard offline/wheels),)
export PIP_NO_INDEX := 1
export PIP_FIND_LINKS := offline/wheels
endif

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.*\#\#.*/\1/p' $(MAKEFILE_LIST))

help: ## Explain every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Create the environment and download the jars
	@$(IN_VENV) workshop fetch

lab: setup ## Open JupyterLab on the first lesson, with the whole project beside it
	@$(IN_VENV) jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root) --ServerApp.root_dir="$$PWD" \
	  --LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb $(ARGS)

run: setup ## Execute all lessons without a browser, into build/executed/; ARGS=--solved solves them
	@$(IN_VENV) workshop run $(ARGS)

book: setup $(BOOK) ## Build a site from the executed lessons, to browse and search: build/book/html
	@$(IN_VENV) book $(ARGS)

site: setup $(BOOK) $(LITE)/.ready ## Build the book with lessons that run in a browser tab: build/site
	@$(IN_VENV) book.site $(ARGS)

test: setup $(LITE)/.ready $(if $(filter pinned,$(PROTOBUF)),,$(BOOK) browser) ## Run all tests; PROTOBUF=pinned runs those that the SDK's own protobuf can affect, on it
	@$(if $(filter pinned,$(PROTOBUF)),PYTHONPATH="$$PWD/$(PINNED)" )$(IN_VENV) pytest \
	  $(if $(filter pinned,$(PROTOBUF)),$(QUICKLY) $(ON_PROTOBUF),$(AT_ONCE)) $(ARGS)

quick: setup lint $(BOOK) ## Lint, and run all tests that start no stack, no kernel and no browser; takes a minute
	@$(IN_VENV) pytest $(QUICKLY) $(ARGS)

soak: setup $(BOOK) $(LITE)/.ready ## Run the long versions of tests: kills, leaks, bounds, junk, absences; takes hours
	@WORKSHOP_SOAK=1 $(IN_VENV) pytest -m soak $(ARGS)

browser: ## Install Chromium and Firefox, which tests of the dashboard and the site need, if root can do so with apt
	@for package in chromium firefox-esr; do \
	  { command -v $$package || command -v $${package%-esr} || command -v $$package-browser; } > /dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get > /dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -yqq \
	    --no-install-recommends $$package fonts-dejavu-core > /dev/null; } || \
	  echo "There is no $$package for the browser tests. On Debian and Ubuntu: sudo apt-get install $$package"; \
	done

test-compose: setup ## Build the images from scratch and test them in containers; needs root, and podman or, with ENGINE=docker, Docker
	@$(if $(ENGINE),WORKSHOP_ENGINE=$(ENGINE) )$(IN_VENV) pytest tests/compose $(ARGS)

# In its own namespaces for mounts and processes: the logins exist only there, and nothing outlives it.
test-hub: setup browser ## Start a real JupyterHub as docs/room.md describes, and let two logins in; needs root and npm
	@unshare --mount --pid --fork --kill-child --mount-proc sh -c '"$$@"; exit $$?' sh \
	  $(IN_VENV) pytest tests/hub $(ARGS)

stop: $(READY) ## Stop the stack, if "python -m workshop up" started one
	@$(IN_VENV) workshop down

doctor: $(READY) ## Check this machine; each line is a tick or the command that fixes it
	@$(IN_VENV) workshop doctor

protos: $(READY) ## Compile protos/
	@$(IN_VENV) protoc --proto_path=protos --python_out=greeter --pyi_out=greeter messages.proto

syllabus: $(READY) ## Rewrite notebooks/README.md and the road map from the lessons
	@$(IN_VENV) workshop syllabus

lint: $(READY) ## Check format, style, types, spelling, and that the notebooks hold no outputs
	@$(IN_VENV) ruff format --check .
	@$(IN_VENV) ruff check .
	@$(IN_VENV) mypy
	@$(IN_VENV) nbstripout --verify notebooks/*.ipynb
	@$(IN_VENV) codespell_lib

test-bundle: setup ## Write an offline bundle and set it up without a network; install the simulation by itself
	@WORKSHOP_BUNDLE=1 $(IN_VENV) pytest tests/room/test_bundle.py tests/simulation/test_installed.py $(ARGS)

lock: $(READY) ## Resolve the jars again and write the lock file
	@$(IN_VENV) workshop.stack.java.resolve

classes: setup ## Record which classes Java loads when a stack starts, for its class archives
	@$(IN_VENV) workshop.stack.java.record_classes

bench: setup ## Run the measurements with small sizes; prints tables and ratios
	@$(VENV)/bin/python bench/first_greeting.py --rounds 2
	@$(VENV)/bin/python bench/latency.py --seconds 10
	@$(VENV)/bin/python bench/serving.py --names 6000 --rounds 1
	@$(VENV)/bin/python bench/growth.py --names 1000 --names 20000 --visits 5000 --rounds 1
	@$(VENV)/bin/python bench/memory.py --names 5000 --rounds 1
	@$(VENV)/bin/python bench/recovery.py --rounds 1 --peer 0
	@$(VENV)/bin/python bench/series.py 00 04
	@$(VENV)/bin/python bench/live.py --seconds 5 --page-seconds 0
	@$(VENV)/bin/python bench/room.py --learners 1 --learners 2
	-@$(VENV)/bin/python bench/simulation.py

clean: ## Delete the environment and everything that was built; the jars stay in the cache
	@rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis

$(READY): requirements.txt requirements-dev.txt pyproject.toml jupyter-overrides.json \
    jupyter-config.py ipython-config.py requirements-fast.txt requirements-3x.txt \
    $(wildcard statefun-protobuf/* statefun-3-kernel/*)
	@case "$$(pwd -P)" in *:*) \
	  echo "There is a colon in $$(pwd -P), and Python cannot create an environment in such a folder. Rename it."; \
	  exit 1;; esac
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "$(PYTHON) is older than 3.10. Specify a newer one: make PYTHON=/path/to/python3.12"; exit 1; }
	@test ! -e offline/python || \
	  $(PYTHON) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != sys.argv[1])' $$(cat offline/python) || { \
	  echo "This bundle is for Python $$(cat offline/python). Specify it: make PYTHON=python$$(cat offline/python)"; exit 1; }
	@$(SHARED) $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot create environments. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Installing into $(VENV); the first time takes a minute or two."
	@$(SHARED) $(PIP) -r requirements.txt -r requirements-dev.txt && \
	  $(PIP) --no-deps -e . ./statefun-protobuf -r requirements-fast.txt && \
	  $(PIP) --no-deps --upgrade --target $(PINNED) $$(grep '^protobuf==' requirements.txt) && \
	  $(PIP) --no-deps --upgrade --target $(KERNEL_3)/sdk -r requirements-3x.txt || { \
	  echo "Installing failed. With a network, run the same command again; it continues from here."; exit 1; }
	@$(SHARED) cp statefun-3-kernel/* $(KERNEL_3) && \
	  mkdir -p $(SETTINGS) $(CONFIG)/jupyter $(CONFIG)/ipython && \
	  cp jupyter-overrides.json $(SETTINGS)/overrides.json && \
	  cp jupyter-config.py $(CONFIG)/jupyter/jupyter_config.py && \
	  cp ipython-config.py $(CONFIG)/ipython/ipython_config.py
	@$(SHARED) touch $@

$(BOOK): requirements-book.txt $(READY)
	@$(SHARED) $(PIP) -r requirements-book.txt
	@$(SHARED) touch $@

$(LITE)/.ready: requirements-site.txt $(READY)
	@$(SHARED) $(PIP) --no-deps --ignore-requires-python --upgrade --target $(LITE) -r requirements-site.txt
	@$(SHARED) touch $@
