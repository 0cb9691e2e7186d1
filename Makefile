# SPDX-License-Identifier: GPL-3.0-or-later
# The front door.  The build itself is meson's; this names what people do.

MAKEFLAGS += --no-print-directory
SECONDS_EACH ?= 60

build: ## build the program: build/wtg
	@command -v meson >/dev/null && command -v ninja >/dev/null || { \
	    echo "wtg is built with meson and ninja, which are not here." >&2; \
	    echo "On Debian 12, 'make install-deps' installs everything that is missing." >&2; exit 1; }
	@[ -f build/build.ninja ] || meson setup build >build.log 2>&1 || { \
	    cat build.log >&2; rm -f build.log; \
	    echo "Something that wtg needs is missing; on Debian 12, 'make install-deps' installs it." >&2; \
	    exit 1; }
	@rm -f build.log
	@ninja -C build

test: ## install what is missing, build, run every test
	@tools/install-packages build demo test
	@tools/test

demo: ## install what is missing, build, make a stick image of a sample and boot it
	@tools/install-packages build demo
	@$(MAKE) build
	@tools/demo

bench: ## measure everything beside its peers, into docs/benchmarks.md (an hour; QUICK=1: a smoke test)
	@tools/install-packages build bench
	@$(MAKE) build
	@tools/bench $(if $(QUICK),--quick) $(ROWS)
	@$(if $(QUICK),:,tools/bench --report)

bench-diagnose: ## spoil sticks in every known way, and count what diagnosis and repair make of it
	@tools/install-packages build
	@$(MAKE) build
	@ninja -C build tests/bench/bench-diagnose >/dev/null
	@build/tests/bench/bench-diagnose --limits

fuzz: ## fuzz every parser for SECONDS_EACH=60 seconds
	@tools/install-packages build fuzz
	@tools/fuzz $(SECONDS_EACH)

lint: ## clang, clang-tidy and clang-format over everything
	@tools/install-packages build lint
	@tools/lint

install-deps: ## install the Debian packages that building and testing need
	@tools/install-packages build demo test

clean: ## remove what was built
	rm -rf build build-asan build-tsan build-fuzz build-lint

help: ## show this
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

.PHONY: build test demo bench bench-diagnose fuzz lint install-deps clean help
