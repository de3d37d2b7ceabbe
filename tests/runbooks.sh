#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: runbooks.sh EXPORTER BUILD, from the top of the tree
# Run every command of docs/runbooks.md beside sockets of every kind that it looks for: each runs without a complaint,
# and those that count or list sockets find some. Without a running systemd, its programs only read their options.
# Nothing is loaded: modprobe tells what it would do. For another release of Debian, run it in a tree of it (chroot)
# with the exporter's libraries and curl, iproute2, kmod, procps, python3 and systemd.
exporter=$(realpath "$1") build=$(realpath "$2")
[ "$(id -u)" = 0 ] || { echo "SKIPPED: $0: runbooks are for root" >&2; exit 77; }
tests/fetch_prometheus.sh "$build" || exit 1
. "$(dirname "$0")/support/script.sh"
need python3 curl

chmod 755 "$work"
mkdir "$work/bin"
cp "$exporter" "$work/bin/sockdiag_exporter"
PATH=$work/bin:$PATH:/usr/sbin:/sbin:$build/prometheus/usr/bin
echo 'http_server_config: {headers: {X-Frame-Options: deny}}' >"$work/web.yml"
echo 'scrape_configs: [{job_name: sockdiag}]' >"$work/prometheus.yml"
printf 'install %s /bin/true\n' tcp_diag udp_diag unix_diag >"$work/modprobe.conf"

# The same sockets in the test's own namespace and in one that nsenter enters.
start_scene() { # PATH COMMAND...
    mkfifo "$1.ready"
    "${@:2}" tests/runbooks/scene.py "$1" >"$1.ready" &
    pids="$pids $!"
    scene=$!
    read -r -t 30 <"$1.ready" || fail "no sockets"
}
start_scene "$work/outer"
start_scene "$work/inner" unshare --net sh -c 'ip link set lo up; exec "$@"' -
sockdiag_exporter 2>"$work/exporter.log" &
pids="$pids $!"
await 30 curl -sf http://127.0.0.1:10073/-/ready

# What stands for something gets it.
filled_in() {
    sed -e "s/'ADDRESS:PORT'/'127.0.0.1:9000'/; s/:PORT/:9000/; s|'PATH'|'$work/outer'|; s/-t PID/-t $scene/g" \
        -e "s/HOST/127.0.0.1:10073/; s|FILE|$work/web.yml|; s|/etc/prometheus/|$work/|; s/INODE/[0-9]/" \
        -e "s|^modprobe|& -nv -C $work/modprobe.conf|; s/ -n\$/ -n true/; s/sleep 10/sleep 1/; s/^curl /curl -sS /" <<<"$1"
}

# What a program of systemd says where it is not running, stat of a process that has ended, and sysctl of what only the
# first network namespace has.
is_complaint() {
    grep -vE 'booted with systemd|Running in chroot|bus|No journal files|^-- No entries|/proc/[0-9]+/|ipv4/tcp_(mem|max_orphans):'
}

# Those that may find nothing here.
may_be_silent='journalctl|true$|syn-recv|fin-wait-1$|d0\)|does nothing|CAP_|sysctl -w|config.check|systemctl'

run() {
    local command code=0 seconds=60 ended='^[01]$'
    [[ $1 != while* ]] || seconds=5 ended='^124$'
    command=$(filled_in "$1")
    ! grep -qwE 'ADDRESS|PORT|PATH|PID|HOST|NETNS|FILE|INODE' <<<"$command" || fail "something to fill in is left: $command"
    timeout $seconds bash -c "$command" >"$work/out" 2>"$work/err" || code=$?
    [[ $code =~ $ended || $command =~ journalctl|systemctl|timedatectl ]] || fail "code $code: $command $(cat "$work/err")"
    ! is_complaint <"$work/err" >"$work/complaints" || fail "$command: $(cat "$work/complaints")"
    grep -qvE '^(State|Netid) ' "$work/out" || [[ $command =~ $may_be_silent ]] || fail "finds nothing: $command"
}

tests/runbooks/commands.py docs/runbooks.md >"$work/commands"
while read -r command; do
    run "$command" </dev/null
    [[ $command != modprobe* ]] || [ "$(grep -c '^install /bin/true *$' "$work/out")" = "$(grep -o '_diag' <<<"$command" | wc -l)" ] ||
        fail "it does not load each: $command"
done <"$work/commands"
pass "$(grep -c . "$work/commands") commands of the runbooks run"
echo "$passed passed, 0 failed"
