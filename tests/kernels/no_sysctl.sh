#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: no_sysctl.sh EXPORTER, in a guest
# /proc/sys cannot be read: states are counted, and what takes a setting is absent.
. "$(dirname "$0")/guest.sh" "$@"

mount -t tmpfs -o mode=700 tmpfs /proc/sys
once page
umount /proc/sys
has page 'sockdiag_tcp_sockets{state="established"} 0'
has page 'sockdiag_tcp_time_wait_sockets'
has page 'sockdiag_tcp_listen_overflows_total'
has_not page 'sockdiag_ephemeral_port'
has_not page 'sockdiag_tcp_time_wait_limit'
log_has 'cannot read /proc/sys/net/ipv4/ip_local_port_range' || fail "no reason"
pass "without /proc/sys the states are counted"
