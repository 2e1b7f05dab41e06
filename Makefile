# Each target does all of its own set-up: virtual environment, package, and the system libraries of Qt and Xvfb.
# A second run with nothing changed goes straight to work.

VENV ?= .venv
# The processes share the tests file by file; each has a display of its own.
# What is marked slow is left to `make test-slow`.
SHARED = -n auto --dist loadfile --no-loadscope-reorder
PYTEST_ARGS ?= $(SHARED) -m "not slow"
export VENV

# Of the offline kit: platforms and Pythons.
KIT_PLATFORMS ?= linux-x86_64 windows-x86_64 macos-arm64
KIT_PYTHONS ?= 3.11 3.12 3.13 3.14

.PHONY: help demo test test-slow bench docs lint kit clean

help:
	@echo "make demo    read the sample case (without a display: a scripted reader does it and checks every number)"
	@echo "make test    run the tests"
	@echo "make test-slow  run those that take long"
	@echo "make lint    check style, types, layers, spelling and the plugin manifest"
	@echo "make docs    build the documentation into docs/_build/html"
	@echo "make bench   run the benchmarks and write their tables into docs/benchmarks"
	@echo "make kit     write the kits that install without a network into dist/"
	@echo "make clean   remove everything that these made"

demo:
	@tools/setup.sh "pyside6" display
	@tools/demo.sh

test:
	@tools/setup.sh "pyside6,dev" display judges
	@tools/with-display.sh $(VENV)/bin/python -m pytest $(PYTEST_ARGS)

test-slow:
	@$(MAKE) --no-print-directory test PYTEST_ARGS='$(SHARED) -m slow'

lint:
	@tools/setup.sh "pyside6,dev"
	@tools/lint.sh

docs:
	@tools/setup.sh "pyside6,dev,docs"
	@$(VENV)/bin/python -m sphinx -W --keep-going -E -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

# An environment of its own: the programs measured beside this one ask for older libraries. Without them it says so.
bench: VENV := .venv-bench
bench:
	@tools/setup.sh "pyside6,dev,cluster,bench" display || tools/setup.sh "pyside6,dev,cluster" display
	@tools/with-display.sh $(VENV)/bin/python benchmarks/run.py

kit:
	@tools/setup.sh "pyside6,dev"
	@for platform in $(KIT_PLATFORMS); do \
	    $(VENV)/bin/python tools/kit/build.py --platform $$platform --python $(KIT_PYTHONS) || exit 1; \
	done

clean:
	rm -rf $(VENV) .venv-bench demo-output docs/_build docs/api/generated build dist site
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
