// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

static void write_time_wait_counters(struct metric_writer *writer,
                                     const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_started", METRIC_COUNTER,
                 "Connections that this side closed first and that went into TIME_WAIT, or into "
                 "FIN_WAIT2 without an owner (TW and TWKilled in /proc/net/netstat). As of the "
                 "last count sample.");
    metric_write_integer(writer, NULL, 0, counters->time_wait_started);

    metric_begin(writer, "sockdiag_tcp_time_wait_reused", METRIC_COUNTER,
                 "TIME_WAIT sockets whose ports a new connect() took over, as tcp_tw_reuse allows "
                 "(TWRecycled). As of the last count sample.");
    metric_write_integer(writer, NULL, 0, counters->time_wait_reused);

    metric_begin(writer, "sockdiag_tcp_time_wait_overflows", METRIC_COUNTER,
                 "Connections that skipped TIME_WAIT because the limit was reached "
                 "(TCPTimeWaitOverflow). As of the last count sample.");
    metric_write_integer(writer, NULL, 0, counters->time_wait_overflows);
}

static void write_time_wait_settings(struct metric_writer *writer,
                                     const struct tcp_settings *settings)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_limit", METRIC_GAUGE,
                 "The most TIME_WAIT sockets that the kernel keeps (tcp_max_tw_buckets). As of the "
                 "last count sample.");
    metric_write_integer(writer, NULL, 0, settings->time_wait_limit);

    metric_begin(writer, "sockdiag_tcp_tw_reuse", METRIC_GAUGE,
                 "The setting tcp_tw_reuse: 0 off, 1 on, 2 for loopback only. As of the last count "
                 "sample.");
    metric_write_integer(writer, NULL, 0, settings->tw_reuse);
}

static void write_listen_counters(struct metric_writer *writer, const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_listen_overflows", METRIC_COUNTER,
                 "Connections dropped because an accept queue was full (ListenOverflows). As of "
                 "the last count sample.");
    metric_write_integer(writer, NULL, 0, counters->listen_overflows);

    metric_begin(writer, "sockdiag_tcp_listen_drops", METRIC_COUNTER,
                 "Connections dropped by a listener for any reason, overflows included "
                 "(ListenDrops). As of the last count sample.");
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
