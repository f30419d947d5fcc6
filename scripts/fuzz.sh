#!/usr/bin/env bash
# Builds the fuzz targets in a folder of their own and runs each for the seconds given, from its corpus in .build-fuzz/corpus.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
export APUS_FUZZ=1
flags=(--scratch-path .build-fuzz -c release)
echo "building the fuzz targets (the first time: several minutes)"
failed=()
for source in Fuzz/*/Fuzz.swift; do
    target=$(basename "$(dirname "$source")")Fuzz
    swift build "${flags[@]}" --product "$target"
    corpus=.build-fuzz/corpus/$target
    mkdir -p "$corpus" .build-fuzz/findings
    echo "==> $target for $seconds s"
    .build-fuzz/release/"$target" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=5 -print_final_stats=1 \
        -artifact_prefix=.build-fuzz/findings/"$target"- "$corpus" 2>&1 | tail -12 || failed+=("$target")
done
if ((${#failed[@]})); then echo "failed: ${failed[*]}; the inputs are in .build-fuzz/findings" >&2; exit 1; fi
