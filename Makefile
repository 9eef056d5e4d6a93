# Callplane. `make run` and `make test` work on a bare Debian 12 with Go: what is missing is installed.
SHELL := /bin/bash -o pipefail
CACHE := $(CURDIR)/.cache
GO ?= go
ENGINE ?=

.PHONY: run engine test features bench build ui specs screenshots prompts asterisk deps-run deps-test check fuzz clean

run: deps-run prompts engine ui ## a working telephone system with a demo company; Ctrl-C stops it
	@$(GO) build -o $(CACHE)/callplane ./controller # go run would call Ctrl-C an error
	@exec $(CACHE)/callplane dev $(if $(ENGINE),--engine $(ENGINE))

# The engine of `make run`: FreeSWITCH where it is installed, else Asterisk from Debian.
engine:
	@case "$(ENGINE)" in \
	asterisk) $(MAKE) -s asterisk ;; \
	freeswitch) ;; \
	*) [ -x "$${FREESWITCH_HOME:-/usr/local/freeswitch}/bin/freeswitch" ] || command -v freeswitch >/dev/null || $(MAKE) -s asterisk ;; \
	esac

test: deps-test ## everything; ends with one line "N passed, N failed, N skipped"
	@$(MAKE) -s -j2 prompts asterisk ui specs # two of them wait for the network
	@$(MAKE) -s check
	@$(GO) build -o $(CACHE)/features ./integration/cmd/features
	@# The browser and a crowd of callers need all of the machine: beside them phones would miss their packets. They come last, alone.
	@browser=callplane/integration/browser; crowd='^TestCrowd$$'; { \
		$(GO) test -race -count=1 -p 2 -timeout 40m -json -skip "$$crowd" $$($(GO) list ./... | grep -vx $$browser); \
		$(GO) test -race -count=1 -timeout 20m -json -run "$$crowd" ./integration/service; \
		$(GO) test -race -count=1 -timeout 20m -json $$browser; } 2>&1 | $(CACHE)/features run

check:
	@bad=$$(gofmt -l $$(git ls-files '*.go')); [ -z "$$bad" ] || { echo "gofmt: $$bad"; exit 1; }
	@$(GO) vet ./...
	@$(GO) tool staticcheck ./...

features: ## what the last `make test` proved, one line a behaviour
	@$(GO) run ./integration/cmd/features table

bench: deps-test prompts asterisk ui specs ## figures side by side, printed as tables
	@$(GO) run ./integration/cmd/bench

build: ui
	@CGO_ENABLED=0 $(GO) build -trimpath -o bin/callplane ./controller

# What the portal is made of; it is built again when one of these has changed.
UI := admin/ui
UI_SOURCES = $(shell find $(UI)/src $(UI)/public -type f ! -name schema.d.ts) $(wildcard $(UI)/*.json $(UI)/*.ts $(UI)/*.cjs $(UI)/*.html)
ui: $(UI)/dist/index.html ## the portal, which becomes part of the binary

$(UI)/node_modules/.package-lock.json: $(UI)/package-lock.json
	@cd $(UI) && npm ci --no-fund --no-audit --loglevel=error

$(UI)/dist/index.html: $(UI)/node_modules/.package-lock.json $(UI_SOURCES) $(wildcard admin/api/*.go)
	@mkdir -p $(CACHE) && $(GO) run ./controller openapi > $(CACHE)/openapi.yaml
	@cd $(UI) && npm run -s api >/dev/null && npm run -s check && npm run -s build -- --logLevel warn && touch dist/index.html

SPECS := integration/browser
specs: $(SPECS)/node_modules/.package-lock.json ## what the specs of the portal need; the browser is Debian's

$(SPECS)/node_modules/.package-lock.json: $(SPECS)/package-lock.json
	@cd $(SPECS) && npm ci --no-fund --no-audit --loglevel=error

screenshots: ui specs prompts asterisk ## pictures of every screen for docs/
	@$(GO) test ./integration/browser -count=1 -screenshots $(CURDIR)/docs/screenshots

prompts: ## the system's announcements in five languages
	@$(GO) run ./media/cmd/prompts -out $(CACHE)/media

asterisk:
	@CACHE=$(CACHE)/asterisk deploy/fetch-asterisk.sh

deps-run:
	@deploy/deps.sh run

deps-test:
	@deploy/deps.sh test

FUZZTIME ?= 20s
fuzz: ## each fuzz target for FUZZTIME
	@for p in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz' || true); do \
			echo "$$p $$f"; $(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
		done; \
	done

clean: ## what make built and the demo company
	@rm -rf $(CACHE) .run bin features.out
