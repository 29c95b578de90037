# What a person does with this project. It takes Rust (through rustup, which reads rust-toolchain.toml), Python 3 and
# make; the rest is installed below .venv and .tools, once.

PYTHON ?= python3
CARGO_DENY := 0.20.2
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' Cargo.toml)
PACKAGE = $(CURDIR)/target/packages/aws-resource-manager-$(VERSION)-$(or $(ARCH),x86_64).zip
BINARY := $(or $(CARGO_TARGET_DIR),target)/debug/aws-resource-manager

# Every build of the tests, the demo and the checks takes the same features: those that the tests need. Without
# `--tests`, cargo would leave out the features that only dev-dependencies switch on (tokio's test-util), and build
# all SDK crates, minutes of work, a second time.
BUILD := cargo build --locked --tests --bins

venv := .venv/.installed
# Three programs that each pin another boto3: they cannot share a folder, not with the tests either.
sam := .venv-sam/.installed
checkov := .venv-checkov/.installed
ministack := .venv-ministack/.installed
deny := .tools/.cargo-deny-$(CARGO_DENY)
say = @printf '\n==> %s\n'

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Cargo locks its build directory: two commands at once would only wait for each other.
.NOTPARALLEL:
.PHONY: help build demo picture test check fmt fmt-check lint doc deny python prose docs template workflows infra lambda
.PHONY: package bench test-deploy clean
.PHONY: deploy status stop start report logs undeploy

help: ## list what there is to make
	@echo 'Usage: make TARGET'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## build the function and its tests (about 6 minutes the first time, then seconds)
	$(say) 'Building the function and its tests'
	$(BUILD)

demo: build $(venv) ## watch a project being stopped and started again in a simulated AWS account (one minute)
	@.venv/bin/python tests/demo --bootstrap $(BINARY)

picture: build $(venv) ## draw the README's picture anew, from what the demo shows
	@.venv/bin/python tests/demo --bootstrap $(BINARY) --draw

test: $(venv) ## run all tests: those of the simulated account, then those of the function
	$(say) 'Tests of the simulated account and of the demo'
	.venv/bin/python -m pytest tests/account tests/demo
	$(say) 'Tests of the function'
	RUST_TEST_THREADS=4 cargo test --locked

check: fmt-check python prose workflows infra deny lint doc test demo ## everything that a change must pass
	$(say) 'All checks passed'

fmt: $(venv) ## format the code
	cargo fmt
	.venv/bin/ruff format tests infra benches

fmt-check:
	$(say) 'Format'
	cargo fmt --check

python: $(venv) ## check the Python code
	$(say) 'Python code'
	.venv/bin/ruff check tests infra benches
	.venv/bin/ruff format --check tests infra benches

prose: $(venv) ## check the docs: spelling, links, names
	$(say) 'Docs'
	.venv/bin/typos
	.venv/bin/python -m pytest tests/docs

docs: ## write the tables of docs/reference.md and docs/kinds anew, from the code's own lists
	$(say) 'Tables of the docs'
	UPDATE_DOCS=1 cargo test --locked --lib reference::the_table

template: $(venv) ## write infra/template.yaml anew, from infra/base.yaml and a file for each kind in infra/kinds
	$(say) 'Template'
	.venv/bin/python infra/assemble.py

workflows: $(venv) ## check the workflows of GitHub
	$(say) 'Workflows'
	.venv/bin/zizmor --offline --quiet --no-progress --persona=pedantic .github

# Offline: the region is for the linters, which want to know which resources there are.
infra: export AWS_DEFAULT_REGION = us-east-1
infra: export SAM_CLI_TELEMETRY = 0
infra: $(venv) $(sam) $(checkov) ## check the deployment's template and the operators' commands
	$(say) 'Deployment'
	.venv-sam/bin/sam validate --lint --template infra/template.yaml
	.venv/bin/cfn-lint --non-zero-exit-code warning infra/template.yaml
	.venv-checkov/bin/checkov --skip-download --framework cloudformation --compact --quiet --file infra/template.yaml
	.venv/bin/python -m pytest tests/infra

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

# A zip with the function in it, as Lambda takes it, and its checksum.
package: lambda ## make the zip of a release in target/packages; ARCH=arm64 for Graviton
	$(say) 'Packing'
	mkdir -p target/packages
	cd target/lambda/aws-resource-manager && $(PYTHON) -m zipfile -c $(PACKAGE) bootstrap
	cd target/packages && sha256sum $(notdir $(PACKAGE)) > $(notdir $(PACKAGE)).sha256

# The release build, deployed to a local AWS. It needs no account and sends nothing to AWS.
test-deploy: lambda $(venv) $(sam) $(ministack) ## deploy to a local AWS, stop, start, and remove it again (3 minutes)
	$(say) 'Deploying to a local AWS'
	.venv/bin/python tests/infra/deployment --bootstrap target/lambda/aws-resource-manager

# --- For operators. These use your AWS credentials. Which deployment: CONFIG=, as `make deploy` saved it in
# infra/samconfig.toml, or STACK= and REGION=.

CONFIG ?= default
# What is given to make reaches the command in its environment, and as it was written: a reason may have any character,
# also a dollar sign, which make would expand.
override ONLY := $(value ONLY)
override REASON := $(value REASON)
export ONLY REASON DRY_RUN FORCE ARCH
operate = @PATH="$$PATH:$(CURDIR)/.venv/bin:$(CURDIR)/.venv-sam/bin" $(PYTHON) infra/operate $@ --config-env $(CONFIG) \
	--only="$$ONLY" --reason="$$REASON" --dry-run="$$DRY_RUN" --force="$$FORCE" --arch="$$ARCH" \
	$(if $(STACK),--stack $(STACK)) $(if $(REGION),--region $(REGION))

deploy: $(venv) $(sam) ## deploy to AWS: asks everything the first time, and nothing after that; ARCH=arm64 FORCE=1
	$(operate)

status: $(venv) ## what is stopped and what runs, and what it costs; ONLY=kind,kind:name
	$(operate)

stop: $(venv) ## stop the project: shows it, asks, follows it; ONLY= REASON= DRY_RUN=1 FORCE=1
	$(operate)

start: $(venv) ## start what was stopped, likewise
	$(operate)

report: $(venv) ## the last operation's report
	$(operate)

logs: $(venv) ## follow the function's logs
	$(operate)

undeploy: $(venv) $(sam) ## delete the deployment, but for the bucket; not while anything is stopped
	$(operate)

bench: lambda ## measure the built function against a plain script, and planning by itself (half an hour)
	$(say) 'The function against a plain script'
	.venv/bin/python benches/whole.py target/lambda/aws-resource-manager/bootstrap
	.venv/bin/python benches/whole.py target/lambda/aws-resource-manager/bootstrap --sizes 100 --rates
	$(say) 'Planning'
	cargo bench --locked --bench planning

clean: ## remove everything that was built or installed
	rm -rf .venv .venv-* .tools
	cargo clean

$(venv): tests/requirements.txt
	$(say) 'Installing the tools of the tests into .venv (a minute or two, once)'
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

.venv-%/.installed: tests/requirements-%.txt
	$(say) 'Installing $* into .venv-$* (a minute, once)'
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(deny):
	$(say) 'Installing cargo-deny into .tools (3 minutes, once)'
	cargo install --locked --root .tools cargo-deny@$(CARGO_DENY)
	@touch $@
