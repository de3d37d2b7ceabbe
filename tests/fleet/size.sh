#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: [DAY=yes] size.sh EXPORTER BUILD HOSTS [SECONDS]
# Measure the cost of HOSTS hosts for one Prometheus. It scrapes a single exporter under HOSTS names, every 15
# seconds as in a real fleet, and evaluates the rules every 30. Prints one line after SECONDS (180), and one
# for the slowest rules. With DAY, rules that read hours find a backfilled day; without, only these seconds.
# docs/fleet.md has the results; no test runs this.
exporter=$(realpath "$1") build=$(realpath "$2") hosts=$3 seconds=${4:-180}
"$(dirname "$0")/../fetch_prometheus.sh" "$build" || exit 1
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/../support/script.sh"
need curl python3
rules=$(realpath "$(dirname "$0")/../../monitoring")

cat >"$work/prometheus.yml" <<END
global: {scrape_interval: 15s, evaluation_interval: 30s}
rule_files: ["$rules/*.yaml"]
scrape_configs:
  - job_name: sockdiag
    static_configs:
$(for ((host = 1; host <= hosts; host++)); do
    echo "      - {targets: ['127.0.0.1:10073'], labels: {cluster: c$((host % 10)), instance: host$host}}"
done)
  - {job_name: prometheus, static_configs: [{targets: ['127.0.0.1:9090']}]}
END

# query EXPRESSION: its value
query() {
    promtool query instant http://127.0.0.1:9090 "$1" | sed -n 's/.*=> \([^ ]*\) @.*/\1/p'
}

"$exporter" --web.max-connections=4096 2>"$work/log" &
pids="$pids $!"
await 10 curl -sf http://127.0.0.1:10073/-/ready
[ -z "${DAY:-}" ] || {
    "$(dirname "$0")/day.py" "$hosts" >"$work/day.om"
    promtool tsdb create-blocks-from openmetrics "$work/day.om" "$work/data" >/dev/null
    rm "$work/day.om"
}
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address=127.0.0.1:9090 --log.level=error 2>"$work/prometheus.log" &
pids="$pids $!"
read -r -t "$seconds" <> <(:) || true
[ "$(query 'sum(up{job="sockdiag"})')" = "$hosts" ] || fail "not every host is up"
echo "$hosts hosts, $(query prometheus_tsdb_head_series) series," \
    "$(query 'sum(rate(prometheus_tsdb_head_samples_appended_total[1m]))') samples/s," \
    "$(query 'process_resident_memory_bytes{job="prometheus"}') bytes resident," \
    "$(query 'rate(process_cpu_seconds_total{job="prometheus"}[1m])') CPU," \
    "$(query 'max(prometheus_rule_group_last_duration_seconds)') s for the slowest group of rules"
curl -sf http://127.0.0.1:9090/api/v1/rules | python3 -c '
import json, sys
rules = [rule for group in json.load(sys.stdin)["data"]["groups"] for rule in group["rules"]]
slowest = sorted(rules, key=lambda rule: -rule["evaluationTime"])[:4]
print(", ".join("%s %.3f s" % (rule["name"], rule["evaluationTime"]) for rule in slowest))'
