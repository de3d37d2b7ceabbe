// SPDX-License-Identifier: Apache-2.0
/*
 * The short reads from /proc: the kernel's own totals, counters and settings of TCP in the network
 * namespace of the calling thread. Each is a few microseconds, however many sockets there are.
 *
 * `root` is where proc is mounted ("/proc"; a test's own folder). All functions return false with
 * `fault` filled when a file is missing, unreadable or not as expected; the output is then
 * unspecified.
 */
#ifndef SOCKDIAG_PROCFS_H
#define SOCKDIAG_PROCFS_H

#include "base/fault.h"
#include "base/port_set.h"

#include <stdbool.h>
#include <stdint.h>

/* From net/sockstat and net/sockstat6. */
struct tcp_usage {
    /* Full sockets, IPv4 and IPv6, LISTEN included; no bound-only ones. */
    uint64_t full_sockets;
    /* TIME_WAIT, and the FIN_WAIT2 whose owner is gone. Request sockets (SYN_RECV) are nowhere. */
    uint64_t minisockets;
};

/* A kernel without IPv6 has no sockstat6: that is not a fault. */
bool procfs_read_tcp_usage(const char *root, struct tcp_usage *usage, struct fault *fault);

/* Since the namespace was made: from net/netstat (TcpExt) and net/snmp (Tcp). */
struct tcp_counters {
    /* TW and, where the timeout was 4 s or less, TWKilled: put into TIME_WAIT, or into FIN_WAIT2
     * without an owner. */
    uint64_t time_wait_started;
    uint64_t time_wait_reused;    /* TWRecycled: replaced by a new connect() */
    uint64_t time_wait_overflows; /* TCPTimeWaitOverflow: not kept, the limit was reached */
    uint64_t listen_overflows;    /* ListenOverflows: the accept queue was full */
    uint64_t listen_drops;        /* ListenDrops: a SYN or an ACK dropped, for any reason */
    uint64_t opens;               /* ActiveOpens + PassiveOpens */
};

bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault);

/* From sys/net/ipv4. */
struct tcp_settings {
    uint64_t time_wait_limit; /* tcp_max_tw_buckets */
    uint64_t tw_reuse;        /* tcp_tw_reuse: 0 off, 1 on, 2 loopback only */
};

bool procfs_read_tcp_settings(const char *root, struct tcp_settings *settings, struct fault *fault);

/* From sys/net/ipv4, for IPv6 too: ip_local_port_range (both ends included) and
 * ip_local_reserved_ports. */
struct port_settings {
    uint16_t low;
    uint16_t high;
    struct port_set reserved;
};

/* Is `port` in the range, reserved or not? */
static inline bool port_settings_in_range(const struct port_settings *settings, uint16_t port)
{
    return port >= settings->low && port <= settings->high;
}

bool procfs_read_port_settings(const char *root, struct port_settings *settings,
                               struct fault *fault);

/* This process, for the process_* metrics every Prometheus client exports. */
struct process_usage {
    double cpu_seconds;
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_descriptors;
    uint64_t max_descriptors;
};

bool procfs_read_process_usage(const char *root, struct process_usage *usage, struct fault *fault);

#endif
