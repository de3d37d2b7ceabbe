#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: monitoring.sh EXPORTER BUILD
# The rules in monitoring/: promtool checks and tests them, also at scrape intervals from 5 seconds to 5 minutes;
# the tests notice a change of each number, duration, matcher and operator; each alert has its runbook, which
# begins with a command; and all series that the rules select exist in a Prometheus that scrapes a running exporter.
exporter=$(realpath "$1") build=$(realpath "$2")
"$(dirname "$0")/fetch_prometheus.sh" "$build" || exit 1
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/support/script.sh"
need curl python3
cd "$(dirname "$0")/.."
rules=(monitoring/*.yaml)
export LC_ALL=C # the order of sort
export PYTHONDONTWRITEBYTECODE=1

# quietly COMMAND...: print its output only if it fails
quietly() {
    "$@" >"$work/out" 2>&1 || fail "$* $(cat "$work/out")"
}

check_files() {
    quietly promtool check rules --lint=all --lint-fatal "${rules[@]}"
    pass "promtool check rules accepts $(cat "${rules[@]}" | grep -c 'alert: ') rules of alerts and $(
        cat "${rules[@]}" | grep -c 'record: ') recording rules"
    quietly promtool test rules monitoring/tests/*.yaml
    for name in $(sed -n 's/.*- \(alert\|record\): //p' "${rules[@]}"); do
        grep -qw -- "$name" monitoring/tests/*.yaml || fail "no test of $name"
    done
    pass "promtool test rules passes and covers every rule"
    quietly tests/monitoring/mutants.py monitoring
    pass "the tests notice a change: $(tail -n 1 "$work/out")"
}

check_intervals() {
    local seconds
    for seconds in 5 15 60 120 300; do
        tests/monitoring/intervals.py $seconds "$PWD"/monitoring/alerts_*.yaml >"$work/intervals.yaml"
        quietly promtool test rules "$work/intervals.yaml"
    done
    pass "the same alerts fire at scrape intervals of 5, 15, 60, 120 and 300 seconds"
}

check_runbooks() {
    local url='https://{{ or $externalLabels.sockdiag_runbooks "example.com/sockdiag_exporter/docs/runbooks.md" }}'
    cat "${rules[@]}" | sed -n 's/.*- alert: //p' | sort -u >"$work/alerts"
    sed -n 's/^## //p' docs/runbooks.md | sort >"$work/runbooks"
    diff "$work/alerts" "$work/runbooks" || fail "alerts (<) and runbooks (>) differ"
    sed "s|.*|$url#\L&|" "$work/alerts" | sort >"$work/anchors"
    cat "${rules[@]}" | sed -n 's/^ *runbook_url: //p' | sort -u | diff "$work/anchors" - ||
        fail "anchors expected (<) and linked (>) differ"
    # The heading, an empty line, and an indented line.
    awk '/^## / { name = $2; line = NR } name && NR == line + 2 && !/^    [^ ]/ { print name }' docs/runbooks.md \
        >"$work/without"
    [ ! -s "$work/without" ] || fail "runbooks that do not begin with a command: $(cat "$work/without")"
    pass "every alert has a runbook that begins with a command, and links to it"
}

check_inhibitions() {
    cp monitoring/alertmanager/inhibit_rules.yaml "$work/alertmanager.yml"
    for name in $(grep -oE 'Sockdiag[A-Za-z]+' "$work/alertmanager.yml"); do
        grep -qx "$name" "$work/alerts" || fail "the inhibitions name $name, which is not an alert"
    done
    printf 'route: {receiver: none}\nreceivers: [{name: none}]\n' >>"$work/alertmanager.yml"
    quietly amtool check-config "$work/alertmanager.yml"
    pass "amtool check-config accepts the inhibitions"
}

is_known() {
    [ -n "$(promtool query instant http://127.0.0.1:9090 "$1")" ]
}

# prometheus_scrapes FLAG...: start a Prometheus with the rules and wait for a destination. The exporter's own
# listener and Prometheus' connection to it provide a listener and a destination. Groups lose their own
# intervals, because Prometheus delays the first evaluation by up to one interval. The targets of the second job have
# labels of the exporter's names.
prometheus_scrapes() {
    mkdir -p "$work/shipped"
    for file in "${rules[@]}"; do sed '/^ *interval:/d' "$file" >"$work/shipped/${file##*/}"; done
    cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["$work/shipped/*.yaml"]
scrape_configs:
  - job_name: sockdiag
    static_configs: [{targets: ["127.0.0.1:10073"], labels: {cluster: test}}]
  - job_name: default/sockdiag-colliding
    static_configs:
      - targets: ["127.0.0.1:10073"]
        labels: {state: CA, role: canary, protocol: http, direction: north, level: "1", sample: "yes",
                 netns: front, pod: exporter-1}
      - {targets: ["127.0.0.1:10073"], labels: {scope: site}}
