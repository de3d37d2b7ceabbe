#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: lockdown.sh EXPORTER, in a guest
# A kernel that is locked down: the page lacks nothing. Events need more than "confidentiality" allows, and it says so.
# There is no way back, so this comes last.
. "$(dirname "$0")/guest.sh" "$@"
lockdown=/sys/kernel/security/lockdown
enabled='sockdiag_exporter_events_enabled{event="connect_port_failure"}'

# events VALUE: whether they can be counted
events() {
    start --collector.connect-failures
    curl --silent --fail --output served $url/metrics || fail "no page"
    grep -q "^$enabled $1\$" served || fail "$(cat $lockdown): not $enabled $1"
    stop
}

once page
echo integrity >$lockdown
events 1
pass "lockdown=integrity leaves events"
echo confidentiality >$lockdown
once locked
diff <(series page) <(series locked) >diff.log || fail "lockdown changes the page"
events 0
log_has 'no lockdown of the kernel' || fail "no reason"
pass "lockdown=confidentiality has the same series, without events"
