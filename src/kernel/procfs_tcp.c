// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <errno.h>

#include "procfs_tcp.h"

/* thread-self, not self: a thread may be in a different network namespace than its process. */
#define NET "thread-self/net/"

bool procfs_read_tcp_usage(const char *root, struct tcp_usage *usage, struct fault *fault)
{
    struct proc_file file;
    uint64_t ipv4, ipv6 = 0;

    if (!proc_file_read(&file, root, NET "sockstat", fault) ||
        !proc_file_get_keyed(&file, "TCP:", "inuse", &ipv4) ||
        !proc_file_get_keyed(&file, "TCP:", "tw", &usage->minisockets))
        return false;
    if (proc_file_read(&file, root, NET "sockstat6", fault)) {
        if (!proc_file_get_keyed(&file, "TCP6:", "inuse", &ipv6))
            return false;
    } else if (fault->error_number != ENOENT) {
        return false;
    }
    usage->full_sockets = ipv4 + ipv6;
    return true;
}

bool procfs_parse_netstat(const struct proc_file *file, struct tcp_counters *counters)
{
    uint64_t time_wait_normal, time_wait_short;
    const struct proc_column columns[] = {
        {"TW", &time_wait_normal},
        {"TWKilled", &time_wait_short},
        {"TWRecycled", &counters->time_wait_reused},
        {"TCPTimeWaitOverflow", &counters->time_wait_overflows},
        {"ListenOverflows", &counters->listen_overflows},
        {"ListenDrops", &counters->listen_drops},
        {"TCPReqQFullDrop", &counters->syn_queue_full_drops},
        {"TCPReqQFullDoCookies", &counters->syn_queue_full_cookies},
        {"SyncookiesSent", &counters->syncookies_sent},
        {"SyncookiesRecv", &counters->syncookies_received},
        {"SyncookiesFailed", &counters->syncookies_failed},
    };
    bool good = proc_file_get_columns(file, "TcpExt:", columns, sizeof columns / sizeof columns[0]);
    counters->time_wait_started = PROCFS_ABSENT;
    if (procfs_is_number(time_wait_normal) && procfs_is_number(time_wait_short))
        counters->time_wait_started = time_wait_normal + time_wait_short;
    return good;
}

bool procfs_parse_snmp(const struct proc_file *file, struct tcp_counters *counters)
{
    const struct proc_column columns[] = {
        {"ActiveOpens", &counters->active_opens},
        {"PassiveOpens", &counters->passive_opens},
        {"AttemptFails", &counters->failed_attempts},
        {"EstabResets", &counters->established_resets},
        {"OutRsts", &counters->resets_sent},
    };
    return proc_file_get_columns(file, "Tcp:", columns, sizeof columns / sizeof columns[0]);
}

/* Read a file and its counters. If it cannot be read, all of them are absent. */
static bool read_counters(const char *root, const char *name,
                          bool parse(const struct proc_file *, struct tcp_counters *),
                          struct tcp_counters *counters, struct fault *fault)
{
    struct proc_file file;
    struct fault ignored; /* the counters missing from an unreadable file */
    bool readable = proc_file_read(&file, root, name, fault);
    if (!readable) {
        file.text[0] = '\0';
        file.fault = &ignored;
    }
    return parse(&file, counters) && readable;
}

bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault)
{
    struct fault second;
    bool good = read_counters(root, NET "netstat", procfs_parse_netstat, counters, fault);
    return read_counters(root, NET "snmp", procfs_parse_snmp, counters, good ? fault : &second) &&
           good;
}

bool procfs_read_active_opens(const char *root, uint64_t *active_opens, struct fault *fault)
{
    struct proc_file file;
    return proc_file_read(&file, root, NET "snmp", fault) &&
           proc_file_get_column(&file, "Tcp:", "ActiveOpens", active_opens) &&
           (procfs_is_number(*active_opens) || fault_set(fault, FAULT_PROC_PARSE, 0, NET "snmp"));
}

/* Parses the number that a file holds. */
typedef bool parser(const struct proc_file *file, uint64_t *value);

static bool read_number(const char *root, const char *name, parser *parse, uint64_t *value,
                        struct fault *fault)
{
    struct proc_file file;
    *value = PROCFS_ABSENT;
    return proc_file_read(&file, root, name, fault) && parse(&file, value);
}

bool procfs_read_tcp_settings(const char *root, struct tcp_settings *settings, struct fault *fault)
{
    struct fault second;
    bool good = read_number(root, "sys/net/ipv4/tcp_max_tw_buckets", proc_file_get_limit,
                            &settings->time_wait_limit, fault);
    return read_number(root, "sys/net/ipv4/tcp_tw_reuse", proc_file_get_number, &settings->tw_reuse,
                       good ? fault : &second) &&
           good;
}