END
    rm -rf "$work/data"
    prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
        --web.listen-address=127.0.0.1:9090 --log.level=error "$@" 2>"$work/prometheus.log" &
    prometheus=$!
    pids="$pids $prometheus"
    await 60 is_known 'sockdiag_destination_ephemeral_ports_used{protocol="tcp"}'
}

all_evaluated() {
    curl -sf http://127.0.0.1:9090/api/v1/rules >"$work/rules" && grep -q '"health":"ok"' "$work/rules" &&
        ! grep -q '"health":"unknown"' "$work/rules"
}

# The expressions of the rules, without comments and addresses; labels in templates of annotations match any value.
expressions() {
    sed -e '/^ *#/d' -e '/runbook_url:/d' -e 's/\\"/"/g' -e 's/=%q/=~".*"/g' "${rules[@]}"
}

# Only a native histogram has a series with its own name.
is_selected() {
    is_known "$1" || is_known "$(sed 's/^\w*/&_count/' <<<"$1")"
}

# tcp_mem and tcp_max_orphans are in the first namespace only.
is_of_first_namespace() {
    [[ $1 =~ ^sockdiag_tcp_(memory|orphan)_limit ]]
}

check_names() {
    expressions | grep -oP '(?<![:\w])(sockdiag_\w+(\{[^}]*\})?|up\{[^}]*\})' | sort -u >"$work/selectors"
    while read -r selector; do
        is_of_first_namespace "$selector" && continue
        await 10 is_selected "$selector" # after a late scrape all series vanish until the next
    done <"$work/selectors"
    "$exporter" --once >"$work/once"
    for name in $(grep -o '^sockdiag_\w*' "$work/selectors" | grep -v 'web_config\|bound_ratio\|netns\|event\|connect_port' | sort -u); do
        is_of_first_namespace "$name" && continue
        grep -Eq "^(# TYPE $name histogram|$name[ {])" "$work/once" || fail "--once does not print $name"
    done
    pass "the series that the rules select exist: $(wc -l <"$work/selectors") selectors"

    curl -sf http://127.0.0.1:9090/api/v1/labels | sed 's/.*"data"://' >"$work/labels"
    for label in $(expressions | grep -oP '(ignoring|without|by) \(\K[^)]*|[$.][Ll]abels\.\K\w+' | tr -d ,); do
        grep -q "\"$label\"" "$work/labels" || fail "no series has the label $label"
    done
    pass "the labels that the rules use exist"
}

check_evaluation() {
    await 20 all_evaluated
    ! grep -q '"health":"err"' "$work/rules" || fail "failed rules: $(cat "$work/rules")"
    pass "Prometheus evaluates every rule"
}

# The branches for native histograms: with a bound below 0 each is known, with its own none is.
check_native() {
    local branch
    grep -oh 'histogram_fraction.*' "${rules[@]}" >"$work/branches"
    while read -r branch; do
        await 30 is_known "$(sed 's/fraction([0-9.]*/fraction(-1/' <<<"$branch")"
        ! is_known "$branch" || fail "native histograms: $branch"
    done <"$work/branches"
    ! is_known 'sockdiag_tcp_sampled_sockets_bucket' || fail "classic buckets in addition to native ones"
    pass "the shares of time also work with native histograms: $(wc -l <"$work/branches")"
}

# One connect() without a port, for the events.
fail_to_connect() {
    local range
    range=$(cat /proc/sys/net/ipv4/ip_local_port_range)
    echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range
    python3 -c 'import errno, socket
held = socket.create_connection(("127.0.0.1", 10073))
try:
    socket.create_connection(("127.0.0.1", 10073))
except OSError as error:
    assert error.errno == errno.EADDRNOTAVAIL
else:
    raise AssertionError("a port is left")' || fail "no connect() without a port"
    echo "$range" >/proc/sys/net/ipv4/ip_local_port_range
}

check_files
check_intervals
check_runbooks
check_inhibitions
echo 'http_server_config: {headers: {X-Frame-Options: deny}}' >"$work/web.yml" # for the metrics of its reloads
# With a pod whose ports fill up, for the namespaces.
tests/fleet/node.py 1 "$exporter" --collector.netns.walk --collector.connect-failures --collector.closers --web.config.file="$work/web.yml" 2>"$work/log" &
pids="$pids $!"
# A UDP socket, a UNIX listener and one of a single device, for the collectors and the label that name them.
python3 -c 'import signal, socket
udp, unix, tcp = socket.socket(type=socket.SOCK_DGRAM), socket.socket(socket.AF_UNIX), socket.socket()
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
tcp.bind(("127.0.0.1", 0))
tcp.listen()
udp.bind(("127.0.0.1", 0))
udp.sendto(b"unread", udp.getsockname())
unix.bind("\0listener")
unix.listen()
signal.pause()' &
pids="$pids $!"
await 10 curl -sf http://127.0.0.1:10073/-/ready
fail_to_connect
prometheus_scrapes
check_names
check_evaluation
kill "$prometheus" && wait "$prometheus" || true
prometheus_scrapes --enable-feature=native-histograms
check_native
echo "$passed passed, 0 failed"
