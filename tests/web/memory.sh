#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: memory.sh EXPORTER
# The memory that clients can cost, of the process and of the kernel for its sockets: together it stays
# below what the service may have.
. "$(dirname "$0")/../support/exporter.sh" "$@"
limit=$(sed -n 's/^MemoryMax=\([0-9]*\)M$/\1/p' "$directory/../../systemd/sockdiag_exporter.service.in")

start
clients memory_sum plain "$limit"
stop
authority
server_certificate server
tls_config >web.yml
start --web.config.file=web.yml
clients memory_sum tls "$limit"
stop

/usr/bin/python3 "$directory/many_listeners.py" >made &
pids="$pids $!"
await 10 test -s made
start --collector.listeners.top=1000 --sample.interval=100ms --sample.detail-interval=100ms --sample.cpu-budget=100
clients slow_readers
stop
