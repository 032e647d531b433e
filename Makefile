# `make run` and `make test` are all that a new machine needs (Python >= 3.11, make, a package registry).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CORES ?= all
# a file of tests runs in one process, so that what its tests share is made once
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder
SHARDS ?= 300
BITS ?= results/bits.json
STUDY ?= $(shell sed -n 's/^study: *//p' config/config.yaml)

.PHONY: docs-site docs-check notebooks env-docs help env env-dev run partial test test-fast test-slurm soak lint docs bench lock unlock clean-study repertoire \
	repertoire-quick paper paper-quick result-bits

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1	/' | expand -t 20

env: $(VENV)/.run-ready  ## the environment in .venv, from requirements.lock

env-dev: $(VENV)/.dev-ready  ## the same with what the tests need

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $(PYTHON) is $$($(PYTHON) -V); allowed: Python >= 3.11 (make PYTHON=python3.12 ...)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run-ready: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what requirements.lock says into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev-ready: requirements-dev.lock $(VENV)/.run-ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

env-docs: $(VENV)/.docs-ready  ## the same with what the documentation site and notebooks need

$(VENV)/.docs-ready: requirements-docs.lock $(VENV)/.run-ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@

run: env  ## the study in config/config.yaml, to its figures
	@$(BIN)/ngnmm run --cores $(CORES)

partial: env  ## merges what there is of an unfinished study
	@$(BIN)/ngnmm partial --cores $(CORES)

test: env-dev lint  ## all tests (13 to 18 minutes on 2 cores)
	$(BIN)/python -m pytest $(BY_FILE)

test-fast: env-dev  ## the tests to run all day (2 to 3 minutes, the first time 5)
	$(BIN)/python -m pytest $(BY_FILE) -m "not slow"

test-slurm: env-dev  ## what clusters do to jobs, on a one-node SLURM of our own (root on Debian; 7 to 11 minutes)
	NGNMM_TEST_SLURM=1 $(BIN)/python -m pytest tests/slurm --durations=5

soak: env-dev  ## SHARDS=300 shards with faults at random, and nothing lost
	NGNMM_SOAK_SHARDS=$(SHARDS) $(BIN)/python -m pytest -s tests/workflow/test_soak.py

lint: env-dev  ## style, import contracts, Snakemake's own checks
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy --num-workers auto
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

repertoire: env  ## the comparison of models over their published ranges (repertoire-quick: coarse grids, minutes)
	@$(BIN)/ngnmm run repertoire --cores $(CORES)

repertoire-quick: env
	@$(BIN)/ngnmm run repertoire_quick --cores $(CORES)

paper: env  ## the figures of arXiv:2512.03907 (paper-quick: coarse meshes, minutes)
	@$(BIN)/ngnmm run paper --cores $(CORES)

paper-quick: env
	@$(BIN)/ngnmm run paper_quick --cores $(CORES)

docs: env  ## the schema and the generated tables of the documentation
	$(BIN)/ngnmm docs

docs-site: env-docs  ## the documentation as a site in site/, which opens without a network
	$(BIN)/python tools/site.py

docs-check: env-dev  ## the long commands of the documentation (half an hour)
	NGNMM_DOCS_CHECK=1 $(BIN)/python -m pytest tests/documentation

notebooks: env-docs  ## runs the notebooks of the documentation and keeps what they show
	$(BIN)/jupyter execute --inplace docs/notebooks/*.ipynb

bench: env-dev  ## speed beside C and other tools, to docs/benchmarks (20 minutes; PEERS=python with the others)
	OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 $(BIN)/python -m benchmarks.bench $(if $(PEERS),--peers $(PEERS))

result-bits: env  ## hashes of small studies' results, to BITS=results/bits.json (AGAINST=older.json compares)
	$(BIN)/python tools/result_bits.py run $(BITS)
	$(if $(AGAINST),$(BIN)/python tools/result_bits.py compare $(AGAINST) $(BITS))

lock:  ## new lock files and environment.yml (needs uv)
	$(PYTHON) tools/lock.py

unlock: env  ## removes the lock of a run that was killed; that of a living one stays
	@$(BIN)/ngnmm unlock

clean-study:  ## removes results/STUDY (asks first; STUDY=name)
	@case "$(STUDY)" in ""|.*|/*|*/.*) \
		echo "error: STUDY: '$(STUDY)' can't be a study; allowed: the name of a folder in results/" >&2; exit 1;; esac; \
		test -d "results/$(STUDY)" || { echo "error: results/$(STUDY): no such study; allowed: $$(ls results | xargs)" >&2; exit 1; }
	@printf 'Remove results/%s (%s)? [y/N] ' "$(STUDY)" "$$(du -sh results/$(STUDY) | cut -f1)"; \
		read answer; if test "$$answer" = y; then rm -rf "results/$(STUDY)" "logs/$(STUDY)"; else echo kept; fi
