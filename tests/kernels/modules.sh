#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: modules.sh EXPORTER, in a guest
# Modules of sock_diag that are neither loaded nor can be: what is missing has a line that names them.
. "$(dirname "$0")/guest.sh" "$@"

# are_unloaded: a dump that runs keeps its module for a moment
are_unloaded() {
    rmmod mptcp_diag raw_diag udp_diag tcp_diag inet_diag unix_diag || ! grep '_diag ' /proc/modules
}

# once_with MODULE...: of these no others than the named ones are there
once_with() {
    local code=0
    await 10 are_unloaded
    [ $# = 0 ] || modprobe -a "$@"
    mount -t tmpfs tmpfs /lib/modules
    once page || code=$?
    umount /lib/modules
    return $code
}
hint='load the modules tcp_diag, udp_diag and unix_diag'

! once_with || fail "works without any module"
log_has "$hint" || fail "no hint without inet_diag"
pass "without inet_diag it says which modules to load"

! once_with inet_diag unix_diag || fail "works without tcp_diag"
log_has "$hint" || fail "no hint without tcp_diag"
pass "without tcp_diag it says which modules to load"

once_with tcp_diag unix_diag || fail "fails without udp_diag"
has page 'sockdiag_tcp_sockets{state="established"} 0'
has_not page 'sockdiag_udp'
log_has "UDP.*$hint" || fail "no hint without udp_diag"
pass "without udp_diag it counts TCP"
