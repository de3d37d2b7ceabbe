#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: soak.sh EXPORTER [BUILD]
# $SOAK_SECONDS (an hour) under load with all collectors, TLS and a password: memory, descriptors and threads
# stay flat.
if [ "${ALONE:-}" != yes ]; then # what other processes do would show as growth
    alone=(unshare --pid --fork --kill-child --mount-proc)
    [ "$(id -u)" = 0 ] || alone+=(--user --map-root-user)
    export ALONE=yes
    exec "${alone[@]}" "$0" "$@"
fi
. "$(dirname "$0")/support/exporter.sh" "$@"

authority
server_certificate server
{
    tls_config
    users scraper:secret
} >web.yml
flags=(--web.config.file=web.yml --sample.interval=100ms --sample.detail-interval=1s --collector.cgroups --collector.netns)
[ "$(id -u)" != 0 ] || flags+=(--collector.netns.walk --collector.connect-failures --collector.closers)
start "${flags[@]}"
/usr/bin/python3 "$directory/faults/soak.py" "${SOAK_SECONDS:-3600}" || fail "the soak, see above"
stop
