// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

#include <inttypes.h>
#include <stdio.h>

/* Write a number of a namespace, unless it is absent; with one more label unless `name` is NULL. */
static void write_number(struct metric_writer *writer, const struct namespace_row *row,
                         const char *name, const char *value, uint64_t number)
{
    struct label labels[] = {{"netns", row->labels.name}, {name, value}};
    if (procfs_is_number(number))
        metric_write_integer(writer, labels, name ? 2 : 1, number);
}

/* The rows with numbers: one for each named namespace, and a last one for the others, if any. */
static size_t count_rows(const struct namespaces_snapshot *snapshot)
{
    return snapshot->count + (snapshot->other_count > 0);
}

static const struct namespace_row *get_row(const struct namespaces_snapshot *snapshot, size_t i)
{
    return i < snapshot->count ? &snapshot->rows[i] : &snapshot->others;
}

static void write_info(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns", METRIC_INFO,
                 "Network namespaces of the node and their pods or containers, as labels of a "
                 "constant 1: uid is the pod's.");
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_labels *row = &snapshot->rows[i].labels;
        char inode[24];
        snprintf(inode, sizeof inode, "%" PRIu64, row->inode);
        struct label labels[] = {{"netns", row->name},      {"inode", inode},
                                 {"runtime", row->runtime}, {"container_id", row->container_id},
                                 {"uid", row->pod.uid},     {"pod_namespace", row->pod.namespace},
                                 {"pod", row->pod.pod}};
        metric_write_integer(writer, labels, 7, 1);
    }
}

static void write_namespaces(struct metric_writer *writer,
                             const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_namespaces", METRIC_GAUGE,
                 "Network namespaces with a process: named ones have their own series, other ones "
                 "are summed as netns=\"other\", excluded ones are not read.");
    const struct {
        const char *kind;
        size_t count;
    } kinds[] = {{"named", snapshot->count},
                 {"other", snapshot->other_count},
                 {"excluded", snapshot->excluded_count}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        metric_write_integer(writer, &(struct label){"kind", kinds[i].kind}, 1, kinds[i].count);
}

static void write_sockets(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_tcp_sockets", METRIC_GAUGE,
                 "TCP sockets of the network namespace: kind time_wait includes FIN_WAIT2 without "
                 "an owner, full is all others but half-open and bound-only ones.");
    for (size_t i = 0; i < count_rows(snapshot); i++) {
        const struct namespace_row *row = get_row(snapshot, i);
        if (!row->has_sockets)
            continue;
        write_number(writer, row, "kind", "full", row->full_sockets);
        write_number(writer, row, "kind", "time_wait", row->minisockets);
    }

    metric_begin(writer, "sockdiag_netns_tcp_time_wait_sockets_peak", METRIC_GAUGE,
                 "Most TCP sockets of kind time_wait that a reading saw in the network namespace "
                 "within --sample.peak-window.");
    for (size_t i = 0; i < count_rows(snapshot); i++) {
        const struct namespace_row *row = get_row(snapshot, i);
        if (row->has_sockets)
            write_number(writer, row, NULL, NULL, row->minisockets_peak);
    }
}

static void write_opens(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_tcp_opens", METRIC_FOREIGN_COUNTER,
                 "TCP connections that the network namespace opened: active by connect(), passive "
                 "by a listener (ActiveOpens and PassiveOpens in /proc/net/snmp).");
    for (size_t i = 0; i < count_rows(snapshot); i++) {
        const struct namespace_row *row = get_row(snapshot, i);
        if (!row->has_opens)
            continue;
        write_number(writer, row, "direction", "active", row->counters.active_opens);
        write_number(writer, row, "direction", "passive", row->counters.passive_opens);
    }
}

/* Write one counter of every namespace: the one at `offset` in struct tcp_counters. */
static void write_counter(struct metric_writer *writer, const struct namespaces_snapshot *snapshot,
                          size_t offset)
{
    for (size_t i = 0; i < count_rows(snapshot); i++) {
        const struct namespace_row *row = get_row(snapshot, i);
        const char *counters = (const char *)&row->counters;
        if (row->has_counters)
            write_number(writer, row, NULL, NULL, *(const uint64_t *)(counters + offset));
    }
}

