#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: hidepid.sh EXPORTER, in a guest
# Other users' processes are hidden: the host's page lacks nothing, and that of namespaces says so.
. "$(dirname "$0")/guest.sh" "$@"

once page
once page_netns --collector.netns
has page_netns 'sockdiag_exporter_netns_processes_hidden 0'
mount -o remount,hidepid=2 /proc
once hidden
once hidden_netns --collector.netns
mount -o remount,hidepid=0 /proc
diff <(series page) <(series hidden) >diff.log || fail "hidepid=2 changes the page"
has hidden_netns 'sockdiag_exporter_netns_processes_hidden 1'
pass "with hidepid=2 the page has the same series"
