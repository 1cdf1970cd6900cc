# Every target works from a clean clone, without root.

VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME  ?= 10s
TESTFLAGS ?=

GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := go run mvdan.cc/gofumpt@v0.12.0

# The version comes through -X: what git says about the tree is not asked for a second time.
BUILD := CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags '-s -w -buildid= -X main.version=$(VERSION)'

.DEFAULT_GOAL := build
.PHONY: build demo test lint cover bench soak fuzz cross clean help

build: ## build ./bootledger, one static file
	$(BUILD) -o bootledger ./cmd/bootledger

demo: build ## convert a made-up guest, upgrade it, reapply, roll back: some seconds
	@sh integration/sample/demo.sh ./bootledger

test: ## run all tests; those that need root, a network or LXC skip and say so
	go test $(TESTFLAGS) ./...

lint: ## run go vet, gofumpt and golangci-lint; a warning is an error
	go vet ./...
	@unformatted=$$($(GOFUMPT) -l .) || exit; \
	test -z "$$unformatted" || { echo "gofumpt would change:" $$unformatted >&2; exit 1; }
	$(GOLANGCI_LINT) run ./...

cover: ## run all tests and print how much of each function they reach
	go test -coverprofile=cover.out -coverpkg=./... ./...
	go tool cover -func=cover.out

bench: ## compare with insserv, etckeeper and a shell loop: needs root, and etckeeper for some
	go test -run "^$$" -bench . ./integration/bench

soak: ## kill the program and fail its calls in every way at every step: some hours
	go test -v -timeout 48h ./integration/crash -crash.every

fuzz: ## run every fuzz target for FUZZTIME (10s)
	@set -e; for package in $$(go list ./...); do \
		targets=$$(go test -list '^Fuzz' $$package); \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			echo "$$package $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$package; \
		done; \
	done

cross: ## build for every architecture that guests have, into dist/
	@set -e; for arch in amd64 arm64 386 arm; do \
		echo "dist/bootledger-linux-$$arch"; \
		GOOS=linux GOARCH=$$arch $(BUILD) -o dist/bootledger-linux-$$arch ./cmd/bootledger; \
	done

clean: ## remove what the other targets made
	rm -rf bootledger dist cover.out

help: ## print this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
