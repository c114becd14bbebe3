# One command per task; `make` lists them. Stacks are run by `python -m automation`, the local cloud by `python -m localcloud`.

STACK ?= local
PYTHON_BIN := .venv/bin/python
export LOCALCLOUD_HOME ?= $(CURDIR)/.localcloud
export LOCALCLOUD_COMMAND := make
LOCALCLOUD = $(PYTHON_BIN) -m localcloud
AUTOMATION = $(PYTHON_BIN) -m automation
ON_STACK = $(STACK) --local

.DEFAULT_GOAL := help
.PHONY: help setup environment up down preview destroy url status logs scale start \
        load watch test checks format lock format-check lint types quick containers bench changes judges lock template

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: environment  ## From source to an answering URL: set up, build, push, deploy, wait
	@$(AUTOMATION) up $(ON_STACK)

down: environment  ## The local stack and the local cloud gone: containers, networks, processes
	@$(LOCALCLOUD) down

url: environment  ## Print the local stack's URL and nothing else (make -s url)
	@$(AUTOMATION) url $(ON_STACK)

preview: environment  ## Say what `make up` would change
	@$(AUTOMATION) preview $(ON_STACK)

status: environment  ## Services, deployments, tasks, health, scaling, alarms, events (WATCH=1 redraws)
	@$(AUTOMATION) status $(ON_STACK) $(if $(WATCH),--watch)

logs: environment  ## The containers' log lines (SERVICE=name for one service)
	@$(AUTOMATION) logs $(ON_STACK) $(if $(SERVICE),--service $(SERVICE))

scale: environment  ## Run N tasks: make scale N=3 (SERVICE=name where there are several)
	@$(if $(N),,echo "error: N is missing" >&2; echo "  fix: make scale N=3" >&2; exit 2;) \
	$(AUTOMATION) scale $(N) $(ON_STACK) $(if $(SERVICE),--service $(SERVICE))

load: environment  ## Ask the local stack's URL again and again (SECONDS=60 CLIENTS=8)
	@url=$$($(AUTOMATION) url $(ON_STACK)) && \
	$(LOCALCLOUD) load "$$url" $(if $(SECONDS),--seconds $(SECONDS)) $(if $(CLIENTS),--clients $(CLIENTS))

watch: environment  ## A page that draws requests, response times, CPU and tasks of the local cloud
	@$(LOCALCLOUD) watch

destroy: environment  ## Delete the local stack's resources; the local cloud goes on
	@$(AUTOMATION) destroy $(ON_STACK)

start: environment  ## Start the local cloud without a stack
	@$(LOCALCLOUD) start

setup: environment  ## Only the set-up: .venv, Docker engine, base image
	@$(LOCALCLOUD) setup --dockerfile app/Dockerfile

environment:
	@sh setup/environment.sh

test: checks quick containers  ## All checks: format, lint, types, unit, program, local cloud, end to end

checks: format-check lint types

quick: setup  ## The tests that start no container
	$(PYTHON_BIN) -m pytest -q -m "not docker" -n 2

# Two at a time, each with local clouds of its own: most of their time is waiting. In the files' order: by default the
# files with the fewest tests go last, and the longest test of all is alone in its file.
containers: setup  ## The tests with real containers
	$(PYTHON_BIN) -m pytest -q -m docker -n 2 --dist loadfile --no-loadscope-reorder

format: environment  ## Format the code
	$(PYTHON_BIN) -m ruff format .
	$(PYTHON_BIN) -m ruff check --fix .

format-check: environment
	$(PYTHON_BIN) -m ruff format --check .

lint: environment  ## Lint, and check who imports whom
	$(PYTHON_BIN) -m ruff check .
	PYTHONPATH=.:app .venv/bin/lint-imports --no-cache

types: environment  ## Strict types
	$(PYTHON_BIN) -m mypy

lock:  ## Pin the dependencies of requirements*.in again, with hashes
	@for file in requirements-dev requirements requirements-deploy requirements-uv; do \
	  .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	    --no-emit-find-links --no-header $$file.in --output-file $$file.txt \
	    $$(case $$file in requirements|requirements-deploy) echo --constraint requirements-dev.txt ;; esac) || exit 1; \
	done  # a deployment runs with the versions that were tested
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header template/requirements-test.in --output-file template/requirements-test.txt

template: environment  ## Bring template/, what `pulumi new` copies, up to date: links to the files of this repository
	$(PYTHON_BIN) -m tests.template.links

judges: environment  ## Run test suites of others against local clouds: make judges JUDGES=FOLDER (ONLY=elbv2)
	@$(PYTHON_BIN) -m judges $(or $(JUDGES),judges-checkouts) $(if $(ONLY),--only $(ONLY))

bench: setup  ## Print the ratios of speed and size
	$(PYTHON_BIN) -m bench

changes: setup  ## Take running stacks through ordinary edits under load (ONLY="routes chain" SEED=1 WALKS=1 ENGINE=built-in)
	$(PYTHON_BIN) -m changes $(ONLY) $(if $(SEED),--seed $(SEED)) $(if $(WALKS),--walks $(WALKS)) \
	  $(if $(ENGINE),--engine $(ENGINE))
