#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: flaky.sh EXPORTER BUILD TEST...
# Run the test programs RUNS times (10) beside as many busy loops as there are CPUs, and print the output of
# those that fail. A test that depends on its time fails here.
set -u
exporter=$1 build=$2
shift 2

output=$(mktemp)
loops=
trap 'kill $loops 2>/dev/null; rm -f "$output"' EXIT
trap 'exit 1' INT TERM
for _ in $(seq "$(nproc)"); do
    while :; do :; done &
    loops="$loops $!"
done

failures=0
for round in $(seq "${RUNS:-10}"); do
    for program; do
        tests/run.sh "$exporter" "$build" "$program" >"$output" 2>&1 && continue
        echo "##### round $round"
        cat "$output"
        failures=$((failures + 1))
    done
    echo "##### round $round of ${RUNS:-10}: $failures failures so far"
done
[ "$failures" -eq 0 ]
