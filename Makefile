SWIFT ?= swift
BINARY = .build/debug/exportd
PACKAGES = libsqlite3-dev zlib1g-dev python3 tzdata

.PHONY: all build test lint demo install-tools clean

all: build

# Installs only what is missing, so that neither apt nor root is needed on a machine that has it.
install-tools:
	@missing=; \
	for package in $(PACKAGES); do \
	  dpkg -s $$package >/dev/null 2>&1 || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	  if [ "$$(id -u)" -ne 0 ]; then echo "missing:$$missing; run: sudo apt-get install$$missing"; exit 1; fi; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends $$missing; \
	fi

build: install-tools
	$(SWIFT) build --product exportd

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

# Unit and property tests, then the tests of the built binary, then those of the systemd unit in a real systemd, which
# need root. One configuration serves all.
test: PACKAGES += systemd iproute2 util-linux
test: install-tools
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build
	python3 Tests/EndToEndTests/run.py $(BINARY)
	python3 Tests/EndToEndTests/systemd/run.py $(BINARY)

# Anew each time: a demo writes over nothing.
demo: build
	@rm -rf demo
	@$(BINARY) demo --directory demo

clean:
	rm -rf .build demo
