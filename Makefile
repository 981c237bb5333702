# make demo    run the demo on the sample pairs         make lint    check style
# make test    run the tests                            make ops     build the compiled operator in place
# make setup   only make the environment                make clean   remove what these made
#
# PYTHON=python3.12 chooses the interpreter (3.10 to 3.12; else the first found of 3.11, 3.12, 3.10).
# PIP_FLAGS=... goes to pip, for example to name an index that has the CPU build of torch.
# Every step can be interrupted and called again; what is done is not done twice.

VENV := .venv
BIN := $(VENV)/bin
DEMO_OUT := outputs/demo
STAMP := $(VENV)/.setup-done
PIP := $(BIN)/python -m pip --disable-pip-version-check install --no-input --retries 10 $(PIP_FLAGS)

# Asking each candidate to run a line, because a name on the path may be a launcher with no Python behind it.
find_python = $(shell for python in python3.11 python3.12 python3.10 python3 python; do \
	$$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' \
	>/dev/null 2>&1 && echo $$python && break; done)

.PHONY: demo test lint ops setup clean
.DELETE_ON_ERROR:

demo: $(STAMP)
	$(BIN)/python demo/image_pair_demo.py --samples --out-dir $(DEMO_OUT)

test: $(STAMP)
	$(BIN)/python -m pytest -q

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# Unlike the automatic build during set-up, this one fails when it cannot build.
ops: $(STAMP)
	$(BIN)/python -m difftracker.ops.build

setup: $(STAMP)

$(STAMP): requirements.txt setup.py pyproject.toml | $(BIN)/python
	$(BIN)/python -m ensurepip --upgrade >/dev/null
	$(PIP) "$$(grep '^torch==' requirements.txt)" --constraint requirements.txt
	$(PIP) --no-deps --only-binary=:all: --requirement requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

$(BIN)/python:
	@python='$(or $(PYTHON),$(find_python))'; \
	if [ -z "$$python" ]; then \
		echo 'set-up: expected a Python 3.10, 3.11 or 3.12 with venv, found none; name one with PYTHON=...' >&2; exit 1; \
	fi; \
	"$$python" -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 12) else \
		f"set-up: expected Python 3.10, 3.11 or 3.12, found {v[0]}.{v[1]}")' && \
	echo "$$python -m venv $(VENV)" && "$$python" -m venv $(VENV)

# The other folders of outputs/ are the user's.
clean:
	rm -rf $(VENV) $(DEMO_OUT) difftracker.egg-info .pytest_cache .ruff_cache
	rm -f difftracker/ops/_library.so difftracker/ops/_build.json
