// SPDX-License-Identifier: Apache-2.0
/*
 * Reads from /proc the kernel's totals, counters and settings of TCP in the network namespace of
 * the calling thread. Each takes a few microseconds for any number of sockets.
 *
 * `root` is the mount point of proc: "/proc", or a test's directory. All functions return false
 * with `fault` filled when a file is missing, unreadable or not as expected. The output is then
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
    uint64_t full_sockets; /* IPv4 and IPv6, LISTEN included; bound-only ones are not */
    uint64_t minisockets; /* TIME_WAIT, and FIN_WAIT2 without an owner; SYN_RECV requests are not */
};

/* A missing sockstat6, in a kernel without IPv6, is not a fault. */
bool procfs_read_tcp_usage(const char *root, struct tcp_usage *usage, struct fault *fault);

/* From net/netstat (TcpExt) and net/snmp (Tcp), since the namespace was made. */
struct tcp_counters {
    /* TW and, with a timeout of 4 s or less, TWKilled: put into TIME_WAIT, or into FIN_WAIT2
     * without an owner. */
    uint64_t time_wait_started;
    uint64_t time_wait_reused;    /* TWRecycled: replaced by a new connect() */
    uint64_t time_wait_overflows; /* TCPTimeWaitOverflow: dropped at the limit */
    uint64_t listen_overflows;    /* ListenOverflows: the accept queue was full */
    uint64_t listen_drops;        /* ListenDrops: a SYN or an ACK was dropped, for any reason */
    uint64_t active_opens;        /* ActiveOpens: connect() that got a port */
    uint64_t passive_opens;       /* PassiveOpens */
};

bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault);

/* Read ActiveOpens alone, at a third of the cost. */
bool procfs_read_active_opens(const char *root, uint64_t *active_opens, struct fault *fault);

/* From sys/net/ipv4. */
struct tcp_settings {
    uint64_t time_wait_limit; /* tcp_max_tw_buckets */
    uint64_t tw_reuse;        /* tcp_tw_reuse: 0 off, 1 on, 2 loopback only */
};

bool procfs_read_tcp_settings(const char *root, struct tcp_settings *settings, struct fault *fault);

/* From sys/net/ipv4, and valid for IPv6: ip_local_port_range (both ends included) and
 * ip_local_reserved_ports. */
struct port_settings {
    uint16_t low;
    uint16_t high;
    struct port_set reserved;
};

/* Is `port` in the range, reserved or not? */
static inline bool is_in_port_range(const struct port_settings *settings, uint16_t port)
{
    return port >= settings->low && port <= settings->high;
}

bool procfs_read_port_settings(const char *root, struct port_settings *settings,
                               struct fault *fault);

/* Of this process, for the process_* metrics that every Prometheus client exports. */
struct process_usage {
    double cpu_seconds;
    uint64_t resident_bytes;
    uint64_t virtual_bytes;
    uint64_t open_descriptors;
    uint64_t max_descriptors;
};

bool procfs_read_process_usage(const char *root, struct process_usage *usage, struct fault *fault);

#endif
