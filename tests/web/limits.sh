#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: limits.sh EXPORTER
# Who gets a place, and what becomes of those for which there is none.
. "$(dirname "$0")/../support/exporter.sh" "$@"

start_quiet "$url"
clients places
descriptors 0
exec 5<>/dev/tcp/127.0.0.1/10073
await 10 log_has 'cannot accept a connection: Too many open files'
clients cpu_share without_descriptors
as_daemon prlimit --pid "$daemon" --nofile=1000:
printf 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n' >&5
read -r -t 20 answer <&5 && [ "$answer" = $'HTTP/1.1 200 OK\r' ] || fail "no answer once there is: $answer"
exec 5>&-
[ "$(grep -c 'cannot accept a connection' log)" = 1 ] || fail "not reported once: $(cat log)"
pass "a connection for which there is no descriptor is answered when there is one"
stop

start --web.max-connections=1
clients one_place
stop
