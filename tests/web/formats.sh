#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: formats.sh EXPORTER
# One page in each of its forms, judged by an OpenMetrics parser that is not ours; and where it is served.
. "$(dirname "$0")/../support/exporter.sh" "$@"

openmetrics='Accept: application/openmetrics-text;version=1.0.0'
protobuf='Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'

# The three formats of one snapshot: tried again when a newer one came between.
judge() {
    curl -sf "$url/metrics" -o text.1 && curl -sf -H "$openmetrics" "$url/metrics" -o openmetrics &&
        curl -sf -H "$protobuf" "$url/metrics" -o protobuf && curl -sf "$url/metrics" -o text.2 &&
        cmp -s text.1 text.2 && /usr/bin/python3 "$directory/../judges/openmetrics.py" text.1 openmetrics protobuf >verdict
}

rising() {
    curl -sf "$url/metrics" | grep -q '^sockdiag_tcp_sockets_peak{state="time_wait"} [1-9][0-9]'
}

start --sample.interval=20ms
for _ in {1..40}; do curl -sf "$url/metrics" >/dev/null; done # a TIME_WAIT each, between samples
await 10 rising # so that histograms have more than one bucket
await 20 judge
pass "$(cat verdict)"

# Between two snapshots everything below is of one page.
same_page() {
    curl -sf "$url/metrics" -o plain && curl -sf -H 'Accept-Encoding: gzip' "$url/metrics" -o packed &&
        gzip -cd packed | cmp -s - plain && [ "$(stat -c %s packed)" -lt $(($(stat -c %s plain) / 3)) ] &&
        curl -sfI -H 'Accept-Encoding: gzip' "$url/metrics" -o head &&
        grep -qi "^content-length: $(stat -c %s packed).$" head
}
await 20 same_page
grep -qi '^content-encoding: gzip' head && grep -qi '^vary: accept, accept-encoding' head || fail "$(cat head)"
pass "gzip and HEAD are of the same page"
stop

start --web.listen-address=127.0.0.1:0 --web.listen-address=:10080 --web.listen-address='[::1]:10081'
await 5 curl -sf http://127.0.0.1:10080/-/healthy
expect "the other family" 200 'http://[::1]:10080/metrics'
expect "an address of one family" 200 'http://[::1]:10081/metrics'
expect "which the other is not" 000 http://127.0.0.1:10081/metrics
first=$(sed -n 's/.*listening on \(127.0.0.1:[0-9]*\)".*/\1/p' log)
expect "a port of the kernel's" 200 "http://$first/metrics"
stop
pass "several addresses, and both families on :port"
