#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: prometheus.sh EXPORTER BUILD
# The judges that count: promtool reads the page, and a real Prometheus scrapes the exporter and is
# asked for what it got: plainly, over TLS with a password, and with native histograms. Prometheus is
# taken from $PATH or unpacked from the distribution's package into BUILD, so nothing is installed or
# started as a service.
exporter=$(realpath "$1") build=$(realpath "$2") directory=$(dirname "$(realpath "$0")")
"$directory/fetch_prometheus.sh" "$build" || exit 1
PATH=$PATH:$build/prometheus/usr/bin
. "$directory/support/script.sh"
need curl openssl
cd "$work"

query() {
    promtool query instant http://127.0.0.1:9090 "$1" | sed -n 's/.*=> \([^ ]*\) @.*/\1/p'
}

is_known() {
    [ -n "$(query "$1")" ]
}

is_number() { # EXPRESSION NUMBER
    [ "$(query "$1")" = "$2" ]
}

# prometheus_scrapes YAML FLAG...: a Prometheus with one job, until it has scraped
prometheus_scrapes() {
    printf 'global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: sockdiag\n%s\n' "$1" >prometheus.yml
    promtool check config prometheus.yml >/dev/null || fail "a wrong prometheus.yml"
    rm -rf data
    prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:9090 \
        --log.level=error "${@:2}" 2>prometheus.log &
    prometheus=$!
    pids="$pids $prometheus"
    await 60 is_known 'up{job="sockdiag"} == 1'
}

stop_prometheus() {
    kill "$prometheus"
    wait "$prometheus" || true
}

"$exporter" 2>log &
pids="$pids $!"
await 10 curl -sf http://127.0.0.1:10073/-/ready

# Over connections that the server closes first, which leaves it a TIME_WAIT each.
for _ in 1 2 3 4 5 6 7; do curl -sf -H 'Connection: close' http://127.0.0.1:10073/metrics -o page; done
promtool check metrics <page >complaints 2>&1 || fail "promtool: $(cat complaints)"
[ ! -s complaints ] || fail "promtool: $(cat complaints)"
pass "promtool check metrics accepts the page ($(grep -vc '^#' page) series)"

prometheus_scrapes '  static_configs: [{targets: ["127.0.0.1:10073"]}]'
# Those of the page above, and one of each question since: Prometheus has the number of a moment ago. Here and
# below a question is asked again: a late scrape makes all vanish until the next.
agrees_with_ss() {
    known=$(query 'sockdiag_tcp_sockets{state="time_wait"}') present=$(ss -Htan state time-wait | wc -l)
    echo "Prometheus knows of ${known:-no} TIME_WAIT sockets, ss of $present"
    [ "${known:-0}" -ge 7 ] && [ "$known" -le "$present" ]
}
await 15 agrees_with_ss
pass "Prometheus knows of $known TIME_WAIT sockets, ss of $present a moment later"
await 10 is_number 'count(sockdiag_tcp_sockets)' 10
# It asked for OpenMetrics, whose bounds have a point.
await 10 is_known 'sockdiag_tcp_sampled_sockets_bucket{state="time_wait",le="1000.0"}'
pass "it takes OpenMetrics, with classic buckets"
stop_prometheus

# No sample saw more listeners than there are now: the highest quantile is that, within the width of a bucket.
# While the budget stretches count samples, what stands in for them is observed too.
prometheus_scrapes '  static_configs: [{targets: ["127.0.0.1:10073"]}]' --enable-feature=native-histograms
await 30 is_known 'histogram_quantile(0.5, sockdiag_tcp_sampled_sockets{state="listen"})'
listeners='sockdiag_tcp_sockets{state="listen"}'
sampled='sockdiag_tcp_sampled_sockets{state="listen"}'
await 10 is_number "histogram_quantile(1, $sampled) >= bool on() $listeners / 1.1" 1
await 10 is_number "histogram_quantile(1, $sampled) <= bool on() $listeners * 1.1" 1
await 10 is_number "histogram_count($sampled) >= bool on() sockdiag_exporter_samples_total{sample=\"count\"}" 1
await 10 is_known 'histogram_quantile(0.9, sockdiag_ephemeral_port_sampled_utilization_ratio{protocol="tcp",scope="host"})'
! is_known 'sockdiag_tcp_sampled_sockets_bucket' || fail "classic buckets, so it was not protobuf"
pass "native histograms: their histogram_quantile is the number of listeners"
stop_prometheus

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem 2>/dev/null
{
    echo 'tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13}'
    /usr/bin/python3 "$directory/support/web_users.py" prometheus:secret
} >web.yml
promtool check web-config web.yml >/dev/null 2>&1 || fail "promtool refuses web.yml"
"$exporter" --web.listen-address=127.0.0.1:10074 --web.config.file=web.yml 2>tls.log &
pids="$pids $!"
prometheus_scrapes '  scheme: https
  basic_auth: {username: prometheus, password: secret}
  tls_config: {ca_file: server.pem}
  static_configs: [{targets: ["127.0.0.1:10074"]}]'
await 10 is_number 'count(sockdiag_tcp_sockets)' 10
await 10 is_number 'sockdiag_exporter_http_requests_total{handler="/metrics",code="401"}' 0
pass "Prometheus scrapes over TLS with a password"
echo "$passed passed, 0 failed"
