# `make help` lists the targets. All but those marked need only Go.

SHELL := /bin/bash
.DEFAULT_GOAL := build
export CGO_ENABLED ?= 1
# The toolchain that go.mod names, also where an image says GOTOOLCHAIN=local: its
# standard library is part of the program.
export GOTOOLCHAIN := auto

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build ./bin/portctl
	go build -trimpath -o bin/portctl ./cmd/portctl

.PHONY: test
test: ## run all tests that need Go alone
	go test ./...

.PHONY: race
race: ## run the same tests under the race detector (needs a C compiler)
	go test -race ./...

.PHONY: lint
lint: ## check formatting, vet, staticcheck, dead code and the module file
	@out=$$(go tool gofumpt -l .); if [ -n "$$out" ]; then echo "gofumpt would change:"; echo "$$out"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	@out=$$(go tool deadcode -test -tags s3 ./... | grep -v _test.go); if [ -n "$$out" ]; then echo "nothing calls:"; echo "$$out"; exit 1; fi
	go mod tidy -diff
	go mod verify

.PHONY: fmt
fmt: ## format the code
	go tool gofumpt -w .

# Go's benchmarks, for benchstat in bin/bench.txt; then the program as a whole, as
# tables for docs/performance.md in bin/bench.md. BENCH=all adds 5,000 ports, large
# accounts and the published limit in real time, and takes hours. strace counts the
# fsyncs: without it that column is empty.
BENCH ?=
BENCHCOUNT ?= 1
.PHONY: bench
bench: bin/versitygw ## measure, for docs/performance.md (needs a C compiler); BENCH=all adds the long rows
	@mkdir -p bin
	set -o pipefail; go test -run '^$$' -bench . -benchmem -benchtime 0.3s -count $(BENCHCOUNT) ./... | tee bin/bench.txt
	set -o pipefail; PORTCTL_VERSITYGW=$(CURDIR)/bin/versitygw go run ./pkg/internal/testkit/bench $(if $(filter all,$(BENCH)),-all) | tee bin/bench.md
	set -o pipefail; go test -count=1 -timeout 1h -v -run '^TestLimits$$' ./pkg/internal/testkit/bench -limits.ports=1000 | tee bin/limits.txt
	@grep '^|' bin/limits.txt >> bin/bench.md

FUZZTIME ?= 60s
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s)
	@set -e; for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg; \
		done; \
	done

# Every JSON tag of the client and of the sandbox, renamed one at a time, must make
# a test of its own package fail. This takes half an hour.
.PHONY: mutate
mutate: ## find JSON tags of the API that no test looks at
	go run tools/mutate/main.go ./pkg/megaport ./pkg/megaport/sandbox

.PHONY: golden
golden: ## rewrite the expected outputs of tests; review the diff
	go test ./inventory ./pkg/plan ./pkg/apply ./pkg/megaport/sandbox ./cmd/portctl/internal/cli ./cmd/portctl/internal/render -update
	go test ./cmd/portctl -update

.PHONY: sandbox
sandbox: ## serve a simulated Megaport API on 127.0.0.1:8080
	go run ./cmd/portctl sandbox serve --listen 127.0.0.1:8080

# The S3 server is pinned in a module of its own: what tests need is no
# dependency of the program.
bin/versitygw: tools/go.mod tools/go.sum
	go -C tools build -o ../bin/versitygw github.com/versity/versitygw/cmd/versitygw

S3_PACKAGES ?= ./pkg/apply/ledger/... ./pkg/internal/testkit/...
.PHONY: test-s3
test-s3: bin/versitygw ## run the tests that need an S3 server, which they start and stop (needs a C compiler)
	PORTCTL_VERSITYGW=$(CURDIR)/bin/versitygw go test -race -count=1 -tags s3 -run 'S3|Server' $(S3_PACKAGES)

bin/actionlint: tools/go.mod tools/go.sum
	go -C tools build -o ../bin/actionlint github.com/rhysd/actionlint/cmd/actionlint

.PHONY: lint-workflows
lint-workflows: bin/actionlint ## check the workflows of GitHub, our own and those for others
	bin/actionlint -shellcheck= -pyflakes= .github/workflows/*.yml examples/github/*.yml

# A browser, and the rules of accessibility that it holds the pages against.
AXE ?= 4.14.1
bin/axe-$(AXE).js:
	@mkdir -p bin/npm && cd bin/npm && npm pack --silent axe-core@$(AXE) >/dev/null && tar xzf axe-core-$(AXE).tgz package/axe.min.js
	mv bin/npm/package/axe.min.js $@

BROWSER = go -C tools test -count=1 ./browser -args -portctl=$(CURDIR)/bin/portctl -inventory=$(CURDIR)/examples/emea-rollout.yaml -axe=$(CURDIR)/bin/axe-$(AXE).js
.PHONY: test-browser
test-browser: build bin/axe-$(AXE).js ## look at the HTML pages in a browser (needs chromium and npm)
	$(BROWSER)

.PHONY: screenshots
screenshots: build bin/axe-$(AXE).js ## roll the README's report out again, with its picture (needs chromium and npm)
	rm -rf docs/emea-rollout && mkdir docs/emea-rollout
	$(BROWSER) -screenshots=$(CURDIR)/docs/emea-rollout

# The land of the world, from Natural Earth: npm pack world-atlas@2.0.2, then
# make land TOPOLOGY=package/land-110m.json.
.PHONY: land
land:
	go run tools/land/main.go $(TOPOLOGY) > cmd/portctl/internal/report/land.path

# The database of vulnerabilities is a module as well, so that the answer hangs on
# nothing but what stands here; a newer one is found by
# `go list -m golang.org/x/vulndb@latest`.
VULNDB ?= v0.0.0-20261105234957-e22db6528018
bin/govulncheck: tools/go.mod tools/go.sum
	go -C tools build -o ../bin/govulncheck golang.org/x/vuln/cmd/govulncheck

.PHONY: vuln
vuln: bin/govulncheck ## look for known vulnerabilities in what the program calls
	@db=$$(go mod download -json golang.org/x/vulndb@$(VULNDB) | sed -n 's/^\t"Dir": "\(.*\)",$$/\1/p'); \
	test -n "$$db" && bin/govulncheck -db="file://$$db/data/osv" ./...

# The proof that nothing is bought twice; docs/reliability.md has the figures.
N ?= 10000
SEED ?= 1
.PHONY: simulate
simulate: ## play N (10000) random rollouts in virtual time; SEED (1) is the first batch's
	go test -count=1 -timeout 2h -v -run '^TestSimulation$$' ./pkg/internal/testkit/simtest -sim.cases=$(N) -sim.seed=$(SEED)

.PHONY: simulate-kill
simulate-kill: N = 300
simulate-kill: ## kill the real program at random instants in N (300) rollouts
	go test -count=1 -timeout 2h -v -run '^TestKills$$' ./pkg/internal/testkit/simtest -sim.kills=$(N) -sim.seed=$(SEED)

.PHONY: simulate-without
simulate-without: ## take protections away by overlays, one at a time, and show that a test fails
	go test -count=1 -timeout 2h -v -tags without -run '^TestWithout$$' ./pkg/internal/testkit/simtest

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist coverage.out
