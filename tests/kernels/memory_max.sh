#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: memory_max.sh EXPORTER, in a guest
# Clients that ask and do not read, while the exporter is in a control group with the limit of its service: the kernel
# charges their sockets' buffers to it, and does not have to kill.
. "$(dirname "$0")/guest.sh" "$@"
directory=$(realpath "$directory/../web")
group=/sys/fs/cgroup/exporter
limit=$(sed -n 's/^MemoryMax=\([0-9]*\)M$/\1/p' "$directory/../../systemd/sockdiag_exporter.service.in")

echo +memory >/sys/fs/cgroup/cgroup.subtree_control
mkdir $group
echo $((limit << 20)) >$group/memory.max
mkfifo gate
(read -r _ <gate; exec "$exporter" 2>>log) &
daemon=$!
export daemon
pids="$pids $daemon"
echo "$daemon" >$group/cgroup.procs
echo go >gate
await 10 log_has 'samples every'
clients memory_sum plain "$limit"
expect "after the clients" 200 $url/metrics
grep -q '^oom_kill 0$' $group/memory.events || fail "killed"
pass "under MemoryMax=${limit}M: $(tr '\n' ' ' <$group/memory.events)"
