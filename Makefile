PYTHON ?= python3
BIN := .venv/bin
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed: make PYTHON=python3.11 ...")'

.PHONY: docs toy8gauss toy25gauss swissroll mnist5k digits figures sweep_toy sweep_constraints w1-benchmark notebooks test test-long test-newest dist lint format benchmark benchmark-constraints benchmark-scaling torture clean

# Set-up: made again only when what it depends on has changed.
.venv/installed: pyproject.toml constraints.txt
	$(CHECK_PYTHON)
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[dev]'
	touch $@

.venv/benchmarks: .venv/installed
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[benchmarks]'
	touch $@

# Experiments, e.g. `make toy8gauss ARGS=--config.lipschitz=clip`
toy8gauss toy25gauss swissroll mnist5k digits: .venv/installed
	$(BIN)/python -m wgan_gp.main --config experiments/$@.py $(ARGS)
	@echo "next: open that report.html in a browser. 'source $(BIN)/activate' enters the environment; then"
	@echo "  wgan-gp train $@ --config.lipschitz=clip   trains under another constraint; 'make docs' explains why"

# Measures and draws the figures of docs/results.md; claims with a record in
# docs/images/evidence/claims are not measured again. ARGS=--redraw draws them from the
# stored numbers and measures nothing.
figures: .venv/installed
	$(BIN)/python -m wgan_gp.studies.evidence --out docs/images/evidence $(ARGS)

# Four constraints, four strengths, 8 seeds: the study of docs/results.md
sweep_toy: .venv/installed
	$(BIN)/python -m wgan_gp.studies.sweep --config experiments/$@.py $(ARGS)

# Every constraint over its strength, on three toys, 8 seeds
sweep_constraints: .venv/installed
	$(BIN)/python -m wgan_gp.studies.sweep --config experiments/$@.py $(ARGS)

# The tables of docs/w1_benchmark.md; cells that are there already are not run again.
# Hours on a CPU: `make w1-benchmark ARGS="--recipes tuned --lipschitz one_sided"` is
# this project's recipe alone.
w1-benchmark: .venv/installed
	$(BIN)/python -m wgan_gp.studies.w1_benchmark --out docs/w1_benchmark --table docs/w1_benchmark.md \
	  $(if $(findstring --recipes,$(ARGS)),,--recipes tuned published) \
	  $(if $(findstring --lipschitz,$(ARGS)),,--lipschitz one_sided two_sided) $(ARGS)

# Executes the notebooks in place; WGAN_GP_FAST=1 shrinks them
notebooks: .venv/installed
	JAX_PLATFORMS=cpu $(BIN)/python notebooks/execute.py notebooks/*.ipynb

test: .venv/installed
	JAX_PLATFORMS=cpu $(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

# All of them, those that take long too, and ten times as many generated cases
test-long: .venv/installed
	JAX_PLATFORMS=cpu WGAN_GP_CASES=10 $(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m "" $(ARGS)

# `make test` with the newest releases that pyproject.toml allows, not with those of
# constraints.txt. Their environment is `.venv-newest`: it is made once, and brought up
# to date each time.
test-newest: .venv-newest/bin/python
	.venv-newest/bin/python -m pip install -qq --upgrade --upgrade-strategy eager --editable '.[dev]'
	JAX_PLATFORMS=cpu .venv-newest/bin/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

.venv-newest/bin/python:
	$(CHECK_PYTHON)
	$(PYTHON) -m venv .venv-newest || { rm -rf .venv-newest; exit 1; }

# The documentation site, in build/site: the pages' commands and examples are tested, then
# the chapters are executed; a warning is an error
docs: .venv/installed
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[docs]'
	JAX_PLATFORMS=cpu $(BIN)/python -m pytest -m '' tests/test_pages.py tests/test_own_data_pages.py \
	  tests/test_docstring_examples.py tests/test_readme.py tests/test_critics_page.py tests/test_extending_page.py \
	  tests/test_from_pytorch_page.py tests/test_own_networks_page.py tests/test_about_pages.py tests/test_site.py
	JAX_PLATFORMS=cpu PYTHONPATH=. $(BIN)/python -m sphinx -W --keep-going -b html docs build/site
	@echo "the site: build/site/index.html"

# What a release would upload: built, looked at, installed and used elsewhere
dist: .venv/installed
	$(BIN)/python -m pip install -qq --constraint constraints.txt --editable '.[release]'
	$(BIN)/python -m tests.distribution

lint: .venv/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyrefly check

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Side by side with PyTorch; see benchmarks/README.md
benchmark: .venv/benchmarks
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.toy_speed
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.w1_speed
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.image_speed

# What each constraint costs; see benchmarks/README.md
benchmark-constraints: .venv/installed
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.constraint_speed

# What runs survive; 20 minutes at most, and writes the table of docs/reliability.md
torture: .venv/installed
	$(BIN)/python -m benchmarks.torture $(ARGS)

# The tables of docs/scaling.md
benchmark-scaling: .venv/benchmarks
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.scaling
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.many_runs
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.communication
	JAX_PLATFORMS=cpu $(BIN)/python -m benchmarks.startup

clean:
	rm -rf .venv .venv-newest build docs/generated *.egg-info .pytest_cache .ruff_cache
