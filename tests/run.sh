#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: run.sh EXPORTER BUILD TEST...
# Run the test programs and scripts one after the other and print a summary. Fails if one of them fails.
# REQUIRE_NAMESPACES=1: a test that cannot make a network namespace fails instead of being skipped.
set -u
EXPORTER=$1 build=$2
export EXPORTER
shift 2

[ $# -gt 0 ] || { echo "no tests to run" >&2; exit 1; }
output=$(mktemp)
trap 'rm -f "$output"' EXIT
passed=0 failed=0 skipped=0 broken=
seconds=600 # the limit for each program, to report one that hangs
for program; do
    echo "=== $program"
    timeout --kill-after=10 "$seconds" "$program" "$EXPORTER" "$build" >"$output" 2>&1
    status=$?
    cat "$output"
    [ $status != 124 ] || echo "$program was killed: it did not finish within $seconds seconds"
    passed=$((passed + $(grep -c '^\[       OK \]' "$output")))
    case $status in
    0) ;;
    77) skipped=$((skipped + 1)) ;; # the whole program: tests/support/skip.h
    *)
        failed=$((failed + 1))
        broken="$broken $program"
        ;;
    esac
done
[ "$skipped" -eq 0 ] || echo "SKIPPED: $skipped program(s), see above for the reason"
[ -z "$broken" ] || echo "FAILED:$broken"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
