# `make help` lists the targets. All but those marked need only Go.

SHELL := /bin/bash
.DEFAULT_GOAL := build
export CGO_ENABLED ?= 1

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
lint: ## check formatting, vet, staticcheck and the module file
	@out=$$(go tool gofumpt -l .); if [ -n "$$out" ]; then echo "gofumpt would change:"; echo "$$out"; exit 1; fi
	go vet ./...
	go tool staticcheck ./...
	go mod tidy -diff
	go mod verify

.PHONY: fmt
fmt: ## format the code
	go tool gofumpt -w .

.PHONY: bench
bench: ## run the benchmarks
	go test -run '^$$' -bench . -benchmem ./...

FUZZTIME ?= 60s
.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (60s)
	@set -e; for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

# Every JSON tag of the client and of the sandbox, renamed one at a time, must make
# a test of its own package fail. This takes half an hour.
.PHONY: mutate
mutate: ## find JSON tags of the API that no test looks at
	go run tools/mutate/main.go ./pkg/megaport ./pkg/megaport/sandbox

.PHONY: golden
golden: ## rewrite the expected outputs of tests; review the diff
	go test ./inventory ./pkg/plan ./pkg/megaport/sandbox ./cmd/portctl/... -update

.PHONY: sandbox
sandbox: ## serve a simulated Megaport API on 127.0.0.1:8080
	go run ./cmd/portctl sandbox serve --listen 127.0.0.1:8080

# The S3 server is pinned in a module of its own: what tests need is no
# dependency of the program.
bin/versitygw: tools/go.mod tools/go.sum
	go -C tools build -o ../bin/versitygw github.com/versity/versitygw/cmd/versitygw

S3_PACKAGES ?= ./pkg/apply/ledger/...
.PHONY: test-s3
test-s3: bin/versitygw ## run the tests that need an S3 server, which they start and stop (needs a C compiler)
	PORTCTL_VERSITYGW=$(CURDIR)/bin/versitygw go test -race -count=1 -tags s3 -run 'S3|Server' $(S3_PACKAGES)

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist coverage.out
