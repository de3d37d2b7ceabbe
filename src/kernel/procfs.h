// SPDX-License-Identifier: Apache-2.0
/*
 * Reads from /proc the kernel's totals, counters and settings of TCP in the network namespace of
 * the calling thread. Each takes a few microseconds for any number of sockets.
 *
 * `root` is the mount point of proc: "/proc", or a test's directory. All functions return false
 * with `fault` filled when a file is missing, unreadable or not as expected. The output is then
 * unspecified, except where a number can be absent.
 */
#ifndef SOCKDIAG_PROCFS_H
#define SOCKDIAG_PROCFS_H

#include "base/fault.h"
#include "base/port_set.h"

#include <stdbool.h>
#include <stdint.h>

/* In place of a number: PROCFS_ABSENT if this kernel does not have it, or it could not be read;
 * PROCFS_UNLIMITED for no limit. */
#define PROCFS_ABSENT    UINT64_MAX
#define PROCFS_UNLIMITED (UINT64_MAX - 1)

static inline bool procfs_is_number(uint64_t value)
{
    return value < PROCFS_UNLIMITED;
}

/* From net/sockstat and net/sockstat6. */
struct tcp_usage {
    uint64_t full_sockets; /* IPv4 and IPv6, LISTEN included; bound-only ones are not */
    uint64_t minisockets; /* TIME_WAIT, and FIN_WAIT2 without an owner; SYN_RECV requests are not */
};

/* A missing sockstat6, in a kernel without IPv6, is not a fault. */
bool procfs_read_tcp_usage(const char *root, struct tcp_usage *usage, struct fault *fault);

/* From net/netstat (TcpExt) and net/snmp (Tcp), since the namespace was made. Each can be absent.
 */
struct tcp_counters {
    /* TW and, with a timeout of 4 s or less, TWKilled: put into TIME_WAIT, or into FIN_WAIT2
     * without an owner. Before Linux 5.18: that have left it without being reused. */
    uint64_t time_wait_started;
    uint64_t time_wait_reused;    /* TWRecycled: replaced by a new connect() */
    uint64_t time_wait_overflows; /* TCPTimeWaitOverflow: dropped at the limit */
    uint64_t listen_overflows;    /* ListenOverflows: the accept queue was full */
    uint64_t listen_drops;        /* ListenDrops: a SYN or an ACK was dropped, for any reason */
    /* A listener had as many half-open connections as its backlog: the SYN was dropped
     * (TCPReqQFullDrop), or answered with a cookie (TCPReqQFullDoCookies). */
    uint64_t syn_queue_full_drops;
    uint64_t syn_queue_full_cookies;
    uint64_t syncookies_sent;     /* SyncookiesSent */
    uint64_t syncookies_received; /* SyncookiesRecv: they came back, and a connection was made */
    uint64_t syncookies_failed;   /* SyncookiesFailed: an ACK without a valid one */

    uint64_t active_opens;       /* ActiveOpens: connect() that got a port */
    uint64_t passive_opens;      /* PassiveOpens: a SYN at a listener became a connection */
    uint64_t failed_attempts;    /* AttemptFails: SYN_SENT or SYN_RECV ended without a connection */
    uint64_t established_resets; /* EstabResets: ESTABLISHED or CLOSE_WAIT ended at once */
    uint64_t resets_sent;        /* OutRsts */
};

/* A column that this kernel does not have is no fault. After a fault the numbers of the other file,
 * and the other columns, are valid. */
bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault);

/* Read ActiveOpens alone, at a third of the cost. */
bool procfs_read_active_opens(const char *root, uint64_t *active_opens, struct fault *fault);

/* From sys/net/ipv4. Each can be absent. */
struct tcp_settings {
    /* tcp_max_tw_buckets: PROCFS_UNLIMITED if it is negative, because the kernel compares it as an
     * unsigned number (inet_twsk_alloc, net/ipv4/inet_timewait_sock.c). */
    uint64_t time_wait_limit;
    uint64_t tw_reuse; /* tcp_tw_reuse: 0 off, 1 on, 2 loopback only */
};

/* After a fault the number of the other file is valid. */
bool procfs_read_tcp_settings(const char *root, struct tcp_settings *settings, struct fault *fault);

/* The levels of net.ipv4.tcp_mem (tcp(7)): sockets save memory from `pressure` until it is below
 * `low` again, and get none above `high`. */
enum tcp_memory_level { TCP_MEMORY_LOW, TCP_MEMORY_PRESSURE, TCP_MEMORY_HIGH, TCP_MEMORY_LEVELS };

/* From net/sockstat and sys/net/ipv4: of the whole host, whatever the namespace. Each can be
 * absent. */
struct tcp_pressure {
    uint64_t memory_bytes;                          /* of the buffers of all sockets: mem */
    uint64_t memory_limit_bytes[TCP_MEMORY_LEVELS]; /* tcp_mem */
    uint64_t orphans;                               /* full sockets without a process: orphan */
    uint64_t orphan_limit;                          /* tcp_max_orphans */
};

/* Only the initial network namespace has the files of the limits: elsewhere their absence is no
 * fault. After a fault the numbers of the other files are valid. */
bool procfs_read_tcp_pressure(const char *root, struct tcp_pressure *pressure, struct fault *fault);

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

/* The same from the two files, opened in another network namespace. ENOENT when that is gone. */
bool procfs_read_open_port_settings(int range, int reserved, struct port_settings *settings,
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

/* Read the name of a process's program (proc_pid_comm(5)), with '_' for bytes that are not
 * printable ASCII; "" when the process is gone or hidden, or `pid` is 0. */
enum { PROGRAM_NAME_SIZE = 16 }; /* TASK_COMM_LEN, with the NUL */
void procfs_read_program(const char *root, uint32_t pid, char name[static PROGRAM_NAME_SIZE]);

#endif
