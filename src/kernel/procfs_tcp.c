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

/* A column of a file, and where its number belongs. */
struct column {
    const char *name;
    uint64_t *value;
};

/* Read `count` columns of the lines that begin with `line`, each whether or not another fails. */
static bool read_columns(const char *root, const char *name, const char *line,
                         const struct column *columns, size_t count, struct fault *fault)
{
    struct proc_file file;
    bool readable = proc_file_read(&file, root, name, fault), good = readable;
    for (size_t i = 0; i < count; i++) {
        *columns[i].value = PROCFS_ABSENT;
        if (readable)
            good = proc_file_get_column(&file, line, columns[i].name, columns[i].value) && good;
    }
    return good;
}

static bool read_netstat(const char *root, struct tcp_counters *counters, struct fault *fault)
{
    uint64_t time_wait_normal, time_wait_short;
    const struct column columns[] = {
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
    bool good = read_columns(root, NET "netstat", "TcpExt:", columns,
                             sizeof columns / sizeof columns[0], fault);
    counters->time_wait_started = PROCFS_ABSENT;
    if (procfs_is_number(time_wait_normal) && procfs_is_number(time_wait_short))
        counters->time_wait_started = time_wait_normal + time_wait_short;
    return good;
}

static bool read_snmp(const char *root, struct tcp_counters *counters, struct fault *fault)
{
    const struct column columns[] = {
        {"ActiveOpens", &counters->active_opens},
        {"PassiveOpens", &counters->passive_opens},
        {"AttemptFails", &counters->failed_attempts},
        {"EstabResets", &counters->established_resets},
        {"OutRsts", &counters->resets_sent},
    };
    return read_columns(root, NET "snmp", "Tcp:", columns, sizeof columns / sizeof columns[0],
                        fault);
}

bool procfs_read_tcp_counters(const char *root, struct tcp_counters *counters, struct fault *fault)
{
    struct fault second;
    bool good = read_netstat(root, counters, fault);
    return read_snmp(root, counters, good ? fault : &second) && good;
}

bool procfs_read_active_opens(const char *root, uint64_t *active_opens, struct fault *fault)
{
    const struct column column = {"ActiveOpens", active_opens};
    return read_columns(root, NET "snmp", "Tcp:", &column, 1, fault) &&
           (procfs_is_number(*active_opens) || fault_set(fault, FAULT_PROC_PARSE, 0, NET "snmp"));
}

/* Parses the number of a file. */
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
