#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: lockdown.sh EXPORTER BUILD, in a guest
# A kernel that is locked down: the page lacks nothing, and events are counted. There is no way back, so this comes last.
. "$(dirname "$0")/guest.sh" "$@"

once page
for mode in integrity confidentiality; do
    echo $mode >/sys/kernel/security/lockdown
    once locked
    diff <(series page) <(series locked) >diff.log || fail "lockdown=$mode changes the page"
    start --collector.connect-failures
    curl --silent --fail --output served $url/metrics || fail "no page"
    has served 'sockdiag_exporter_events_enabled{event="connect_port_failure"} 1$'
    stop
    pass "lockdown=$mode leaves the page and events"
done
