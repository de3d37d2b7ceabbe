#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: prometheus.sh EXPORTER BUILD
# promtool checks the page, and a real Prometheus scrapes the exporter and is queried for the result:
# without TLS, over TLS with a password, and with native histograms. Prometheus comes from $PATH or from
# the distribution's package, unpacked into BUILD. Installs nothing and starts no service.
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

# prometheus_scrapes YAML FLAG...: start a Prometheus with one job and wait for a scrape
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

# The server closes these connections first, so each leaves it a TIME_WAIT.
for _ in 1 2 3 4 5 6 7; do curl -sf -H 'Connection: close' http://127.0.0.1:10073/metrics -o page; done
promtool check metrics <page >complaints 2>&1 || fail "promtool: $(cat complaints)"
[ ! -s complaints ] || fail "promtool: $(cat complaints)"
pass "promtool check metrics accepts the page ($(grep -vc '^#' page) series)"

prometheus_scrapes '  static_configs: [{targets: ["127.0.0.1:10073"]}]'
# The requests above and each query since leave one TIME_WAIT; the number in Prometheus is slightly older. Here
# and below queries are repeated, because after a late scrape all series vanish until the next.
agrees_with_ss() {
    known=$(query 'sockdiag_tcp_sockets{state="time_wait"}') present=$(ss -Htan state time-wait | wc -l)
    echo "Prometheus has ${known:-no} TIME_WAIT sockets, ss $present"
    [ "${known:-0}" -ge 7 ] && [ "$known" -le "$present" ]
}
await 15 agrees_with_ss
pass "Prometheus has $known TIME_WAIT sockets, ss $present shortly after"
await 10 is_number 'count(sockdiag_tcp_sockets)' 10
# Prometheus asked for OpenMetrics, where bounds have a decimal point.
await 10 is_known 'sockdiag_tcp_sampled_sockets_bucket{state="time_wait",le="1000.0"}'
pass "Prometheus accepts OpenMetrics, with classic buckets"
stop_prometheus

# The number of listeners does not fall, so the highest quantile equals it, within the width of a bucket.
# While the budget stretches count samples, repeated values are observed too.
prometheus_scrapes '  static_configs: [{targets: ["127.0.0.1:10073"]}]' --enable-feature=native-histograms
await 30 is_known 'histogram_quantile(0.5, sockdiag_tcp_sampled_sockets{state="listen"})'
listeners='sockdiag_tcp_sockets{state="listen"}'
sampled='sockdiag_tcp_sampled_sockets{state="listen"}'
await 10 is_number "histogram_quantile(1, $sampled) >= bool on() $listeners / 1.1" 1
await 10 is_number "histogram_quantile(1, $sampled) <= bool on() $listeners * 1.1" 1
await 10 is_number "histogram_count($sampled) >= bool on() sockdiag_exporter_samples_total{sample=\"count\"}" 1
await 10 is_known 'histogram_quantile(0.9, sockdiag_ephemeral_port_sampled_utilization_ratio{protocol="tcp",scope="host"})'
! is_known 'sockdiag_tcp_sampled_sockets_bucket' || fail "classic buckets: Prometheus did not use protobuf"
pass "native histograms: histogram_quantile returns the number of listeners"
stop_prometheus

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
    -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.pem 2>/dev/null
{
    echo 'tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13}'
    /usr/bin/python3 "$directory/support/web_users.py" 4 prometheus:secret
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
