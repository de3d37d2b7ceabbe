#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: prometheus.sh EXPORTER BUILD
# The judges from outside: promtool reads the page, and a real Prometheus scrapes the exporter and is
# asked for what it got. In a network namespace of its own. Prometheus is taken from $PATH or
# unpacked from the distribution's package into BUILD, so nothing is installed or started as a
# service.
set -eu
exporter=$(realpath "$1") build=$(realpath "$2")

if [ "${IN_NAMESPACE:-}" != yes ]; then
    PATH=$PATH:$build/prometheus/usr/bin
    if ! command -v prometheus >/dev/null || ! command -v promtool >/dev/null; then
        rm -rf "$build/prometheus" && mkdir -p "$build/prometheus"
        (cd "$build/prometheus" && apt-get download -q prometheus && dpkg-deb -x prometheus_*.deb .) ||
            { echo "no prometheus in \$PATH, and its package cannot be had" >&2; exit 1; }
    fi
    export PATH IN_NAMESPACE=yes
    [ "$(id -u)" = 0 ] && exec unshare --net "$0" "$@"
    exec unshare --user --map-root-user --net "$0" "$@"
fi

work=$(mktemp -d)
pids=
clean_up() {
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    rm -rf "$work"
}
trap clean_up EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

# await SECONDS COMMAND...: try until it succeeds
await() {
    local tries=$(($1 * 10))
    shift
    for ((; tries > 0; tries--)); do
        "$@" >/dev/null 2>&1 && return
        read -r -t 0.1 <> <(:) || true
    done
    fail "not within the time: $*"
}

# get PATH: the body, over a connection that the server closes first, which leaves it a TIME_WAIT.
# In a subshell, for a refused connection ends the shell that asked.
get() (
    exec 3<>/dev/tcp/127.0.0.1/10073
    printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3
    sed '1,/^\r$/d' <&3
)

query() {
    promtool query instant http://127.0.0.1:9090 "$1" | sed -n 's/.*=> \([^ ]*\) @.*/\1/p'
}

is_known() {
    [ -n "$(query "$1")" ]
}

ip link set lo up
"$exporter" 2>"$work/exporter.log" &
pids="$pids $!"
await 5 get /-/ready

for _ in 1 2 3 4 5 6 7; do get /metrics >"$work/page"; done
promtool check metrics <"$work/page" >"$work/complaints" 2>&1 || fail "promtool: $(cat "$work/complaints")"
[ ! -s "$work/complaints" ] || fail "promtool: $(cat "$work/complaints")"
echo "promtool check metrics accepts the page ($(grep -vc '^#' "$work/page") series)"

cat >"$work/prometheus.yml" <<EOF
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: sockdiag
    static_configs: [{targets: ["127.0.0.1:10073"]}]
EOF
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" \
    --web.listen-address=127.0.0.1:9090 --log.level=error 2>"$work/prometheus.log" &
pids="$pids $!"
await 60 is_known 'sockdiag_tcp_sockets{state="time_wait"}'
known=$(query 'sockdiag_tcp_sockets{state="time_wait"}') present=$(ss -Htan state time-wait | wc -l)
# Seven of the page above, and one of each question since: Prometheus has the number of a moment ago.
[ "$known" -ge 7 ] && [ "$known" -le "$present" ] ||
    fail "Prometheus knows of $known TIME_WAIT sockets, ss of $present"
echo "Prometheus knows of $known TIME_WAIT sockets, ss of $present a moment later"
[ "$(query 'up{job="sockdiag"}')" = 1 ] || fail "up is not 1"
[ "$(query 'count(sockdiag_tcp_sockets)')" = 10 ] || fail "not ten states"
echo "3 passed, 0 failed"
