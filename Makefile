# What a person does with this project. It takes Rust (through rustup, which reads rust-toolchain.toml), Python 3 and
# make; the rest is installed below .venv and .tools, once.

PYTHON ?= python3
CARGO_DENY := 0.20.2
BINARY := $(or $(CARGO_TARGET_DIR),target)/debug/aws-resource-manager

# Every build of the tests, the demo and the checks takes the same features: those that the tests need. Without
# `--tests`, cargo would leave out the features that only dev-dependencies switch on (tokio's test-util), and build
# all SDK crates, minutes of work, a second time.
BUILD := cargo build --locked --tests --bins

venv := .venv/.installed
deny := .tools/.cargo-deny-$(CARGO_DENY)
ruff := --line-length 120
rules := --select E4,E7,E9,F,I,B,UP,SIM,RUF
say = @printf '\n==> %s\n'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Cargo locks its build directory: two commands at once would only wait for each other.
.NOTPARALLEL:
.PHONY: help build demo test check fmt fmt-check lint doc deny python lambda clean

help: ## list what there is to make
	@echo 'Usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the function and its tests (about 6 minutes the first time, then seconds)
	$(say) 'Building the function and its tests'
	$(BUILD)

demo: build $(venv) ## watch a project being stopped and started again in a simulated AWS account (one minute)
	@.venv/bin/python tests/demo --bootstrap $(BINARY)

test: $(venv) ## run all tests: those of the simulated account, then those of the function
	$(say) 'Tests of the simulated account and of the demo'
	.venv/bin/python -m pytest -q tests/account tests/demo
	$(say) 'Tests of the function'
	RUST_TEST_THREADS=4 cargo test --locked

check: fmt-check python deny lint doc test demo ## everything that a change must pass
	$(say) 'All checks passed'

fmt: $(venv) ## format the code
	cargo fmt
	.venv/bin/ruff format $(ruff) tests

fmt-check:
	$(say) 'Format'
	cargo fmt --check

python: $(venv) ## check the Python code of the tests
	$(say) 'Python code of the tests'
	.venv/bin/ruff check $(ruff) $(rules) tests
	.venv/bin/ruff format $(ruff) --check tests

deny: $(deny) ## check what the dependencies may be: deny.toml
	$(say) 'Dependencies'
	.tools/bin/cargo-deny --locked check --hide-inclusion-graph bans licenses sources

lint: ## run clippy
	$(say) 'Clippy'
	cargo clippy --locked --all-targets -- -D warnings

# `--examples`, of which there are none, is for the same features as everywhere else (see BUILD).
doc: ## build the documentation of the code
	$(say) 'Documentation'
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --lib --examples

lambda: $(venv) ## build what is deployed; ARCH=arm64 for Graviton
	$(say) 'Building for AWS Lambda'
	PATH="$(CURDIR)/.venv/bin:$$PATH" cargo lambda build --locked --release $(if $(filter arm64,$(ARCH)),--arm64,--x86-64)

clean: ## remove everything that was built or installed
	rm -rf .venv .tools
	cargo clean

$(venv): tests/requirements.txt
	$(say) 'Installing the tools of the tests into .venv (a minute or two, once)'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(deny):
	$(say) 'Installing cargo-deny into .tools (3 minutes, once)'
	cargo install --locked --root .tools cargo-deny@$(CARGO_DENY)
	@touch $@
