# jianwei: one command for each thing. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
DEMO := demo

.PHONY: help demo test lint bench bench-dns build deps test-deps clean-demo

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: deps ## build, run the main job on a loopback internet, show the leads (writes to ./demo)
	cargo build --release --example lab --bin jianwei
	bash scripts/demo.sh $(DEMO)

test: export PATH := $(CURDIR)/target/outside/bin:$(PATH)
test: test-deps ## the whole suite
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --no-fail-fast; \
	else cargo test; fi

lint: ## format, clippy and docs, all without a warning
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

bench: deps ## names a second, beside grep on the same file
	cargo build --release --bin jianwei
	bash scripts/bench.sh

bench-dns: deps ## bulk DNS against nsd, beside dnsperf, with and without lost packets
	@scripts/need.sh nsd:/usr/sbin/nsd dnsperf:dnsperf iproute2:ip nftables:/usr/sbin/nft
	cargo build --release --example dnsbench
	bash scripts/bench/dns.sh

build: ## the release binary
	cargo build --release --bin jianwei

deps: ## what the program itself needs from Debian
	@scripts/need.sh ca-certificates:/etc/ssl/certs/ca-certificates.crt gcc:cc

test-deps: deps ## what the suite needs besides: outside programs that check our files
	@scripts/need.sh python3:python3 python3-venv:python3 openssl:openssl libreoffice-calc-nogui:soffice
	@scripts/outside.sh

clean-demo: ## forget the demo's data
	rm -rf $(DEMO)
