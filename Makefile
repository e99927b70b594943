# Each target sets up what it needs in .venv; nothing but make, Python 3.11 or later and pip's registry is asked for.
PYTHON ?= python3
BIN := .venv/bin
export MPLBACKEND := Agg

.NOTPARALLEL:
.PHONY: demo test check lint bench decision loops pulls verdicts forecast-study sbc clean help

demo: .venv/data.stamp  ## the main job: calibrate on real data, simulate, compare, write demo/report.html
	@$(BIN)/python -m sojourn.demo

test: .venv/dev.stamp  ## all tests, on two workers
	@$(BIN)/python -m pytest -n 2

check: lint test  ## everything that CI asks for

lint: .venv/dev.stamp  ## style, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p sojourn
	$(BIN)/mypy tests docs benchmarks
	$(BIN)/lint-imports --no-logo

bench: .venv/bench.stamp  ## engines side by side, into benchmarks/RESULTS.md; half an hour
	@$(BIN)/python -m benchmarks

loops: .venv/dev.stamp  ## repeat purchases forecast with and without differences between customers; some minutes
	@$(BIN)/python -m benchmarks.repeat_loops
	@$(BIN)/python -m benchmarks.choice_loops

pulls: .venv/dev.stamp  ## errors and intervals of effects pulled together, in planted worlds; some minutes
	@$(BIN)/python -m benchmarks.pulls

verdicts: .venv/dev.stamp  ## whether the verdict of a comparison keeps its promises, on many seeds; some minutes
	@$(BIN)/python -m benchmarks.verdicts

decision: .venv/dev.stamp  ## the whole decision page of docs/examples/first.toml, and how long it takes
	@$(BIN)/python -m benchmarks.decision_page

forecast-study: .venv/dev.stamp  ## whether intervals of forecasts cover, on 400 planted logs; some ten minutes of one processor, goes on where it was stopped
	@nice -n 10 $(BIN)/python -m benchmarks.forecast_study

sbc: .venv/dev.stamp  ## 1,000 planted scenarios calibrated: do intervals hold the truth? half an hour; goes on after a break
	@$(BIN)/python -m benchmarks.sbc

clean:  ## remove what the other targets made
	rm -rf .venv build dist demo *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1: /p' Makefile

.venv/data.stamp: .venv/venv.stamp pyproject.toml
	@echo "Installing sojourn and the demo's data into .venv (once; some minutes on a slow line) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[data]'
	@touch $@

.venv/dev.stamp: .venv/venv.stamp pyproject.toml
	@echo "Installing sojourn with its tests' and developers' tools into .venv (once; some minutes on a slow line) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

.venv/bench.stamp: .venv/venv.stamp pyproject.toml
	@echo "Installing sojourn and the engines that it is measured against into .venv (once; some minutes on a slow line) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

# The python named by PYTHON if it is recent enough, else the first one that is.
.venv/venv.stamp:
	@for python in "$(PYTHON)" python3.13 python3.12 python3.11 python3.14 python; do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv .venv && touch $@ && exit 0; \
			echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
		fi; \
	done; \
	echo "Python 3.11 or later is needed. Install it, or name one: make PYTHON=/path/to/python3.12" >&2; exit 1
