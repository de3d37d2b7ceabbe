#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: flaky.sh EXPORTER BUILD TEST...
# Run the tests RUNS times (10) beside as many busy loops as there are CPUs, and print the output of those that
# fail: for instance, those that depend on their time.
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
    tests/run.sh "$exporter" "$build" "$@" >"$output" 2>&1 || failures=$((failures + 1))
    awk 'NR == FNR { for (i = 2; $1 == "FAILED:" && i <= NF; i++) broken[$i]; next }
         $1 == "===" { on = $2 in broken }
         on' "$output" "$output"
    echo "##### round $round: $(tail -n 1 "$output")"
done
[ "$failures" -eq 0 ]
