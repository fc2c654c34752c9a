# Versions of the tools that `make lint` runs; they are no dependencies of the program. `make deps` builds all of them.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ERRORLINT   := github.com/polyfloyd/go-errorlint@v1.8.0
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.1.4

# Those that make and check a release.
NFPM        := github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.2
CYCLONEDX   := github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0
HELM        := helm.sh/helm/v3/cmd/helm@v3.22.0
KUBECONFORM := github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0
COMPOSE     := github.com/compose-spec/compose-go/v2/cmd@v2.16.2
K8S_SCHEMAS := sigs.k8s.io/kubectl-validate@v0.0.4

# What make deps gets for them: programs, and modules that tests only read.
export LINT_TOOLS    := $(STATICCHECK) $(ERRORLINT) $(GOFUMPT) $(GOVULNCHECK)
export RELEASE_TOOLS := $(NFPM) $(CYCLONEDX) $(HELM) $(KUBECONFORM) $(COMPOSE)
export RELEASE_READS := $(K8S_SCHEMAS)

GO         ?= go
FUZZTIME   ?= 30s
CHAOSTIME  ?= 10m
FLEETTIME  ?= 30m
SOAKTIME   ?= 8h
SOAKRATE   ?= 2000
BENCHFLAGS ?=
DIST       ?= dist

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS   += --no-print-directory
.DEFAULT_GOAL := help
.NOTPARALLEL:
export PATH := $(PATH):/usr/sbin

# All is compiled in the same way, as `make build` does, so that nothing is compiled twice. The race detector wants cgo.
export CGO_ENABLED := 0
export GOFLAGS     := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)

# What has the linker set the version, from the tag.
VERSIONED = -ldflags "-X magent/internal/service.release=$$(deploy/release/version.sh)"

# Packages that compute and wait for nothing. `make test` runs them beside all others, with what these leave of the machine.
CALM = internal/fleet/simulation|test/arch|test/kubernetes|test/package
LEFT ?= nothing

# Packages in which one goroutine does all, in tests as well: the race detector has nothing to find there. test/arch
# checks that nothing runs beside it.
SINGLE = ascii|backend/ring|failover|replicate|internal/(binary|call|config|distribute|hot|placement|stats)|internal/fleet/(book|core|forward|lease|view|wal)

# The packages of the program, those of them in which goroutines share something, and the black-box suites in front of
# which a magent with the race detector makes sense. go test begins them in this order: the longest come first, so that
# no core waits for one of them at the end.
LONG  = ./internal/proxy ./cmd/magent ./internal/fleet/member
UNITS = $(LONG) $$($(GO) list ./... | grep -v /test/ | grep -vE '/($(LEFT))$$')
SHARE = $(LONG) $$($(GO) list ./... | grep -v /test/ | grep -vE '/($(LEFT))$$|^magent/($(SINGLE))$$')
RACED = ./test/failover ./test/redis ./test/behaviour ./test/reload ./test/nutcracker

# The longest of all suites. make test begins with them, for the same reason.
SLOW = ./test/foreign ./test/redis ./test/failover ./test/status ./test/upgrade

# Suites that need little of the machine, but at once: nothing else runs beside these three. And all others.
ALONE = ./test/bench ./test/chaos ./test/vip
BUSY  = $$($(GO) list ./test/... | grep -vE '/test/(bench|chaos|vip)$$' | grep -vE '/($(LEFT))$$')

# Runs one of the tools above.
TOOL = $(CURDIR)/deploy/dev/tool.sh

# All modules of this repository. Those beside the first are for the release and for tests.
MODULES = . deploy/release test/redis/clients test/soak/picture test/tools/telegraf

# What black-box tests are told.
BLACKBOX = MAGENT_ARTIFACTS=$(CURDIR)/artifacts MAGENT_BIN=$(CURDIR)/bin/magent NUTCRACKER_BIN=$(CURDIR)/bin/nutcracker

# A guard against tests that never end. The longest suite takes five minutes, and more on a busy machine or beside others.
GUARD = 40m

