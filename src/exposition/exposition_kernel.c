// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

static void write_time_wait_counters(struct metric_writer *writer,
                                     const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_started", METRIC_FOREIGN_COUNTER,
                 "Connections that this host closed first and that entered TIME_WAIT (TW and "
                 "TWKilled in /proc/net/netstat).");
    metric_write_integer(writer, NULL, 0, counters->time_wait_started);

    metric_begin(writer, "sockdiag_tcp_time_wait_reused", METRIC_FOREIGN_COUNTER,
                 "TIME_WAIT sockets whose port a new connect() took over (TWRecycled in "
                 "/proc/net/netstat).");
    metric_write_integer(writer, NULL, 0, counters->time_wait_reused);

    metric_begin(writer, "sockdiag_tcp_time_wait_overflows", METRIC_FOREIGN_COUNTER,
                 "Connections that skipped TIME_WAIT because the limit was reached "
                 "(TCPTimeWaitOverflow in /proc/net/netstat).");
    metric_write_integer(writer, NULL, 0, counters->time_wait_overflows);
}

static void write_time_wait_settings(struct metric_writer *writer,
                                     const struct tcp_settings *settings)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_limit", METRIC_GAUGE,
                 "Most TIME_WAIT sockets that the kernel keeps (net.ipv4.tcp_max_tw_buckets).");
    metric_write_integer(writer, NULL, 0, settings->time_wait_limit);

    metric_begin(writer, "sockdiag_tcp_tw_reuse", METRIC_GAUGE,
                 "Whether connect() may take over the port of a TIME_WAIT socket: 0 never, 1 "
                 "always, 2 on loopback (net.ipv4.tcp_tw_reuse).");
    metric_write_integer(writer, NULL, 0, settings->tw_reuse);
}

static void write_listen_counters(struct metric_writer *writer, const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_listen_overflows", METRIC_FOREIGN_COUNTER,
                 "Connections dropped because an accept queue was full (ListenOverflows in "
                 "/proc/net/netstat).");
    metric_write_integer(writer, NULL, 0, counters->listen_overflows);

    metric_begin(writer, "sockdiag_tcp_listen_drops", METRIC_FOREIGN_COUNTER,
                 "Connections dropped by listeners for any reason, full accept queues included "
                 "(ListenDrops in /proc/net/netstat).");
    metric_write_integer(writer, NULL, 0, counters->listen_drops);
}

void exposition_write_kernel(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (snapshot->time_wait_collected && snapshot->has_counters)
        write_time_wait_counters(writer, &snapshot->counters);
    if (snapshot->time_wait_collected && snapshot->has_settings)
        write_time_wait_settings(writer, &snapshot->settings);
    if (snapshot->has_counters)
        write_listen_counters(writer, &snapshot->counters);
}
