#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: huge_pages.sh EXPORTER BUILD, in a guest
# Where transparent huge pages are used always, the exporter takes no more memory for it: 8 MiB at most.
. "$(dirname "$0")/guest.sh" "$@"

echo always >/sys/kernel/mm/transparent_hugepage/enabled
fabricate 2000
start_there
has_destinations() {
    there curl --silent --fail --output page $url/metrics && grep -q '^sockdiag_destinations{protocol="tcp"} 2' page
}
await 20 has_destinations
peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB$/\1/p' "/proc/$daemon/status")
[ "$peak" -le $((8 * 1024)) ] || fail "$peak KiB of memory"
pass "with huge pages always: $peak KiB at the most"
