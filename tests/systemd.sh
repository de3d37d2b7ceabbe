#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: systemd.sh EXPORTER BUILD, from the top of the tree
# The installed unit and its drop-ins under a real systemd, which is process 1 of namespaces of its own. Its other
# service has a network namespace and a user of its own, and one listener. Needs root.
if [ "$(id -u)" != 0 ]; then
    echo "SKIPPED: $0: systemd as process 1 needs root" >&2
    exit 77
fi
cgroups=$(findmnt -n -f -t cgroup2 -o TARGET)
if [ ! -w "$cgroups/cgroup.procs" ]; then
    echo "SKIPPED: $0: systemd as process 1 needs a cgroup v2 that can be written" >&2
    exit 77
fi
. "$(dirname "$0")/support/script.sh" "$@"
need systemctl curl nsenter findmnt
run=$work/run drop_ins=$work/run/units/sockdiag_exporter.service.d
installed=/run/installed/share/sockdiag_exporter/systemd

MAKEFLAGS= make --no-print-directory -s install BUILD="$2" DESTDIR="$work" PREFIX=/run/installed
mkdir -p "$drop_ins"
for target in sysinit basic network shutdown; do
    printf '[Unit]\nDescription=Nothing\n' >"$run/units/$target.target"
done
cat >"$run/units/neighbour.service" <<'END'
[Service]
ExecStart=/usr/bin/python3 -c 'import signal, socket; s = socket.create_server(("", 9000)); signal.pause()'
DynamicUser=yes
PrivateNetwork=yes
END
printf '[Service]\nStandardError=append:/run/exporter.log\n' >"$drop_ins/90-log.conf"
mkfifo "$run/kmsg"
cat <>"$run/kmsg" >"$work/systemd.log" &
pids="$pids $!"

# run_systemd: until SIGTERM, in a control group of its own, which is the root of all that systemd sees
run_systemd() {
    local cgroup unshare
    cgroup=$cgroups$(sed -n 's/^0:://p' /proc/self/cgroup)/sockdiag_test.$BASHPID
    mkdir "$cgroup"
    bash -c 'echo $$ >"$0/cgroup.procs"; exec unshare --mount --pid --fork --uts --ipc --cgroup --kill-child "$@"' \
        "$cgroup" tests/systemd/boot.sh "$run" neighbour.service 2>"$work/unshare.log" &
    unshare=$!
    trap 'kill -KILL $(child_of $unshare)' TERM
    echo $unshare >"$work/unshare"
    while kill -0 $unshare 2>/dev/null; do
        wait $unshare || true
    done
    find "$cgroup" -depth -type d -exec rmdir {} +
}
run_systemd &
pids="$pids $!"
has_process_1() { init=$(child_of "$(cat "$work/unshare")") && [ "$init" ]; }
inside() { nsenter --target "$init" --mount --pid "$@"; }
control() { inside systemctl --no-pager "$@"; }
await 10 has_process_1
await 10 control is-active neighbour.service
run=/proc/$init/root/run drop_ins=/proc/$init/root/run/units/sockdiag_exporter.service.d
ln -s "$run/exporter.log" "$work/exporter.log"
pass "systemd boots"

