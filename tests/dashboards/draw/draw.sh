#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: draw.sh EXPORTER WORK MINUTES, from the top of the tree
# Draw docs/dashboard-*.png and docs/status-page*.png from MINUTES of `make demo`, in a network namespace. It is not a
# test; run it by hand. It needs prometheus in $PATH, chromium, pngquant, node, and npm packages of 600 MB, which it
# installs into the directory WORK.
set -eu
exporter=$(realpath "$1") work=$(realpath "$2") seconds=$(($3 * 60))
tools=$PWD/tests/dashboards/draw

if [ "${IN_NAMESPACE:-}" != yes ]; then
    cp "$tools"/{package.json,draw.mjs,status.mjs,page.jsx} "$work"
    (cd "$work" && npm install --no-package-lock --ignore-scripts --legacy-peer-deps --no-audit --no-fund)
    export IN_NAMESPACE=yes
    [ "$(id -u)" = 0 ] && exec unshare --net --uts "$0" "$@"
    exec unshare --user --map-root-user --net --uts "$0" "$@"
fi

data=$(mktemp -d)
pids=
clean_up() {
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    rm -rf "$data"
}
trap clean_up EXIT

ip link set lo up
hostname web-17
MINUTES=$(($3 + 5)) tests/demo/demo.sh "$exporter" &
pids="$pids $!"
cat >"$data/prometheus.yml" <<YAML
global: {scrape_interval: 15s}
scrape_configs:
  - job_name: sockdiag
    static_configs: [{targets: ["127.0.0.1:10073"]}]
YAML
prometheus --config.file="$data/prometheus.yml" --storage.tsdb.path="$data/data" \
    --web.listen-address=127.0.0.1:9090 --log.level=error &
pids="$pids $!"
sleep "$seconds"

node "$work/status.mjs" http://127.0.0.1:10073/ docs
pngquant --force --ext .png 128 docs/status-page*.png

# draw NAME TITLE...: draw the panels with these titles
draw() {
    local name=$1 ids
    shift
    ids=$(python3 -c 'import json, sys
print(*(p["id"] for p in json.load(open("monitoring/dashboards/host.json"))["panels"] if p["title"] in sys.argv))' "$@")
    # shellcheck disable=SC2086  # a list of words
    node "$work/draw.mjs" http://127.0.0.1:9090 monitoring/dashboards/host.json "$seconds" \
        "docs/dashboard-$name.png" $ids
    pngquant --force --ext .png 128 "docs/dashboard-$name.png"
}

draw ports "Fullest destination" TIME_WAIT ESTABLISHED "Fullest accept queue" "Dropped connections" \
    "Age of the numbers" "Fullest destination: exact, peak and bound" "Utilization between scrapes (destination)" \
    "Utilization by scope" "Ports against the range" "Fullest destinations" "Fullest destinations now"
draw states "Sockets by state" "Peak against current: \$state" "Between scrapes: \$state" \
    "Accept queues: peak share of the limit" "Accept queues now" "Connections by listener" \
    "Connections by listener and state"
