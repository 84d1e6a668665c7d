# `make` lists the targets. `make install` needs only python3 and make.
.DEFAULT_GOAL := help
.PHONY: help browser install check test chaos soak demo images-check broker bench bench-check studio-report fuzz findings format clean
MAKEFLAGS += --no-print-directory
PYTHON := .venv/bin/python
MARKDOWN := $(wildcard *.md) docs findings common/README.md producer/README.md consumer/README.md ops/README.md
SCRIPTS := benchmarks/run ops/broker ops/browser ops/libraries ops/images/check ops/rabbitmq/make_users
# With the programs beside which it is measured; the next `make install` takes them out again.
BENCH := uv=$$(./ops/get_uv) && "$$uv" sync --quiet --all-packages --locked --compile-bytecode --group bench

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## install everything into .venv; also uv (into .uv) and the studio's system libraries if they are missing
	@uv=$$(./ops/get_uv) && "$$uv" sync --quiet --all-packages --locked --compile-bytecode
	@$(PYTHON) -m compileall -q common producer consumer  # uv compiles what it copies, not what it links to
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
	@.venv/bin/pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS) || { \
		[ $$? = 1 ] || exit; echo "What failed gets a second try, alone."; .venv/bin/pytest --last-failed $(ARGS); }

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

browser: install ## install the Chromium in which the tests look at pages, unless there is one
	@$(PYTHON) ops/browser

bench: ## measure beside task queues, and beside an older revision: ARGS="--quick", "--against REV", "--help"
	@$(BENCH) && $(PYTHON) ops/libraries && $(PYTHON) benchmarks/run $(ARGS)

bench-check: ## fail if a ratio of the quick set is 20 % lower than on docs/performance.md; ARGS="--only view"
	@$(BENCH) && $(PYTHON) ops/libraries && $(PYTHON) benchmarks/run --check $(ARGS)

studio-report: install ## look at the studio's work on 25 stories: .studio-report/index.html; ARGS="--quick", "--only NAME"
	@$(PYTHON) ops/libraries && $(PYTHON) benchmarks/films/report.py $(ARGS)

fuzz: ## feed malformed input to every parser, guided by coverage, for FUZZ_SECONDS=60 altogether
	@uv=$$(./ops/get_uv) && "$$uv" sync --quiet --all-packages --locked --compile-bytecode --group fuzz
	@PYTHONPATH=tests $(PYTHON) tests/fuzz/run.py

findings: ## run the scripts of findings/, which show surprises about outside software; FINDING_SECONDS=300 for each
	@./findings/run

clean: ## stop the broker of `make broker`, remove what was installed or built, and the demo's folder; outputs/ is kept
	@[ ! -x $(PYTHON) ] || $(PYTHON) ops/broker down
	@[ ! -d .bench ] || { rm -rf .bench; git worktree prune 2> /dev/null || true; }
	@rm -rf .venv .uv .broker .demo .studio-report .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz .import_linter_cache .grimp_cache
	@find common producer consumer ops tests -name __pycache__ -type d -prune -exec rm -rf {} +
