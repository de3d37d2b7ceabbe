#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh EXPORTER BUILD TEST...
# Run the test programs and scripts, one on each CPU at a time, and print a summary. Fails if one of them fails.
# JOBS=1: one after the other.
# REQUIRE_NAMESPACES=1: a test that cannot make a network namespace fails instead of being skipped.
set -u
export EXPORTER=$1 build=$2
shift 2

[ $# -gt 0 ] || { echo "no tests to run" >&2; exit 1; }
results=$(mktemp -d)
export results
trap 'rm -rf "$results"' EXIT

# run PROGRAM: print its output in one piece when it has ended
run() {
    local seconds=600 # the limit, to report a program that hangs
    local output status others=--shared
    # The tracepoint counts events of the whole host: these tests run alone.
    [[ $1 != *tcp_events* ]] || others=--exclusive
    output=$(mktemp -p "$results" --suffix .output)
    flock --close "$others" "$results/statuses" timeout --kill-after=10 "$seconds" "$1" "$EXPORTER" "$build" >"$output" 2>&1
    status=$?
    [ $status != 124 ] || echo "$1 was killed: it did not finish within $seconds seconds" >>"$output"
    flock "$results" sed "1i === $1" "$output"
    [ -s "$output" ] || echo "=== $1"
    echo "$status $1" >>"$results/statuses"
}
export -f run

touch "$results/statuses"
# shellcheck disable=SC2016
printf '%s\n' "$@" | xargs -P "${JOBS:-$(nproc)}" -I PROGRAM bash -c 'run "$1"' - PROGRAM
passed=$(cat "$results"/*.output | grep -c '^\[       OK \]')
skipped=$(grep -c '^77 ' "$results/statuses") # whole programs: tests/support/skip.h
broken=$(sed -n '/^77 /d; s/^[1-9][0-9]* //p' "$results/statuses" | tr '\n' ' ')
failed=$(echo "$broken" | wc -w)
[ "$skipped" -eq 0 ] || echo "SKIPPED: $skipped program(s), see above for the reason"
[ -z "$broken" ] || echo "FAILED: $broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ] && [ "$(wc -l <"$results/statuses")" -eq $# ]
