#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: fleet.sh EXPORTER BUILD
# A fleet of 27 hosts, each a network namespace with its own exporter and sockets, with one Prometheus and
# one Alertmanager. Exactly the expected alerts must fire, only for the hosts with a fault. Takes two
# minutes. tests/fleet/fleet.py does the work in namespaces for network, mounts and processes: it changes
# nothing outside, and all of it ends with this script.
exporter=$(realpath "$1") build=$(realpath "$2") directory=$(dirname "$(realpath "$0")")
own=(unshare --net --mount --mount-proc --pid --fork --kill-child)
[ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user "${own[@]:1}")
if ! "${own[@]}" true 2>/dev/null; then
    echo "SKIPPED: $0: cannot make namespaces" >&2
    [ "${REQUIRE_NAMESPACES:-}" = 1 ] && exit 1
    exit 77
fi
"$directory/fetch_prometheus.sh" "$build" || exit 1
export PATH=$PATH:$build/prometheus/usr/bin PYTHONDONTWRITEBYTECODE=1

# The first process of the namespace ignores signals that it does not handle, so it needs SIGKILL; also
# when this script is killed.
setpriv --pdeathsig KILL "${own[@]}" "$directory/fleet/fleet.py" "$exporter" "$build" &
trap 'kill -KILL $!; exit 1' INT TERM HUP
wait $!
