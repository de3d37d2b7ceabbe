#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: dashboards.sh EXPORTER BUILD, from the top of the tree
# Check monitoring/dashboards with the schema of Grafana's types, our own checks, promtool, and a real
# Prometheus that scrapes two exporters with real sockets, each on a node with two pods. It must answer
# every query of every panel: once with native histograms and without the recording rules, once with classic ones
# and the rules. For the fleet's queries there is also one that federates the series in docs/fleet.md. Days of
# history are backfilled. Needs node and npm, whose packages go into BUILD/dashboards.
exporter=$(realpath "$1") build=$(realpath "$2")
tools=$PWD/tests/dashboards
boards=("$PWD"/monitoring/dashboards/*.json)
export PYTHONDONTWRITEBYTECODE=1

if [ "${IN_NAMESPACE:-}" != yes ]; then # the namespace has no network
    . tests/support/npm.sh
    tests/fetch_prometheus.sh "$build" &&
        (install_npm_packages "$build/dashboards" "$tools"/{package.json,tsconfig.json,board.ts,schema.mjs}) || exit 1
fi
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/support/script.sh"

# configure RULES: print the configuration of Prometheus, with two hosts, one without a cluster label
configure() {
    cat <<YAML
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [$1]
scrape_configs:
  - job_name: sockdiag
    static_configs:
      - targets: ["127.0.0.1:10073"]
      - targets: ["127.0.0.1:10074"]
        labels: {cluster: west}
YAML
}

(cd "$build/dashboards" && node schema.mjs "${boards[@]}") || fail "Grafana's types do not allow this"
pass "Grafana's types allow all fields of ${#boards[@]} dashboards"

python3 "$tools/check.py" "${boards[@]}" || fail "the dashboards are not consistent"
pass "ids, grid, words, variables and links are consistent"

python3 "$tools/queries.py" rules "${boards[@]}" >"$work/queries.yaml"
promtool check rules --lint=all --lint-fatal "$work/queries.yaml" >"$work/complaints" 2>&1 ||
    fail "promtool: $(cat "$work/complaints")"
pass "promtool parses every query"

echo "20000 20999" >/proc/sys/net/ipv4/ip_local_port_range
python3 "$tools/load.py" &
pids="$pids $!"
for port in 10073 10074; do
    tests/fleet/node.py 2 "$exporter" --collector.netns.walk --web.listen-address=127.0.0.1:$port \
        --sample.detail-interval=1s 2>"$work/exporter.$port.log" &
    pids="$pids $!"
done
python3 "$tools/history.py" >"$work/history.om"
promtool tsdb create-blocks-from openmetrics "$work/history.om" "$work/history" >/dev/null

# The central Prometheus of docs/fleet.md.
configure_central() {
    sed -n '/^scrape_configs:$/,/^```$/{/^```$/!p}' docs/fleet.md |
        sed -e 's/scrape_interval: .*/scrape_interval: 1s/' -e 's/targets: .*/targets: ["127.0.0.1:9090"]/'
}

# serve PORT CONFIGURATION DIRECTORY FLAG...: start a Prometheus
serve() {
    local port=$1 configuration=$2 directory=$3
    shift 3
    prometheus --config.file="$configuration" --storage.tsdb.path="$directory" --storage.tsdb.retention.time=30d \
        --web.listen-address=127.0.0.1:"$port" --log.level=error "$@" 2>>"$work/prometheus.log" &
    pids="$pids $!"
}

stop_last() {
    kill "${pids##* }"
    wait "${pids##* }" || true
    pids=${pids% *}
}

# ask_with RULES RECORDED FLAG...: send all queries to a Prometheus with these rules and flags
ask_with() {
    local rules=$1 recorded=$2
    shift 2
    cp -r "$work/history" "$work/data.$recorded"
    configure "$rules" >"$work/prometheus.yml"
    serve 9090 "$work/prometheus.yml" "$work/data.$recorded" "$@"
    python3 "$tools/queries.py" ask http://127.0.0.1:9090 "$recorded" "${boards[@]}" ||
        fail "recording rules: $recorded, flags: $*; Prometheus says: $(cat "$work/prometheus.log")"
    pass "Prometheus answers every query; recording rules: $recorded, flags: ${*:-none}"
}

ask_with "" no --enable-feature=native-histograms
stop_last
ask_with "$PWD/monitoring/recording_rules.yaml" yes
configure_central >"$work/central.yml"
serve 9091 "$work/central.yml" "$work/data.central"
python3 "$tools/queries.py" ask http://127.0.0.1:9091 central "$PWD/monitoring/dashboards/fleet.json" ||
    fail "the central Prometheus says: $(cat "$work/prometheus.log")"
pass "a central Prometheus answers every query of the fleet's dashboard"
echo "$passed passed, 0 failed"