# restart DROP-IN...: the exporter with these drop-ins alone, and wait until it is ready
restart() {
    rm -f "$drop_ins"/[123]*.conf "$drop_ins"/without-netns.conf
    [ $# = 0 ] || ln -s "$@" "$drop_ins"
    control daemon-reload
    control restart sockdiag_exporter.service >"$work/systemctl.log" 2>&1
}

# judge GOAL: wait until GOAL is on the page, or the reason why it never will be
judge() {
    verdict=
    await 30 is_settled "$1"
}
is_settled() {
    local page="$work/page"
    curl --silent --fail --output "$page" http://127.0.0.1:10073/metrics || return 1
    if grep -q "^$1" "$page"; then
        verdict=works
    elif ! grep -q '^sockdiag_netns' "$page" || grep -Eq \
        '^sockdiag_exporter_netns_(processes_hidden 1|walks_enabled 0|walk_failures_total [1-9])' "$page"; then
        verdict=fails
    fi
    [ "$verdict" ]
}

# works WHAT GOAL DROP-IN...
works() {
    restart "${@:3}" || fail "$1: it does not start"
    judge "$2"
    [ $verdict = works ] || fail "$1: $(grep -v '^#' "$work/page" | grep netns)"
    pass "$1"
}

# needs_each_word GOAL DROP-IN: without any of its words the goal is not reached
needs_each_word() {
    local setting word count=0 installed_file=$work$2
    for setting in $(sed -n 's/^\([A-Z][A-Za-z]*\)=.*/\1/p' "$installed_file"); do
        for word in $(sed -n "s/^$setting=//p" "$installed_file"); do
            sed "/^$setting=/{s/=\(.*\)$word/=\1/; /= *$/d}" "$installed_file" >"$run/without-netns.conf"
            verdict=fails
            ! restart /run/without-netns.conf || judge "$1"
            [ $verdict = fails ] || fail "$2: $setting needs no $word"
            count=$((count + 1))
        done
    done
    pass "$(basename "$2"): each of its $count words is needed"
}

# capabilities PID: all sets, and no_new_privs
capabilities() {
    inside sed -n 's/^\(Cap...\|NoNewPrivs\):\t0*\(.\)/\1=\2/p' "/proc/$1/status" | tr '\n' ' '
}

# have WHO PID CAPABILITIES
have() {
    [ "$(capabilities "$2")" = "$3 " ] || fail "capabilities of $1: $(capabilities "$2")"
}

# find_processes: the exporter and its helper
find_processes() {
    main=$(control show -P MainPID sockdiag_exporter)
    helper=$(child_of "$main" inside)
}

info='sockdiag_netns_info{netns="neighbour.service",'
listener='sockdiag_netns_tcp_state_sockets{netns="neighbour.service",state="listen"} 1$'
none='CapInh=0 CapPrm=0 CapEff=0 CapBnd=0 CapAmb=0 NoNewPrivs=1'

works "10-netns.conf shows the namespaces of other users" "$info" "$installed/10-netns.conf"
find_processes
[ -z "$helper" ] || fail "a helper without --collector.netns.walk"
have "the exporter" "$main" "$none"
[[ $(control show -P StatusText sockdiag_exporter) = "Samples every 1 s, "*", netns" ]] || fail "another status"
needs_each_word "$info" "$installed/10-netns.conf"
grep -q 'sandbox: user .*; system calls: filtered; ' "$run/exporter.log" && ! grep 'sandbox: .* not permitted' "$run/exporter.log" ||
    fail "the unit forbids a part of the sandbox"
pass "the exporter has its own sandbox in that of the unit"

works "20-netns-walk.conf also walks" "$listener" "$installed/20-netns-walk.conf"
find_processes
have "the exporter" "$main" "${none/Bnd=0/Bnd=280000}"
have "the helper" "$helper" 'CapInh=0 CapPrm=280000 CapEff=280000 CapBnd=280000 CapAmb=0 NoNewPrivs=1'
pass "the helper has CAP_SYS_ADMIN and CAP_SYS_PTRACE, the exporter nothing"
inside sh -c 'kill -KILL "$1"' sh "$helper" # there may be no program kill
restarted() { [ "$(control show -P NRestarts sockdiag_exporter)" = 1 ] && control is-active sockdiag_exporter; }
await 20 restarted
judge "$listener"
[ $verdict = works ] || fail "no walks after the restart"
pass "systemd restarts both when the helper dies"
needs_each_word "$listener" "$installed/20-netns-walk.conf"
works "of both the walks win" "$listener" "$installed/10-netns.conf" "$installed/20-netns-walk.conf"

restart "$installed/30-events.conf" || fail "30-events.conf: it does not start"
curl --silent --fail http://127.0.0.1:10073/metrics >"$work/page" || fail "30-events.conf: no page"
[ "$(grep -c '^sockdiag_exporter_events_enabled{event=".*"} 1$' "$work/page")" = 2 ] ||
    fail "30-events.conf: $(grep event "$run/exporter.log")"
find_processes
have "the exporter" "$main" "${none/Bnd=0/Bnd=4000000004}"
works "30-events.conf counts events, also with walks" "$listener" "$installed/20-netns-walk.conf" \
    "$installed/30-events.conf"
grep -q '^sockdiag_exporter_events_enabled{event="closed_first"} 1$' "$work/page" || fail "no events with walks"

# with FLAG [SETTING]: also this flag and this setting of the unit
with() {
    local words
    printf '[Service]\nEnvironment=SOCKDIAG_EXPORTER_FLAGS=%s\n%s\n' "$1" "${2:-}" >"$drop_ins/80-flags.conf"
    restart "$installed/10-netns.conf" || fail "$* does not start"
    find_processes
    words=$(inside cat "/proc/$main/cmdline" | tr '\0' ' ')
    [ "$words" = "/run/installed/bin/sockdiag_exporter --collector.netns $1 " ] || fail "it runs as $words"
}
reload() { control reload sockdiag_exporter.service >"$work/systemctl.log" 2>&1; }
echo 'basic_auth_users: {}' >"$run/web.yml"
with --web.config.file=/run/web.yml
reload || fail "a reload with a good file fails"
! grep "^Usage: " "$run/exporter.log" || fail "the check before a reload takes flags for its own"
echo 'rubbish' >"$run/web.yml"
! reload || fail "a reload with a wrong file is good"
grep -q '^sockdiag_exporter: /run/web.yml:1: ' "$run/exporter.log" || fail "no reason in the log"
control is-active sockdiag_exporter.service >/dev/null || fail "a wrong file ends the exporter"
echo 'rubbish: /run/credentials/key' >"$run/web.yml"
reload || fail "a reload checks a file that names a credential"
echo 'basic_auth_users: {}' >"$run/web.yml"
with --web.config.file=/run/credentials/sockdiag_exporter.service/web.yml LoadCredential=web.yml:/run/web.yml
reload || fail "a reload with a credential fails"
pass "a reload checks the file first, and works with credentials"
bind='PrivateUsers=no
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
AmbientCapabilities=CAP_NET_BIND_SERVICE'
printf '[Service]\n%s\n' "$bind" >"$drop_ins/80-flags.conf"
! restart && grep -q 'needs SystemCallFilter=capset$' "$run/exporter.log" || fail "no hint that capset() is needed"
with --web.listen-address=127.0.0.1:80 "$bind
SystemCallFilter=capset"
have "the exporter" "$main" "${none/Bnd=0/Bnd=400}"
pass "a drop-in may give another capability, for the start"
echo "$passed passed, 0 failed"
