#!/usr/bin/env bash
# Writes Sources/ApusSchema/Generated from protos/ (or into the folder given). protoc-gen-swift must be the version of
# swift-protobuf that Package.swift names; PROTOC_GEN_SWIFT gives its path when it is not in PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
into=${1:-Sources/ApusSchema/Generated}
plugin=${PROTOC_GEN_SWIFT:-$(command -v protoc-gen-swift || true)}
[[ -n $plugin ]] || { echo "protoc-gen-swift is not in PATH: build it from swift-protobuf and set PROTOC_GEN_SWIFT" >&2; exit 1; }
mkdir -p "$into"
mapfile -t protos < <(cd protos && find . -name '*.proto' -printf '%P\n' | sort)
protoc --plugin="protoc-gen-swift=$plugin" --proto_path=protos --swift_out="$into" \
    --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath --swift_opt=UseAccessLevelOnImports=true "${protos[@]}"
