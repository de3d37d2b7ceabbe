#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: fleet.sh EXPORTER BUILD
# A fleet of two dozen hosts, each a network namespace with an exporter and sockets of its own, under one
# Prometheus and one Alertmanager: the alerts that fire are those that must, for the hosts that have the
# trouble, and for no other. Takes two minutes. tests/fleet/fleet.py does the work, in
# namespaces for network, mounts and processes: nothing of the machine is touched, and all is gone
# when this script is.
exporter=$(realpath "$1") build=$(realpath "$2") directory=$(dirname "$(realpath "$0")")
own=(unshare --net --mount --mount-proc --pid --fork --kill-child)
[ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user "${own[@]:1}")
if ! "${own[@]}" true 2>/dev/null; then
    echo "SKIPPED: $0: no namespaces can be made here" >&2
    [ "${REQUIRE_NAMESPACES:-}" = 1 ] && exit 1
    exit 77
fi
"$directory/fetch_prometheus.sh" "$build" || exit 1
export PATH=$PATH:$build/prometheus/usr/bin PYTHONDONTWRITEBYTECODE=1

# The first process of the namespace takes no signal that it does not handle, so it is killed; also when
# this script is.
setpriv --pdeathsig KILL "${own[@]}" "$directory/fleet/fleet.py" "$exporter" "$build" &
trap 'kill -KILL $!; exit 1' INT TERM HUP
wait $!
