SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

TOOLS := .cache/bin
LINT_VERSION := $(shell sed -n 's|.*golangci/golangci-lint/v2 \(v[0-9.]*\).*|\1|p' tools/go.mod)
LINT := $(TOOLS)/golangci-lint-$(LINT_VERSION)
TESTPOSTGRES := $(TOOLS)/testpostgres
GOTESTSUM := $(TOOLS)/gotestsum
HELM := $(TOOLS)/helm-$(shell sed -n 's|.*helm.sh/helm/v[0-9]* \(v[0-9.]*\).*|\1|p' tools/helm/go.mod)
MANIFESTS := $(TOOLS)/manifests
CADDY := $(TOOLS)/caddy
REDOCLY := tools/openapi/node_modules/.bin/redocly
SPECMATIC := tools/fuzz/node_modules/specmatic/specmatic.jar
AXE := tools/axe/node_modules/axe-core/axe.min.js
# tools is left out: it has no code of ours but tools/manifests, and linting that reads all of Kubernetes' types.
MODULES := $(patsubst %/,%,$(dir $(wildcard go.mod bench/go.mod examples/*/go.mod)))
TEST_FLAGS ?=
FUZZ_TIME ?= 10s

# Only "make build" needs the commit in its binary, whatever GOFLAGS says; asking
# git for it fails in a checkout that belongs to another user, as in many CI containers.
test test-long test-fast prove lint fmt bench latency ways: export GOFLAGS += -buildvcs=false

# each-module runs a command for every module, and fails in the end if one did.
each-module = @failed=; for module in $(MODULES); do $(1) || failed=1; done; [[ -z "$$failed" ]]

.PHONY: help
help: ## show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: test
test: system $(AXE) $(TESTPOSTGRES) $(GOTESTSUM) ## run all tests with the race detector, on a PostgreSQL of their own
	@scripts/test.sh -timeout 20m $(TEST_FLAGS)

.PHONY: test-long
test-long: system failovers document-tools $(CADDY) $(AXE) $(HELM) $(MANIFESTS) $(TESTPOSTGRES) $(GOTESTSUM) ## run the tests and those behind the build tag "long" (crashes, soak)
	@scripts/test.sh -tags long -timeout 60m $(TEST_FLAGS)

.PHONY: test-fast
test-fast: ## run the tests that need no server and build no binary (seconds; what the commit hook runs)
	go test $(TEST_FLAGS) $$(go list ./... | grep -vE '/(postgres|testdb|test|cmd)(/|$$)')

# SECONDS is how long, STORE is postgres (three instances), sqlite (one) or both, and SEED
# repeats the choices of a run. FAULTS names some faults, TIMES has each of them happen so
# often in place of a time, MIDNIGHT=1 sets all clocks ahead so that a calendar day turns within it, and BUG builds a mistake in. The process ends with 1 if a promise was broken, and with 3
# if something that was planned never happened; make shows the code and ends with 2.
SECONDS ?= 60
STORE ?= postgres
SEED ?= 0
FAULTS ?=
TIMES ?= 0
MIDNIGHT ?= 0
BUG ?=

.PHONY: prove
prove: ## let faults loose on real instances for SECONDS (60), and say in one line what came of it
	@scripts/require.sh $(if $(filter sqlite,$(STORE)),,postgresql)
	@go test -c -vet=off -o $(TOOLS)/prove ./test/torture
	@cd test/torture && $(abspath $(TOOLS))/prove -test.run '^TestProve$$' -test.timeout 0 -seconds $(SECONDS) -store $(STORE) -seed $(SEED) \
		-faults '$(FAULTS)' -times $(TIMES) -midnight=$(MIDNIGHT) -bug '$(BUG)'

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZ_TIME (10s)
	scripts/fuzz.sh $(FUZZ_TIME)

# KEYS adds the engine with that many keys, such as 1000000, whose import takes long. FLAGS
# are those of bench/cmd/bench, such as '-only verify -rounds 10 -baseline PATH'.
KEYS ?=
ENGINE_KEYS := 20000,100000
FLAGS ?=

.PHONY: bench
bench: ## measure the binary beside other ways to count, each checked for doing the work (20 minutes)
	@scripts/bench.sh -keys $(ENGINE_KEYS)$(addprefix $(shell printf ,),$(KEYS)) $(FLAGS)

.PHONY: latency
latency: ## measure what Ration adds to a call at a constant rate (10 minutes)
	@scripts/bench.sh -only latency -rates 1,10,100,1000 -seconds 20 -rounds 1 $(FLAGS)

.PHONY: ways
ways: ## measure the ways in that a gateway asks beside each other (8 minutes)
	@scripts/ways.sh

.PHONY: observed
observed: ## measure what metrics and traces cost (3 minutes)
	scripts/observed.sh

.PHONY: scale
scale: system ## measure what a million keys with a month of usage cost (half an hour)
	scripts/scale.sh

.PHONY: images
images: ## take the images of the README anew, of what "ration dev" shows
	@scripts/require.sh chromium
	go test ./test/browser -run TheReadmeShowsThePages -update

.PHONY: charts
charts: $(HELM) $(MANIFESTS) ## render anew what test/chart keeps of the Helm chart (builds Helm: minutes)
	go test -tags long ./test/chart -run Rendered -update

.PHONY: lint
lint: $(LINT) ## check style and find faults without running
	$(call each-module,(cd $$module && $(abspath $(LINT)) run ./...))

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(call each-module,(cd $$module && $(abspath $(LINT)) fmt ./...))

.PHONY: build
build: ## build the static binary bin/ration
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -o bin/ration ./cmd/ration

.PHONY: demo
demo: ## start Ration with an example API and a key to try
	go run ./cmd/ration dev

.PHONY: check
check: test lint ## run what CI runs

.PHONY: hooks
hooks: ## check format, vet and fast tests before each commit of this checkout
	git config core.hooksPath scripts/hooks

.PHONY: system
system:
	@scripts/require.sh cc curl bash-completion fish git openssl promtool postgresql pgbouncer python3 systemd-analyze fastapi wheel mypy express typescript npm chromium nginx haproxy wrk

# Only test-long keeps a database with Patroni.
.PHONY: failovers
failovers:
	@scripts/require.sh patroni etcd

# Only test-long holds the OpenAPI document against a linter and a fuzzer of others.
.PHONY: document-tools
document-tools: $(REDOCLY) $(SPECMATIC)
	@scripts/require.sh java

# npm ci takes what the lock file names, and runs none of its scripts. It gives files
# the time of nobody knows when.
$(REDOCLY): tools/openapi/package-lock.json
$(SPECMATIC): tools/fuzz/package-lock.json
$(AXE): tools/axe/package-lock.json
$(REDOCLY) $(SPECMATIC) $(AXE):
	@scripts/require.sh npm
	cd $(<D) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# go build decides what is out of date, quicker and better than make would.
.PHONY: $(TESTPOSTGRES)
$(TESTPOSTGRES):
	@go build -o $@ ./internal/testdb/cmd/testpostgres

$(GOTESTSUM): tools/go.mod tools/go.sum
	@cd tools && go build -o ../$@ gotest.tools/gotestsum

# Only test-long and charts run Helm.
$(HELM): tools/helm/go.mod tools/helm/go.sum
	cd tools/helm && CGO_ENABLED=0 go build -trimpath -o ../../$@ helm.sh/helm/v4/cmd/helm

$(MANIFESTS): $(wildcard tools/manifests/*)
	cd tools/manifests && CGO_ENABLED=0 go build -trimpath -o ../../$@ .

# Only test-long asks Ration from Caddy: to build it takes two minutes of two cores.
$(CADDY): tools/caddy/main.go tools/caddy/go.mod tools/caddy/go.sum
	cd tools/caddy && go build -ldflags=-w -o ../../$@ .

$(LINT): tools/go.mod tools/go.sum
	cd tools && go build -o ../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
