#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh TARGET SECONDS, from the top of the tree after `make fuzz-build`
# Fuzz one target. What reaches new code is added to build-fuzz/TARGET-corpus; the log is
# build-fuzz/TARGET.log, and is printed after a failure. The input that failed is build-fuzz/TARGET-...
set -u
target=$1 seconds=$2
log=build-fuzz/$target.log corpus=build-fuzz/$target-corpus dictionary=tests/fuzz/$target.dict
mkdir -p "$corpus"
[ ! -f "$dictionary" ] || set -- "$@" -dict="$dictionary"
shift 2

if ! "build-fuzz/tests/fuzz/fuzz_$target" -max_total_time="$seconds" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="build-fuzz/$target-" "$@" "$corpus" "tests/fuzz/seeds/$target" >"$log" 2>&1; then
    grep -v '^#[0-9]' "$log"
    echo "FAILED: fuzz-$target" >&2
    exit 1
fi
sed -n "s|^Done \([0-9]*\) runs in \([0-9]*\) .*|fuzz-$target: \1 runs in \2 s|p" "$log"
