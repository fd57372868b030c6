# Every target works in .venv, which is made when it is missing, from nothing but Python >= 3.11 and make.
# `make help` lists the targets. PYTHON=... names the Python to use; T=... the tests to run; N=... how much of
# what a target does many times.

VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

TOOLS := $(CURDIR)/.tools/bin
GRPCURL := github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4
GHZ := github.com/bojand/ghz/cmd/ghz@v0.121.0

GENERATORS := .tools/proto
GENERATED := build/generated
IMAGE := proto/released.binpb
PROTOS := $(wildcard proto/pdp/v1/*.proto)
# Only a file with a service has something for gRPC in it.
SERVICES = $(shell grep -l '^service ' $(PROTOS))

CODE := pdp tests $(patsubst %/,%,$(sort $(dir $(wildcard benchmarks/*.py examples/*.py scripts/*.py))))

PYTHON ?=
T ?= tests
fuzz: N ?= 100000
fuzz-api: N ?= 10000
crash: N ?= 200

.DEFAULT_GOAL := help
.PHONY: help demo test oldest fuzz fuzz-api crash bench tools fmt check format lint types generated proto-lint \
	proto-breaking proto release-image clean distclean
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z-]+:.*##' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 16

# ---------------------------------------------------------------------------------------------------------- using it

demo: $(VENV)/.runtime ## start the server on the example, ask it, change its policy and restart it
	@$(BIN)/python -m examples.demo

test: $(VENV)/.test ## run the tests (T=tests/model for some of them)
	@$(BIN)/python -m pytest -n auto $(T)

oldest: .tools/oldest/.made ## run the tests with the oldest supported versions of everything needed at run time
	@.tools/oldest/bin/python -m pytest -n auto $(T)

fuzz: $(VENV)/.test ## compare index and definition on N=100000 random flows
	@$(BIN)/python -m tests.fuzz --flows $(N)

fuzz-api: $(VENV)/.test ## send N=10000 wrong requests to each service of a server
	@$(BIN)/python -m tests.fuzz_api --requests $(N)

crash: $(VENV)/.test ## kill a server N=200 times under writes, and look whether anything is lost
	@$(BIN)/python -m tests.crash --kills $(N)

bench: $(VENV)/.test ## measure the index, the server, then the store
	@$(BIN)/python -m benchmarks.index
	@$(BIN)/python -m benchmarks.rpc
	@$(BIN)/python -m benchmarks.store

# -------------------------------------------------------------------------------------------------------- changing it

fmt: $(VENV)/.dev ## format, and mend what the linter can mend
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

check: format lint types generated proto-lint proto-breaking ## all that must hold beside the tests

format: $(VENV)/.dev
	@$(BIN)/ruff format --check

lint: $(VENV)/.dev
	@$(BIN)/ruff check

types: $(VENV)/.dev
	@$(BIN)/mypy $(CODE)

generated: $(GENERATED)/.made
	@diff -r --exclude=__init__.py --exclude=__pycache__ pdp/v1 $(GENERATED)/pdp/v1 \
		|| { echo "pdp/v1 is not what proto/ generates: run make proto" >&2; exit 1; }
	@echo "Generated code is current"

proto-lint: $(VENV)/.dev
	@$(BIN)/buf lint
	@echo "Protos are well-formed and commented"

proto-breaking: $(VENV)/.dev
	@$(BIN)/buf breaking --against $(IMAGE)
	@echo "Protos break nothing that was released"

proto: $(GENERATED)/.made ## write pdp/v1 anew from proto/
	@rm -f pdp/v1/*_pb2*
	@cp $(GENERATED)/pdp/v1/*_pb2* pdp/v1/

release-image: $(VENV)/.dev ## at a release: what later protos must not break
	@$(BIN)/buf build --exclude-source-info --output $(IMAGE)

clean: ## remove caches and builds
	@rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

distclean: clean ## remove everything that make has made, tools and .venv too
	@rm -rf .venv .tools

# ---------------------------------------------------------------------------------------- environments and their tools
# One pip at a time: each stamp waits for the one before it.

$(BIN)/python:
	@scripts/make-venv $(VENV) $(PYTHON)

$(VENV)/.runtime: pyproject.toml | $(BIN)/python
	@echo "Installing what the server needs (about a minute the first time)"
	@$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	@echo "Installing what the tests need"
	@$(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@echo "Installing what the checks need"
	@$(PIP_INSTALL) --editable '.[test,dev]'
	@touch $@

.tools/oldest/.made: pyproject.toml scripts/oldest.py | $(BIN)/python
	@scripts/make-venv .tools/oldest $(PYTHON)
	@echo "Installing the oldest supported versions"
	@$(BIN)/python scripts/oldest.py > .tools/oldest/constraints.txt
	@.tools/oldest/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint .tools/oldest/constraints.txt --editable '.[test]'
	@touch $@

tools: $(TOOLS)/.$(notdir $(GRPCURL)) $(TOOLS)/.$(notdir $(GHZ)) ## build grpcurl and ghz into .tools/bin (needs Go)

$(TOOLS)/.$(notdir $(GRPCURL)):
	@$(call go-install,$(GRPCURL))

$(TOOLS)/.$(notdir $(GHZ)):
	@$(call go-install,$(GHZ))

# $(1): a Go module with its version. The stamp has the version in its name, so that a new one is built when it changes.
define go-install
	command -v go >/dev/null || { echo "make tools needs Go to build $(notdir $(1))" >&2; exit 1; }; \
	echo "Building $(notdir $(1)) (one to two minutes the first time)"; \
	mkdir -p $(TOOLS) && GOBIN=$(TOOLS) go install $(1) && touch $@
endef

$(GENERATORS)/.made: proto/requirements.txt
	@scripts/make-venv $(GENERATORS) $(PYTHON)
	@echo "Installing the code generators"
	@$(GENERATORS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# The folder stands for protos that were removed.
$(GENERATED)/.made: proto/pdp/v1 $(PROTOS) $(GENERATORS)/.made Makefile
	@rm -rf $(GENERATED) && mkdir -p $(GENERATED)
	@$(call generate,--python_out=$(GENERATED) --mypy_out=quiet:$(GENERATED) $(PROTOS))
	@$(call generate,--grpc_python_out=$(GENERATED) --mypy_grpc_out=quiet:$(GENERATED) $(SERVICES))
	@touch $@

# $(1): outputs and files. The plugins that write stubs are found on the path.
define generate
	PATH="$(CURDIR)/$(GENERATORS)/bin:$$PATH" $(GENERATORS)/bin/python -m grpc_tools.protoc --proto_path=proto $(1)
endef
