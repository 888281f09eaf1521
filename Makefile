# The STS lab. `make lab` to learn, `make test` to check everything.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Bytecode makes every start of a kernel faster; some environments switch it off.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := lab
.PHONY: lab test bench check lint clean lock

# Open JupyterLab on the first notebook; ARGS are Jupyter's, e.g. ARGS=--no-browser.
lab: $(READY)
	$(BIN)/jupyter lab $(ARGS) notebooks/00_start_here.ipynb

# Run every test, notebooks included, in four processes; ARGS are pytest's, e.g. ARGS="-n 0 tests".
test: $(READY)
	$(BIN)/python -m pytest -n 4 $(ARGS)

# Measure the sandbox beside plain moto and MiniStack, the policy engine, Terraform, the checkers;
# run the series on other emulators.
bench: $(READY)
	$(BIN)/python tests/bench.py
	$(BIN)/python tests/bench_policy.py
	$(BIN)/python tests/bench_terraform.py
	$(BIN)/python tests/bench_checkers.py
	$(BIN)/python tests/bench_emulators.py

# The large checks as a whole: WHAT=all|again|browser|class|clients|crash|fuzz|reach|soak|supply
check: $(READY)
	$(BIN)/python tests/check.py $(WHAT)

# Check style, formatting, types, that imports go down only, and that notebooks carry no outputs.
lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/circles.py
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python tests/clean_notebooks.py

# Remove what the other targets made.
clean:
	rm -rf $(VENV) .venv-checkers .venv-clients .venv-ministack .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +

# Pin the newest versions of everything (needs uv), for pip and for conda, with their hashes.
lock:
	uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-annotate \
	    pyproject.toml --extra test --output-file requirements.lock
	{ printf 'name: sts-lab\nchannels:\n  - conda-forge\ndependencies:\n  - python=3.12\n  - pip\n'; \
	  printf '  - pip:\n      # The pins and hashes of requirements.lock; `make lock` writes both.\n'; \
	  sed -e ':a' -e '/\\$$/{N;s/ \\\n */ /;ta' -e '}' -e 's/.*/      - "&"/' requirements.lock; } > environment.yml

$(READY): requirements.lock pyproject.toml labhelpers/kernel_config
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 14) or sys.exit( \
	    "The lab needs Python 3.11, 3.12 or 3.13; this is %d.%d. Try make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP) install --no-deps --require-hashes --requirement requirements.lock
	$(PIP) install --no-deps --no-build-isolation --editable .
	@mkdir -p $(VENV)/etc/ipython
	@cp labhelpers/kernel_config $(VENV)/etc/ipython/ipython_kernel_config.py
	@touch $(READY)
