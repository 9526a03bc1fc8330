# Everything to be done with this repository. `make` alone lists it.

GO       ?= go
FUZZTIME ?= 20s
# The tests mostly wait, so three packages run at a time, and those that take
# longest begin first: the whole takes little longer than the first of them.
PACKAGES = -p 3 ./internal/faults ./examples/fullstack . ./bus/redis ./store/postgres ./...
SEEDS    ?= 10
MINUTES  ?= 55
ONLY     ?=
ARGS     ?=

.DEFAULT_GOAL := help
.PHONY: help deps check test bench perf mutants fuzz faults run

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

deps: ## install what the tests run: redis-server, postgresql, chromium, a C compiler
	@sh scripts/deps.sh

check: ## gofmt, go vet, staticcheck
	@unformatted=$$(find . -name '*.go' -not -path './.*' -exec gofmt -l {} +) && if [ -n "$$unformatted" ]; then echo "not gofmted:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

test: deps check ## all of the above, and every test under the race detector; a skipped test is a failure
	$(GO) run ./scripts/gotest -race -shuffle=on -timeout 14m $(PACKAGES)

bench: ## measure
	$(GO) test -run '^$$' -bench . -benchmem ./...

perf: ## what a hub costs as it grows, drawn to docs/performance.svg (four minutes, a quiet machine)
	$(GO) run ./scripts/perf

mutants: ## seed bugs one by one: the tests must catch each (13 minutes)
	$(GO) run ./scripts/mutants

fuzz: ## fuzz each target for FUZZTIME (20s)
	@sh scripts/fuzz.sh $(FUZZTIME)

faults: ## break everything SEEDS (10) times for at most MINUTES (55), and print the scorecard; ONLY is a regexp of faults
	$(GO) test -count 1 -v -run '^TestLong$$' -timeout 70m ./internal/faults -faults.long -faults.seeds=$(SEEDS) -faults.minutes=$(MINUTES) -faults.only='$(ONLY)'

run: ## both services of examples/fullstack in one process; flags in ARGS
	$(GO) run ./examples/fullstack $(ARGS)
