# One command per task; `make` lists them. The local cloud's own commands live in `python -m localcloud`.

STACK ?= local
PYTHON_BIN := .venv/bin/python
LOCALCLOUD = $(PYTHON_BIN) -m localcloud

.DEFAULT_GOAL := help
.PHONY: help setup environment up down preview destroy url status logs scale start stop \
        test checks format format-check lint types unit bench

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: environment  ## From source to an answering URL: set up, build, push, deploy, wait
	@$(LOCALCLOUD) up --stack $(STACK)

down: environment  ## The local stack and the local cloud gone: containers, networks, processes
	@$(LOCALCLOUD) down --stack $(STACK)

url: environment  ## Print the local stack's URL and nothing else (make -s url)
	@$(LOCALCLOUD) url --stack $(STACK)

preview: environment  ## Say what `make up` would change
	@$(LOCALCLOUD) preview --stack $(STACK)

status: environment  ## Services, tasks and target health
	@$(LOCALCLOUD) status --stack $(STACK)

logs: environment  ## The containers' log lines (SERVICE=name for one service)
	@$(LOCALCLOUD) logs --stack $(STACK) $(if $(SERVICE),--service $(SERVICE))

scale: environment  ## Run N tasks: make scale N=3 (SERVICE=name where there are several)
	@$(if $(N),,echo "error: N is missing" >&2; echo "  fix: make scale N=3" >&2; exit 2;) \
	$(LOCALCLOUD) scale $(N) --stack $(STACK) $(if $(SERVICE),--service $(SERVICE))

destroy: environment  ## Delete the local stack's resources; the local cloud goes on
	@$(LOCALCLOUD) destroy --stack $(STACK)

start: environment  ## Start the local cloud without a stack
	@$(LOCALCLOUD) start

stop: environment  ## Stop the local cloud; its resources are gone
	@$(LOCALCLOUD) stop

setup: environment  ## Only the set-up: .venv, Docker engine, base image
	@$(LOCALCLOUD) setup

environment:
	@sh localcloud/setup/environment.sh

test: checks unit  ## All checks: format, lint, types, unit, program, local cloud, end to end

checks: format-check lint types

unit: setup
	$(PYTHON_BIN) -m pytest

format: environment  ## Format the code
	$(PYTHON_BIN) -m ruff format .
	$(PYTHON_BIN) -m ruff check --fix .

format-check: environment
	$(PYTHON_BIN) -m ruff format --check .

lint: environment  ## Lint
	$(PYTHON_BIN) -m ruff check .

types: environment  ## Strict types
	$(PYTHON_BIN) -m mypy

bench: setup  ## Print the ratios of speed and size
	$(PYTHON_BIN) -m bench
