#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: faults.sh EXPORTER BUILD
# Faults on the living daemon, from without: its descriptors, memory, clock, the kernel's settings, its clients, and
# 300,000 sockets that come and go. Clients that are slow in plain HTTP: tests/integration/test_abuse.c.
build=$(realpath "$2")
. "$(dirname "$0")/support/exporter.sh" "$@"
directory=$directory/faults

authority
server_certificate server
tls_config >web.yml
head -c 8 /dev/zero >offset
# Each page is large and needs memory of the kernel, because what was freed is given back at once.
/usr/bin/python3 "$directory/../web/many_listeners.py" >made &
pids="$pids $!"
await 10 test -s made
export GLIBC_TUNABLES=glibc.malloc.mmap_threshold=4096
LD_PRELOAD=$build/tests/faults/clock.so CLOCK_OFFSET=$work/offset start --web.config.file=web.yml --sample.cpu-budget=100 \
    --collector.listeners.top=1000
clients living
stop
unset GLIBC_TUNABLES

# 300,000 sockets in a namespace of their own, which the exporter and its clients enter; with default settings.
mkfifo hold
"$build/tests/bench/fabricate" --established=299000 --half-closed=500 --listen=100 <hold >ready &
inside=(nsenter "--net=/proc/$!/ns/net")
exec 7>hold
await 120 grep -q '^ready' ready
printf '#!/bin/sh\nexec %s %s "$@"\n' "${inside[*]}" "$exporter" >inside
chmod +x inside
exporter=./inside start --web.config.file=web.yml
"${inside[@]}" /usr/bin/python3 "$directory/churn.py" 300000 || fail "churn"
stop
exec 7>&-