# Tests wait more than they work: more packages at once than there are cores, and of each more of those tests that say
# t.Parallel. `make lint` vets them.
TEST = $(GO) test -vet=off -count=1 -timeout $(GUARD) -p $$((2 * $$(nproc))) -parallel $$((4 * $$(nproc)))

# The same for two commands that run at the same time.
HALF = $(GO) test -vet=off -count=1 -timeout $(GUARD) -p $$(nproc) -parallel $$((2 * $$(nproc)))

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: deps
deps: ## install what is missing for all of this, by Debian's packages; make deps-run, -test, -race, -ha, -page, -release, -lint for a part
	@deploy/dev/deps.sh

DEPS = deps-run deps-test deps-race deps-ha deps-page deps-release deps-lint
.PHONY: $(DEPS)
$(DEPS): deps-%:
	@deploy/dev/deps.sh $*

.PHONY: build
build: ## build bin/magent and bin/nutcracker, static binaries
	CGO_ENABLED=0 $(GO) build -trimpath $(VERSIONED) -o bin/ ./cmd/magent ./cmd/nutcracker

.PHONY: run
run: deps-run build ## three memcacheds on loopback, magent in front, and what to try; Ctrl-C ends it
	@deploy/dev/tour.sh bin/magent

.PHONY: test-says
test-says:
	@echo 'make test: it first installs the Debian packages that are missing, as root or with sudo: on a fresh machine some 520, 1.5 GB.'
	@echo 'make test: the tests then take about twenty-five minutes on two cores; the first time some minutes more, to compile.'

# GOPROXY=off: what make deps has not downloaded fails at once, on every machine, and not when the network is away.
.PHONY: test
test: test-says deps build ## everything that proves it: unit, e2e, race, and 20000 inputs for each fuzz target
	@GOPROXY=off deploy/dev/beside.sh "$(MAKE) -o build together race LEFT='$(CALM)'" '$(MAKE) calm fuzz FUZZTIME=20000x'

.PHONY: calm
calm: # the tests that `make test` takes out of unit, e2e and race
	$(BLACKBOX) $(GO) test -vet=off -count=1 -p 1 -timeout $(GUARD) $$($(GO) list ./... | grep -E '/($(CALM))$$')
	CGO_ENABLED=1 $(GO) test -race -vet=off -count=1 -run TestSeeds -timeout $(GUARD) $$($(GO) list ./internal/... | grep -E '/($(CALM))$$')

.PHONY: unit
unit: ## unit tests, with the committed seeds of the fuzz targets
	$(TEST) $(UNITS)

.PHONY: together
together: build # unit and e2e as `make test` runs them: no core waits between the two
	$(BLACKBOX) $(TEST) $(SLOW) $(UNITS) $(BUSY)
	$(BLACKBOX) $(GO) test -vet=off -count=1 -p 3 -timeout $(GUARD) $(ALONE)

.PHONY: e2e
e2e: build ## black-box tests of bin/magent and bin/nutcracker with real servers and clients; screenshots go to artifacts/
	$(BLACKBOX) $(TEST) $(BUSY)
	$(BLACKBOX) $(GO) test -vet=off -count=1 -p 3 -timeout $(GUARD) $(ALONE)

# The black-box suites wait more than they work here as well. -short: what e2e repeats, because its moment is left to
# chance, is repeated less.
.PHONY: race
race: ## unit tests, and black-box tests of a magent with two loops, under the race detector
	CGO_ENABLED=1 $(GO) build -race $(VERSIONED) -o bin/magent-race ./cmd/magent
	CGO_ENABLED=1 $(GO) build -race $(VERSIONED) -o bin/nutcracker-race ./cmd/nutcracker
	CGO_ENABLED=1 $(HALF) -race $(SHARE) & units=$$!; \
	GORACE=halt_on_error=1 MAGENT_THREADS=2 MAGENT_BIN=$(CURDIR)/bin/magent-race NUTCRACKER_BIN=$(CURDIR)/bin/nutcracker-race $(HALF) -parallel $$((4 * $$(nproc))) -short $(RACED) || failed=1; \
	wait $$units && [ -z "$${failed:-}" ]

