#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: crowded_hash.sh EXPORTER BUILD, in a guest with thash_entries=64
# Long chains of sockets that change while they are listed: a list may miss or double some. The counts derived from the
# kernel's totals stay trusted meanwhile, and all are exact when the churn has ended.
. "$(dirname "$0")/guest.sh" "$@"
need dmesg
sockets=1000

dmesg | grep -q 'TCP established hash table entries: 64 ' || fail "the hash has not 64 entries"
fabricate "$sockets"
start_there --sample.interval=500ms --sample.detail-interval=500ms --sample.cpu-budget=100
there /usr/bin/python3 "$directory/churn.py" 2000 &
churn=$!
pids="$pids $churn"
pages=0
while kill -0 $churn 2>/dev/null; do
    there curl --silent --fail --output page $url/metrics
    has page 'sockdiag_exporter_derived_counts 1$'
    pages=$((pages + 1))
done
wait $churn || fail "no churn"

is_exact() {
    there curl --silent --fail --output page $url/metrics &&
        grep -q "^sockdiag_tcp_family_sockets{family=\"ipv4\",state=\"established\"} $((sockets + 2))$" page &&
        grep -q '^sockdiag_exporter_derived_drift_sockets{state="established"} 0$' page &&
        grep -q '^sockdiag_exporter_derived_drift_sockets{state="time_wait"} 0$' page
}
await 20 is_exact
pass "crowded chains: trusted on $pages pages under churn, exact after it"
