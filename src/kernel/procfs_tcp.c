// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <errno.h>

#include "proc_file.h"

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

bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault)
{
    uint64_t time_wait_normal, time_wait_short;
    const struct {
        const char *name;
        uint64_t *value;
    } columns[] = {
        {"TW", &time_wait_normal},
        {"TWKilled", &time_wait_short},
        {"TWRecycled", &counters->time_wait_reused},
        {"TCPTimeWaitOverflow", &counters->time_wait_overflows},
        {"ListenOverflows", &counters->listen_overflows},
        {"ListenDrops", &counters->listen_drops},
    };

    struct proc_file file;
    if (!proc_file_read(&file, root, NET "netstat", fault))
        return false;
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        if (!proc_file_get_column(&file, "TcpExt:", columns[i].name, columns[i].value))
            return false;
    }
    if (!proc_file_read(&file, root, NET "snmp", fault) ||
        !proc_file_get_column(&file, "Tcp:", "ActiveOpens", &counters->active_opens) ||
        !proc_file_get_column(&file, "Tcp:", "PassiveOpens", &counters->passive_opens))
        return false;
    counters->time_wait_started = time_wait_normal + time_wait_short;
    return true;
}

bool procfs_read_active_opens(const char *root, uint64_t *active_opens, struct fault *fault)
{
    struct proc_file file;
    return proc_file_read(&file, root, NET "snmp", fault) &&
           proc_file_get_column(&file, "Tcp:", "ActiveOpens", active_opens);
}

static bool read_number(const char *root, const char *name, uint64_t *value, struct fault *fault)
{
    struct proc_file file;
    return proc_file_read(&file, root, name, fault) && proc_file_get_number(&file, value);
}

bool procfs_read_tcp_settings(const char *root, struct tcp_settings *settings, struct fault *fault)
{
    return read_number(root, "sys/net/ipv4/tcp_max_tw_buckets", &settings->time_wait_limit,
                       fault) &&
           read_number(root, "sys/net/ipv4/tcp_tw_reuse", &settings->tw_reuse, fault);
}
