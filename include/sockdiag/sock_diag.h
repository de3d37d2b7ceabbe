// SPDX-License-Identifier: Apache-2.0
/*
 * Dumps of sock_diag: the kernel's list of TCP or UDP sockets, one record a socket.
 *
 * The TCP request is the "compat" one (TCPDIAG_GETSOCK, net/ipv4/inet_diag.c). It returns IPv4 and
 * IPv6 in one walk of the kernel's hash tables; SOCK_DIAG_BY_FAMILY needs a walk for each. The
 * kernel filters the states before it copies anything: a socket in another state costs less than a
 * tenth of one that is reported.
 *
 * Listeners come first, then bound-only sockets, then the others.
 */
#ifndef SOCKDIAG_SOCK_DIAG_H
#define SOCKDIAG_SOCK_DIAG_H

#include "base/fault.h"
#include "kernel/tcp_events.h"
#include "sockdiag/socket_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel fills at most 32 KiB, and rows that do not fit are lost: this must not depend on the
 * page size. */
#define SOCK_DIAG_BUFFER_SIZE 65536

/*
 * Opens a netlink socket: sock_diag_open_netlink, or one of a test. Returns a descriptor that the
 * caller closes, or -errno. Open one for each dump: a netlink socket stays in the network namespace
 * of its creation, and cannot be used again after an incomplete dump.
 */
typedef int sock_diag_opener(void *context);
sock_diag_opener sock_diag_open_netlink;

/* The access to the kernel, which a test can replace. */
struct kernel_access {
    sock_diag_opener *open_sock_diag;
    void *opener_context;
    const char *proc_root; /* "/proc" */
    /* For other network namespaces alone. */
    const char *netns_root;            /* "/run/netns" */
    const char *pod_logs_root;         /* "/var/log/pods" */
    struct netns_helper *netns_helper; /* for walks of these; NULL: none */
    /* For cgroups alone. */
    const char *cgroup_root; /* "/sys/fs/cgroup" */
    /* Events that are counted (kernel/tcp_events.h), by enum tcp_event; NULL: not this one. */
    struct tcp_events *tcp_events[TCP_EVENTS];
};

/* Which TCP sockets to report. The kernel filters before it copies anything: a socket that does not
 * match costs a tenth of one that is reported when its state differs, a quarter when its port does.
 */
struct sock_diag_query {
    tcp_state_set states;
    /* Local ports, both included; both 0 for all ports. */
    uint16_t low_port, high_port;
    bool drops;   /* report the drops of listeners */
    bool cgroups; /* report the cgroups of all full sockets */
};

/*
 * Dump the TCP sockets, or the UDP sockets of one family, of a network namespace: that of the
 * opened socket. A UDP socket is in TCP_STATE_ESTABLISHED if it is connected, otherwise in
 * TCP_STATE_BOUND_INACTIVE.
 *
 * query    the sockets to report
 * family   for UDP; an IPv6 socket that is bound to a v4-mapped address belongs to IPv6
 * consume  called for each socket with `context`, in the order of the walk
 * rows     the number of reported sockets; also set on failure
 *
 * False, with `fault` filled, when the dump is incomplete. Blocks while the kernel walks (about a
 * microsecond for each reported socket), at most ten seconds for one reply.
 */
bool sock_diag_dump_tcp(const struct kernel_access *kernel, const struct sock_diag_query *query,
                        socket_record_consumer *consume, void *context, uint64_t *rows,
                        struct fault *fault);
bool sock_diag_dump_udp(const struct kernel_access *kernel, enum ip_family family,
                        socket_record_consumer *consume, void *context, uint64_t *rows,
                        struct fault *fault);

/*
 * Decode the netlink messages of one datagram; public for the fuzzer. Never reads past `length`.
 * Skips attributes and states that it does not know: a newer kernel may have more.
 *
 * data    aligned to 4 bytes
 * done    set at the message that ends a dump
 * rows    incremented by the number of records
 *
 * False, with `fault` filled, on an error message, an error at the end of the dump, or a truncated
 * message.
 */
bool sock_diag_decode(const void *data, size_t length, socket_record_consumer *consume,
                      void *context, uint64_t *rows, bool *done, struct fault *fault);

#endif
