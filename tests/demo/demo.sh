#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: demo.sh EXPORTER, from the top of the tree
# Show the exporter on a host in trouble: a network namespace with the traffic of an ordinary day, where soon a program
# leaks sockets in CLOSE_WAIT, another accepts no connections, and a third uses up the ports towards one destination.
# The page is at PORT (10073) of this machine. Ends by itself after MINUTES (10), or when it is interrupted.
# Needs python3 and ip; as an ordinary user also user namespaces.
set -eu
port=${PORT:-10073} minutes=${MINUTES:-10}
directory=$(dirname "$0")

if [ "${1:-}" != inside ]; then
    own=(unshare --net)
    [ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user --net)
    # The listening socket stays in the namespace it was made in, where a browser can reach it.
    exec python3 -c '
import os, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
os.dup2(os.dup(listener.fileno()), 3) # 3 may be the number that it has
os.execvp(sys.argv[2], sys.argv[2:])' "$port" "${own[@]}" "$0" inside "$(realpath "$1")"
fi

exporter=$2
pids=
clean_up() {
    trap '' INT TERM # once is enough
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
}
trap clean_up EXIT
trap 'exit 0' INT TERM

# The rest of the network is a namespace behind a pair of interfaces.
unshare --net "$directory/traffic.py" world 3>&- &
pids="$pids $!"
until ip link add eth0 type veth peer name eth0 netns $! 2>/dev/null; do
    kill -0 $! # its namespace may not be there yet
done
ip link set lo up
ip link set eth0 up
ip address add 10.0.0.11/24 dev eth0
echo "20000 21999" >/proc/sys/net/ipv4/ip_local_port_range # fills within a minute

"$directory/traffic.py" host 3>&- &
pids="$pids $!"
LISTEN_FDS=1 bash -c 'LISTEN_PID=$$ exec "$@"' - "$exporter" --web.systemd-socket --log.level=warn &
pids="$pids $!"
echo "open http://127.0.0.1:$port/ and watch for a minute; ends in $minutes minutes, or with Ctrl-C"
sleep $((minutes * 60)) &
pids="$pids $!"
wait -n
