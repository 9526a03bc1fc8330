# The tasks of this repository. `make` alone lists them.

GO       ?= go
FUZZTIME ?= 20s
# Modules besides the root: the tests that drive Chromium, and the linter.
BROWSER  = internal/browser
TOOLS    = internal/tools
# Most tests wait most of the time, so three packages run at once. Those that take longest
# begin first: all of them take little longer than the first.
PACKAGES = -p 3 ./internal/faults ./examples/fullstack . ./bus/redis ./store/postgres ./...
SEEDS    ?= 10
MINUTES  ?= 55
PAGE_MINUTES ?= 10
ONLY     ?=
ARGS     ?=

.DEFAULT_GOAL := help
.PHONY: help deps check test bench perf mutants fuzz faults upgrade soak abuse vuln page-long screenshots run

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' Makefile

deps: ## install the programs that the tests start: redis-server, postgresql, chromium, a C compiler
	@sh scripts/deps.sh

check: ## gofmt, go vet and staticcheck, over all modules
	@unformatted=$$(find . -name '*.go' -not -path './.*' -exec gofmt -l {} +) && if [ -n "$$unformatted" ]; then echo "not gofmted:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -C $(BROWSER) ./...
	$(GO) build -C $(TOOLS) -o $(CURDIR)/.cache/staticcheck honnef.co/go/tools/cmd/staticcheck
	.cache/staticcheck ./...
	cd $(BROWSER) && $(CURDIR)/.cache/staticcheck ./...

test: deps check ## deps (installs packages that are missing), check, every test under the race detector (a skipped test is a failure), and 5 s of each fuzz target
	$(GO) run ./scripts/gotest -module $(BROWSER) -race -shuffle=on -timeout 20m $(PACKAGES)
	@sh scripts/fuzz.sh 5s

bench: ## measure
	$(GO) test -run '^$$' -bench . -benchmem ./...

perf: ## measure what a hub costs as it grows, and draw docs/performance.svg (five minutes, on a quiet machine; needs redis-server)
	$(GO) run ./scripts/perf

mutants: ## seed bugs one by one: the tests must catch each (13 minutes)
	$(GO) run ./scripts/mutants

fuzz: ## fuzz each target for FUZZTIME (20s)
	@sh scripts/fuzz.sh $(FUZZTIME)

faults: ## inject each fault SEEDS (10) times for at most MINUTES (55), and print the scorecard; ONLY is a regexp of faults
	$(GO) test -count 1 -v -run '^TestLong$$' -timeout 70m ./internal/faults -faults.long -faults.seeds=$(SEEDS) -faults.minutes=$(MINUTES) -faults.only='$(ONLY)'

upgrade: ## replace a deployment of the commit BEFORE by this one while clients chat, hubs first and api first
	rm -rf .cache/before && mkdir -p .cache && git worktree prune && git worktree add -f --detach .cache/before $(BEFORE)
	cd .cache/before && $(GO) build -o ../before-fullstack ./examples/fullstack
	git worktree remove --force .cache/before
	$(GO) test -count 1 -v -run '^TestUpgrade$$' -timeout 20m ./internal/faults -faults.before="$(CURDIR)/.cache/before-fullstack"

soak: ## run for MINUTES (55) with a fault each 20 s: nothing may be lost, and memory must not grow
	$(GO) test -count 1 -v -run '^TestSoak$$' -timeout 3h ./internal/faults -faults.soak=$(MINUTES)

page-long: ## show a lively study on a slow machine for PAGE_MINUTES (10): no task may be long, and the page's memory must not grow
	cd internal/browser && $(GO) test -count 1 -v -run '^TestAPageThatIsOpenForLong$$' -timeout 2h . -browser.long=$(PAGE_MINUTES)

screenshots: ## write pictures of the page that the browser's tests see into .cache/screenshots
	mkdir -p .cache/screenshots
	cd internal/browser && $(GO) test -count 1 -timeout 20m . -browser.shots="$(CURDIR)/.cache/screenshots"

abuse: ## print what requests cost the hub, and let 20,000 clients come and go (two minutes); over a limit is a failure
	$(GO) test -count 1 -v -run '^(TestNoRequestAmplifies|TestNothingStaysOfClientsThatAreGone)$$' -timeout 20m . -abuse

vuln: ## look for known vulnerabilities in what the module uses; needs vuln.go.dev
	$(GO) run -C $(TOOLS) golang.org/x/vuln/cmd/govulncheck -C $(CURDIR) ./...

run: ## both services of examples/fullstack in one process; flags in ARGS
	$(GO) run ./examples/fullstack $(ARGS)
