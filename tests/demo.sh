#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: demo.sh EXPORTER, from the top of the tree
# Run `make demo`: the status page must name its three troubles, and nothing may be left when it is ended.
exporter=$(realpath "$1")
. "$(dirname "$0")/support/script.sh"

# So that its processes can be found.
DEMO=$work PORT=10073 MINUTES=5 tests/demo/demo.sh "$exporter" >"$work/log" 2>&1 &
demo=$!
pids=$demo
page_has() { curl -sf http://127.0.0.1:10073/ | grep -q "$1"; }
await 120 page_has "CLOSE_WAIT, most at the listener 10.0.0.11:8081"
await 120 page_has "The accept queue of 10.0.0.11:8009 is full"
await 120 page_has "of the TCP ports from 10.0.0.11 to 10.0.0.60:9200 are in use"
pass "the status page names the three troubles of the demonstration"

grep -q "^open http://127.0.0.1:10073/ " "$work/log" && [ "$(wc -l <"$work/log")" = 1 ] || fail "not one line"
kill $demo && wait $demo || fail "exit code $?"
pids=
! grep -lz "^DEMO=$work$" /proc/[0-9]*/environ 2>/dev/null >"$work/left.log" || fail "processes are left"
pass "it ends when it is asked to, and leaves nothing"
echo "$passed passed, 0 failed"
