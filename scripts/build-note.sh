#!/usr/bin/env bash
# Says, before the compiler goes quiet, how long it will take.
set -euo pipefail
if [[ -x .build/release/apus ]]; then
    echo "building what changed (nothing changed: about 10 seconds)"
else
    echo "first build: about 10 minutes on 2 cores, once; later builds only compile what changed"
fi
