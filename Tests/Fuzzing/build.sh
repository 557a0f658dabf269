#!/usr/bin/env bash
# Builds the fuzzer: the JSON reader and the encoders of rows with coverage instrumentation, and nothing else of exportd.
# usage: build.sh DIRECTORY
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1
mkdir -p "$out"

module() {
  local name=$1
  shift
  "${SWIFTC:-swiftc}" -O -wmo -swift-version 6 -package-name exportd -enable-testing -sanitize=fuzzer -parse-as-library \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility -I "$out" -I Sources/CLibraries/CZlib -module-name "$name" "$@"
}

files() { find "$@" -name '*.swift' | sort; }

module TimeZones -emit-module -emit-object -emit-module-path "$out/TimeZones.swiftmodule" -o "$out/TimeZones.o" $(files Sources/TimeZones)
module ExportCore -emit-module -emit-object -emit-module-path "$out/ExportCore.swiftmodule" -o "$out/ExportCore.o" $(files Sources/ExportCore)
module Compression -emit-module -emit-object -emit-module-path "$out/Compression.swiftmodule" -o "$out/Compression.o" \
  $(files Sources/Compression)
module Parquet -emit-module -emit-object -emit-module-path "$out/Parquet.swiftmodule" -o "$out/Parquet.o" $(files Sources/Parquet)
module Formats -emit-module -emit-object -emit-module-path "$out/Formats.swiftmodule" -o "$out/Formats.o" \
  $(files Sources/Formats/{Catalogue,Compression,CSV,JSON,Parquet,Records,XML}) \
  Sources/Formats/{EventEncoder,ProfileEncoder,OutputBytes,Files/NameTable}.swift
module Fuzzing -o "$out/fuzz" \
  $(files Tests/FormatsTests/Fuzzing/{Decoded,Fuzzed}*.swift) Tests/Fuzzing/FuzzTarget.swift \
  "$out"/{Formats,Parquet,Compression,ExportCore,TimeZones}.o