static void write_counters(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_tcp_time_wait_started", METRIC_FOREIGN_COUNTER,
                 "Connections that the network namespace closed first and that entered TIME_WAIT "
                 "(TW and TWKilled in /proc/net/netstat).");
    write_counter(writer, snapshot, offsetof(struct tcp_counters, time_wait_started));

    metric_begin(
        writer, "sockdiag_netns_tcp_time_wait_overflows", METRIC_FOREIGN_COUNTER,
        "Connections of the network namespace that skipped TIME_WAIT because the limit was "
        "reached (TCPTimeWaitOverflow in /proc/net/netstat).");
    write_counter(writer, snapshot, offsetof(struct tcp_counters, time_wait_overflows));

    metric_begin(writer, "sockdiag_netns_tcp_listen_overflows", METRIC_FOREIGN_COUNTER,
                 "Connections of the network namespace dropped because an accept queue was full "
                 "(ListenOverflows in /proc/net/netstat).");
    write_counter(writer, snapshot, offsetof(struct tcp_counters, listen_overflows));

    metric_begin(writer, "sockdiag_netns_tcp_listen_drops", METRIC_FOREIGN_COUNTER,
                 "Connections of the network namespace dropped by listeners for any reason "
                 "(ListenDrops in /proc/net/netstat).");
    write_counter(writer, snapshot, offsetof(struct tcp_counters, listen_drops));
}

static void write_bound(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_ephemeral_ports_bound", METRIC_GAUGE,
                 "Upper bound of the ephemeral ports in use in the network namespace: for tcp "
                 "towards any one destination, for udp in total; netns=\"other\" has the highest "
                 "of them for tcp.");
    for (size_t i = 0; i < count_rows(snapshot); i++) {
        const struct namespace_row *row = get_row(snapshot, i);
        if (row->has_bound)
            write_number(writer, row, "protocol", "tcp", row->tcp_bound);
        if (row->has_sockets)
            write_number(writer, row, "protocol", "udp", row->udp_sockets);
    }
}

static double share(uint64_t ports, uint64_t usable)
{
    return ports < usable ? (double)ports / (double)usable : 1;
}

static void write_bound_ratio(struct metric_writer *writer,
                              const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_netns_ephemeral_port_utilization_bound_ratio", METRIC_GAUGE,
                 "sockdiag_netns_ephemeral_ports_bound as a share of the range without reserved "
                 "ports, where the range is known: in the exporter's own network namespace and in "
                 "walked ones.");
    for (size_t i = 0; i < snapshot->count; i++) {
        const struct namespace_row *row = &snapshot->rows[i];
        struct label labels[] = {{"netns", row->labels.name}, {"protocol", "tcp"}};
        if (row->has_usable && row->has_bound)
            metric_write_real(writer, labels, 2, share(row->tcp_bound, row->usable));
        labels[1].value = "udp";
        if (row->has_usable && row->has_sockets)
            metric_write_real(writer, labels, 2, share(row->udp_sockets, row->usable));
    }
}

static void write_self(struct metric_writer *writer, const struct namespaces_snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_exporter_netns_processes_hidden", METRIC_GAUGE,
                 "1 while /proc hides processes of other users, so that their network namespaces "
                 "are not found.");
    metric_write_integer(writer, NULL, 0, snapshot->processes_hidden);

    metric_begin(writer, "sockdiag_exporter_netns_cpu_seconds", METRIC_COUNTER,
                 "CPU time that finding and reading network namespaces took, user and system.");
    metric_write_real(writer, NULL, 0, snapshot->cpu_seconds);

    metric_begin(writer, "sockdiag_exporter_netns_interval_seconds", METRIC_GAUGE,
                 "Current interval between readings of a file of /proc/PID/net in each network "
                 "namespace, longer while --sample.cpu-budget requires it.");
    for (enum netns_file file = 0; file < NETNS_FILES; file++)
        metric_write_real(writer, &(struct label){"file", netns_file_name(file)}, 1,
                          snapshot->interval_seconds[file]);

    metric_begin(
        writer, "sockdiag_exporter_netns_oldest_reading_timestamp_seconds", METRIC_GAUGE,
        "Unix time of the last reading of a file of /proc/PID/net in the network namespace where "
        "this time is the oldest.");
    for (enum netns_file file = 0; file < NETNS_FILES; file++) {
        if (snapshot->oldest_reading[file] > 0)
            metric_write_real(writer, &(struct label){"file", netns_file_name(file)}, 1,
                              snapshot->oldest_reading[file]);
    }
}

void exposition_write_netns(struct metric_writer *writer,
                            const struct namespaces_snapshot *snapshot)
{
    if (!snapshot->collected)
        return;
    write_info(writer, snapshot);
    write_namespaces(writer, snapshot);
    write_sockets(writer, snapshot);
    write_opens(writer, snapshot);
    write_counters(writer, snapshot);
    write_bound(writer, snapshot);
    write_bound_ratio(writer, snapshot);
    write_self(writer, snapshot);
}
