#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: monitoring-setup.sh EXPORTER BUILD, from the top of the tree
# Run the commands of monitoring/README.md for Debian, word for word, on the configuration files of its packages. A
# Prometheus with the result scrapes the exporter, has all rules and links to the runbooks.
exporter=$(realpath "$1") build=$(realpath "$2")
tests/fetch_prometheus.sh "$build" || exit 1
packaged=$build/prometheus/etc/prometheus
for package in prometheus prometheus-alertmanager; do # not unpacked if they are installed
    [ -e "$packaged/${package/#prometheus-}.yml" ] && continue
    (cd "$build/prometheus" && apt-get download -q -o APT::Sandbox::User=root $package >&2 &&
        dpkg-deb -x ${package}_[0-9]*.deb .) || exit 1
done
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/support/script.sh"
need curl

reloaded=
systemctl() {
    [ "$1 $2" = "reload prometheus" ] || [ "$1 $2" = "reload prometheus-alertmanager" ] || fail "systemctl $*"
    reloaded="$reloaded $2"
}

# The blocks of commands, with another directory in the place of /etc/prometheus.
run_commands() {
    mkdir "$work/etc"
    cp "$packaged"/{prometheus,alertmanager}.yml "$work/etc"
    sed -n '/^## On Debian/,/^## [^O]/{/^```sh$/,/^```$/{/^```/!p}}' monitoring/README.md >"$work/commands"
    sed -i "s|/etc/prometheus|$work/etc|g" "$work/commands"
    . "$work/commands" >"$work/commands.log" 2>&1
    [ "$reloaded" = " prometheus prometheus prometheus-alertmanager" ] || fail "reloaded:$reloaded"
    grep -q "^ - $(grep -c 'source_matchers' monitoring/alertmanager/inhibit_rules.yaml) inhibit rules$" \
        "$work/commands.log" || fail "amtool finds other inhibitions"
    pass "$(grep -c . "$work/commands") lines of commands run on the files of the packages"
}

answers() { # PATH PATTERN
    curl -sf "http://127.0.0.1:$1" | grep -q "$2"
}

run_commands
sed -i 's/_interval: *15s/_interval: 1s/' "$work/etc/prometheus.yml"
"$exporter" 2>"$work/exporter.log" &
exporter_pid=$!
pids="$pids $exporter_pid"
prometheus --config.file="$work/etc/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address=127.0.0.1:9090 --log.level=error 2>"$work/prometheus.log" &
pids="$pids $!"
await 60 answers '9090/api/v1/query?query=up%7Bjob=%22sockdiag%22%7D==1' '"instance":"localhost:10073"'
curl -sf http://127.0.0.1:9090/api/v1/rules >"$work/rules"
for name in $(sed -nE 's/.*- (alert|record): //p' monitoring/*.yaml); do
    grep -q "\"name\":\"$name\"" "$work/rules" || fail "$name is not loaded"
done
pass "Prometheus scrapes the exporter and has all rules"

kill "$exporter_pid"
await 60 answers 9090/api/v1/alerts 'https://wiki.example.net/sockdiag/runbooks.md#sockdiagexporterdown'
pass "an alert has the address of its runbook"

echo "$passed passed, 0 failed"
