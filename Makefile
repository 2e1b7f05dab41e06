# Each target does all of its own set-up: virtual environment, package, and the system libraries of Qt and Xvfb.
# A second run with nothing changed goes straight to work.

VENV ?= .venv
# Windows stay with one process; the others share the rest of the tests.
PYTEST_ARGS ?= -n auto --maxprocesses 4
export VENV

.PHONY: help demo test bench docs lint clean

help:
	@echo "make demo    read the sample case (without a display: a scripted reader does it and checks every number)"
	@echo "make test    run all tests"
	@echo "make lint    check style, types, layers, spelling and the plugin manifest"
	@echo "make docs    build the documentation into docs/_build/html"
	@echo "make bench   run the benchmarks and write their tables into docs/benchmarks"
	@echo "make clean   remove everything that these made"

demo:
	@tools/setup.sh "pyside6" display
	@tools/demo.sh

test:
	@tools/setup.sh "pyside6,dev" display
	@tools/with-display.sh $(VENV)/bin/python -m pytest $(PYTEST_ARGS)

lint:
	@tools/setup.sh "pyside6,dev"
	@tools/lint.sh

docs:
	@tools/setup.sh "pyside6,dev,docs"
	@$(VENV)/bin/python -m sphinx -W --keep-going -E -q -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench:
	@tools/setup.sh "pyside6,dev" display
	@tools/with-display.sh $(VENV)/bin/python benchmarks/run.py

clean:
	rm -rf $(VENV) demo-output docs/_build docs/api/generated build dist site
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
