# `make` lists the targets. `make install` needs only python3 and make.
.DEFAULT_GOAL := help
.PHONY: help install check test chaos soak demo images-check broker bench fuzz findings format clean
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
MARKDOWN := $(wildcard *.md) docs findings common/README.md producer/README.md consumer/README.md ops/README.md
SCRIPTS := ops/broker ops/libraries ops/images/check ops/rabbitmq/make_users

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install everything into .venv; also uv (into .uv) and the studio's system libraries if they are missing
	@uv=$$(./ops/get_uv) && "$$uv" sync --quiet --all-packages --locked --compile-bytecode
	@$(PYTHON) ops/libraries

check: install ## lint, formatting of code and Markdown, types, import rules, lock file
	@.venv/bin/ruff check --quiet . $(SCRIPTS)
	@.venv/bin/ruff format --quiet --check . $(SCRIPTS)
	@.venv/bin/mdformat --check $(MARKDOWN)
	@.venv/bin/mypy --no-error-summary
	@out=$$(.venv/bin/lint-imports 2>&1) || { echo "$$out"; exit 1; }
	@uv=$$(./ops/get_uv) && "$$uv" lock --quiet --check

format: install ## format code and Markdown
	@.venv/bin/ruff format --quiet . $(SCRIPTS)
	@.venv/bin/mdformat $(MARKDOWN)

test: install ## run the tests; ARGS="-k word" for some; CI=true makes a missing broker a failure
	@.venv/bin/pytest -n 3 --dist loadfile $(ARGS)

chaos: install ## run real processes with random faults: CHAOS_SEED, CHAOS_RUNS=20, CHAOS_STORIES, CHAOS_FAULTS
	@GT_TEST_CHAOS=1 .venv/bin/pytest tests/chaos -s $(ARGS)

soak: install ## run a steady flow for SOAK_MINUTES=10 and check that nothing grows
	@GT_TEST_SOAK=1 .venv/bin/pytest tests/chaos/test_soak.py -s $(ARGS)

demo: broker ## make four videos through the whole chain on this machine (takes a few minutes)
	@./ops/demo

images-check: install ## build the images and run the compose services in them; needs root, no engine (ops/images/check --help)
	@$(PYTHON) ops/images/check

broker: install ## start a RabbitMQ at GT_AMQP_URL unless one answers (see ops/broker --help)
	@$(PYTHON) ops/broker up

bench: broker ## run the benchmarks
	@set -e; for file in benchmarks/*.py; do [ ! -e "$$file" ] || $(PYTHON) "$$file"; done

fuzz: ## feed malformed input to every parser, guided by coverage, for FUZZ_SECONDS=60 altogether
	@uv=$$(./ops/get_uv) && "$$uv" sync --quiet --all-packages --locked --compile-bytecode --group fuzz
	@PYTHONPATH=tests $(PYTHON) tests/fuzz/run.py

findings: ## run the scripts of findings/, which show surprises about outside software; FINDING_SECONDS=300 for each
	@./findings/run

clean: ## stop the broker of `make broker`, remove what was installed or built, and the demo's folder; outputs/ is kept
	@[ ! -x $(PYTHON) ] || $(PYTHON) ops/broker down
	@rm -rf .venv .uv .broker .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz .import_linter_cache .grimp_cache
	@find common producer consumer ops tests -name __pycache__ -type d -prune -exec rm -rf {} +
