// SPDX-License-Identifier: Apache-2.0
/*
 * sock_diag dumps: the kernel's list of TCP or UDP sockets, one record a socket.
 *
 * The TCP request is the "compat" one (TCPDIAG_GETSOCK, net/ipv4/inet_diag.c): it ignores the
 * family and returns IPv4 and IPv6 in one walk of the kernel's hash tables, where
 * SOCK_DIAG_BY_FAMILY needs a walk for each. The states are filtered before anything is copied: a
 * socket that is not asked for costs the walk less than a tenth of one that is.
 *
 * The walk goes through listeners first, then bound-only sockets, then the others.
 */
#ifndef SOCKDIAG_SOCK_DIAG_H
#define SOCKDIAG_SOCK_DIAG_H

#include "base/fault.h"
#include "sockdiag/socket_record.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A reply fills at most 32 KiB however large the buffer is, and one that does not fit loses rows:
 * this must not depend on the page size. */
#define SOCK_DIAG_BUFFER_SIZE 65536

/*
 * Where the netlink socket comes from: sock_diag_open_netlink, or a test's own. Returns a
 * descriptor that the caller closes, or -errno. A netlink socket stays in the network namespace it
 * was made in, and one whose dump was broken off cannot be used again: open one for each dump.
 */
typedef int sock_diag_opener(void *context);
sock_diag_opener sock_diag_open_netlink;

/*
 * Dump the TCP sockets, or the UDP sockets of one family, of the network namespace that `fd`
 * belongs to. A UDP socket is TCP_STATE_ESTABLISHED once it was connected, TCP_STATE_BOUND_INACTIVE
 * before.
 *
 * fd       a socket from an opener, used once
 * states   which to report
 * family   of UDP; a socket on IPv6 that is bound to a v4-mapped address comes with IPv6
 * consume  called for each socket with `context`, in the order of the walk
 * rows     how many were reported; set on failure too
 *
 * False, with `fault` filled, when the dump did not come whole: the records consumed so far are
 * then part of the truth only. Blocks while the kernel walks (about a microsecond a reported
 * socket), at most ten seconds for one reply.
 */
bool sock_diag_dump_tcp(int fd, tcp_state_set states, socket_record_consumer *consume,
                        void *context, uint64_t *rows, struct fault *fault);
bool sock_diag_dump_udp(int fd, enum ip_family family, socket_record_consumer *consume,
                        void *context, uint64_t *rows, struct fault *fault);

/*
 * Read the netlink messages of one datagram: the decoder beneath the dumps, apart from it so
 * that a fuzzer can reach it. Never reads past `length`; attributes and state numbers that it does
 * not know are passed over, as a newer kernel may have more.
 *
 * data    aligned to 4 bytes
 * done    set once the message that ends a dump was seen
 * rows    incremented by the records consumed
 *
 * False, with `fault` filled, on an error message, an error in the end of the dump, or a message
 * that is cut short.
 */
bool sock_diag_decode(const void *data, size_t length, socket_record_consumer *consume,
                      void *context, uint64_t *rows, bool *done, struct fault *fault);

#endif