.PHONY: chaos
chaos: build ## faults strike for CHAOSTIME (10m); is what clients see linearizable? As long in each mode, and a fleet for FLEETTIME (30m)
	MAGENT_BIN=$(CURDIR)/bin/magent $(GO) test -count=1 -timeout 0 ./test/chaos -run 'TestLinearizable|TestModes$$' -v -duration $(CHAOSTIME) -each $(CHAOSTIME)
	MAGENT_BIN=$(CURDIR)/bin/magent $(GO) test -count=1 -timeout 0 ./test/chaos -run 'TestFleet$$' -v -fleet $(FLEETTIME)
	MAGENT_BIN=$(CURDIR)/bin/magent $(GO) test -count=1 -timeout 0 ./test/chaos -run 'TestFleetTimes$$' -v -times 10

.PHONY: ansible
ansible: deps-run deps-ha deps-release ## the role for Ansible on three hosts, under load; `make test` applies it to one
	$(GO) test -count=1 ./test/package -run 'TestAnsible' -v -three

.PHONY: soak
soak: build ## load and faults for SOAKTIME (8h), with SOAKRATE (2000) requests a second: does anything grow? The picture is artifacts/soak.png
	$(BLACKBOX) $(GO) test -count=1 -timeout 0 ./test/soak -run 'TestSoak$$' -v -soak $(SOAKTIME) -rate $(SOAKRATE)

.PHONY: versions
versions: build ## black-box tests with each memcached in a folder: make versions DIR=...
	@deploy/dev/versions.sh "$(DIR)"

.PHONY: fuzz
fuzz: ## each fuzz target for FUZZTIME (30s)
	@grep -roE '^func Fuzz[[:alnum:]_]+' --include='*_test.go' . | sort | while IFS=': ' read -r file _ target; do \
		echo "fuzz $${file%/*} $$target"; \
		$(GO) test -vet=off -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$${file%/*}" </dev/null || exit 1; \
	done

.PHONY: bench
bench: deps-test build ## magent beside nutcracker, as a Markdown table; BENCHFLAGS=-smoke for one short round
	$(GO) run ./test/bench run -magent bin/magent $(BENCHFLAGS)

.PHONY: bench-scale
bench-scale: deps-test build ## what a thousand servers, two hundred pools and ten thousand clients cost
	$(GO) run ./test/bench scale -magent bin/magent

.PHONY: lint
lint: private export GOPROXY := off
lint: deps-lint ## vet, staticcheck, errorlint, gofumpt, and govulncheck where its database can be reached
	@for m in $(MODULES); do \
		for check in '$(GO) vet' '$(TOOL) $(STATICCHECK)' '$(TOOL) $(ERRORLINT)'; do \
			echo "in $$m: $$check ./..."; \
			(cd $$m && $$check ./...) || exit 1; \
		done; \
	done
	@echo '$(TOOL) $(GOFUMPT) -l .'
	@badly=$$($(TOOL) $(GOFUMPT) -l .); \
	if [ -n "$$badly" ]; then echo "not formatted, run $(TOOL) $(GOFUMPT) -w on:"; echo "$$badly"; exit 1; fi
	@echo '$(TOOL) $(GOVULNCHECK) ./...'
	@if ! out=$$($(TOOL) $(GOVULNCHECK) ./... 2>&1); then \
		if grep -q 'fetching vulnerabilities' <<<"$$out"; then echo 'govulncheck: skipped, its database cannot be reached from here'; \
		else echo "$$out"; exit 1; fi; \
	fi

.PHONY: docs
docs: ## write the generated parts of docs/: the tables of flags and metrics
	UPDATE_DOCS=1 $(GO) test -count=1 -run TestDocs ./cmd/magent

.PHONY: release
release: ## a release in DIST (dist): archives, deb, rpm, images, SBOMs, chart, checksums; the same bytes each time
	@GO=$(GO) NFPM=$(NFPM) CYCLONEDX=$(CYCLONEDX) deploy/release/release.sh $(DIST)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist artifacts
