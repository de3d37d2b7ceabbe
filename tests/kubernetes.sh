#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: kubernetes.sh EXPORTER BUILD, from the top of the tree
# Check packaging/kubernetes with schemas made from published types, and that this check finds mistakes. Then run the
# exporter with the user, capabilities and flags of each pod, beside a process of another user in another network
# namespace. Needs node and npm, whose packages go into BUILD/kubernetes; pods need root.
exporter=$(realpath "$1") build=$(realpath "$2")
manifests=$PWD/packaging/kubernetes units=$PWD/systemd
if [ "${IN_NAMESPACE:-}" != yes ]; then # the namespace has no network
    . tests/support/npm.sh
    (install_npm_packages "$build/kubernetes" tests/kubernetes/*) || exit 1
fi
. "$(dirname "$0")/support/script.sh"
. tests/support/mistakes.sh
need node curl setpriv
cd "$build/kubernetes"

original=$manifests
mistake '"hostPid"' base/daemonset.yaml 's/hostPID/hostPid/'
mistake '"readonlyRootFilesystem"' base/daemonset.yaml 's/readOnlyRoot/readonlyRoot/'
mistake 'allowed values' base/daemonset.yaml 's/RuntimeDefault/RuntimeDefaults/'
mistake 'there is no volume cgroup$' base/daemonset.yaml '/volumes:/,$s/name: cgroup/&s/'
mistake 'there is no port metric$' base/daemonset.yaml 's/port: metrics/port: metric/'
mistake 'does not select its own pods' base/daemonset.yaml '/matchLabels/{n; s/exporter/exporters/}'
mistake '"resource"' base/kustomization.yaml 's/resources/resource/'
mistake 'changes no DaemonSets' walks/kustomization.yaml 's/DaemonSet/&s/'
mistake 'a path that does not exist' walks/walks.yaml 's/runAsNonRoot/runAsNoRoot/'
mistake '"typ"' walks/walks.yaml 's/type:/typ:/'
mistake 'there is no volume tracing$' events/events.yaml '/volumes/,$s/name: tracing/&s/'
mistake 'kind PodMonitors is not expected' podmonitor.yaml 's/PodMonitor/&s/'
mistake '"podMetricEndpoints"' podmonitor.yaml 's/podMetricsE/podMetricE/'
mistake 'what it selects has no port metric$' podmonitor.yaml 's/port: metrics/port: metric/'
mistake 'it selects nothing' podmonitor.yaml '/matchLabels/{n; s/exporter/exporters/}'
find_mistakes node check.mjs
pass "the published types allow all fields"

# pod NAME: its command in $command, its image in $image
pod() {
    mapfile -t command < <(node pod.mjs "$manifests/$1")
    image=${command[-1]}
    unset "command[-1]"
    command=("${command[@]/#EXPORTER/$exporter}")
}
# like_unit DROP-IN: the pod has the flags and the capabilities of the service with it
like_unit() {
    local word capabilities
    for word in $(sed -nE 's/^Environment="?[A-Z_]+=([^"]*)"?$/\1/p' "$units/$1.conf"); do
        [[ " ${command[*]} " = *" $word "* ]] || fail "the pod lacks $word of $1.conf"
    done
    capabilities=$(sed -n 's/^CapabilityBoundingSet=/ /p' "$units/$1.conf" | sed 's/ CAP_/,+/g' | tr '[:upper:]' '[:lower:]')
    [[ " ${command[*]} " = *" --bounding-set=-all$capabilities "* ]] || fail "the pod has other capabilities than $1.conf"
}
for name in base:10-netns walks:20-netns-walk events:30-events; do
    pod ${name%:*}
    version=$("$exporter" --version | cut -d ' ' -f 2)
    [ "$image" = "sockdiag_exporter:$version" ] || fail "$name has the image $image"
    like_unit ${name#*:}
done
memory=$(sed -n 's/^MemoryMax=//p' "$units/sockdiag_exporter.service.in")
grep -A 1 'limits:' "$manifests/base/daemonset.yaml" | grep -q "memory: ${memory}i$" || fail "the pod has another memory limit"
pass "the image has the exporter's version, the pods have the flags and limits of the service"

if ! setpriv --reuid=10073 true 2>/dev/null; then
    echo "an ordinary user cannot run what is in a pod"
    echo "$passed passed, 0 failed"
    exit
fi

# The first process of a PID namespace of their own is the exporter, the other a listener of another user.
cat >"$work/start" <<'END'
unshare --net setpriv --reuid=10074 --clear-groups /usr/bin/python3 -c '
import signal, socket
listener = socket.create_server(("", 9000))
signal.pause()' &
mount -t tracefs tracefs /sys/kernel/tracing
mount -o remount,bind,ro /
exec "$@"
END
# run_pod NAME LINE: its page gets that line
run_pod() {
    local unshare
    pod "$1"
    unshare --pid --fork --mount-proc bash "$work/start" "${command[@]}" 2>"$work/exporter.log" &
    unshare=$!
    await 10 has_child $unshare
    pids="$pids $child"
    await 30 has_line "$2"
    grep -Eq '^Cap(Prm|Eff|Amb):\s*0*[1-9a-f]' "/proc/$child/status" && fail "$1: the exporter has capabilities"
    kill "$child" && wait $unshare || fail "$1: exit code $?"
    pass "$1: the exporter does what the pod is for, and keeps no capability"
}
has_child() { child=$(child_of "$1") && [ "$child" ]; }
has_line() { curl --silent http://127.0.0.1:10073/metrics | grep -E "^$1$"; }
run_pod base 'sockdiag_netns_namespaces\{kind="named"\} 2'
run_pod events 'sockdiag_exporter_events_enabled\{event="closed_first"\} 1'
run_pod walks 'sockdiag_netns_tcp_state_sockets\{netns="[^"]*",state="listen"\} 1'
echo "$passed passed, 0 failed"
