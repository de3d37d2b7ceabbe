// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

/* Write a number, unless this kernel does not have it or it could not be read. */
static void write_known(struct metric_writer *writer, const struct label *label, uint64_t number)
{
    if (procfs_is_number(number))
        metric_write_integer(writer, label, label ? 1 : 0, number);
}

static void write_time_wait_counters(struct metric_writer *writer,
                                     const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_started", METRIC_FOREIGN_COUNTER,
                 "Connections that this host closed first and that entered TIME_WAIT (TW and "
                 "TWKilled in /proc/net/netstat; before Linux 5.18 counted when they leave it).");
    write_known(writer, NULL, counters->time_wait_started);

    metric_begin(writer, "sockdiag_tcp_time_wait_reused", METRIC_FOREIGN_COUNTER,
                 "TIME_WAIT sockets whose port a new connect() took over (TWRecycled in "
                 "/proc/net/netstat).");
    write_known(writer, NULL, counters->time_wait_reused);

    metric_begin(writer, "sockdiag_tcp_time_wait_overflows", METRIC_FOREIGN_COUNTER,
                 "Connections that skipped TIME_WAIT because the limit was reached "
                 "(TCPTimeWaitOverflow in /proc/net/netstat).");
    write_known(writer, NULL, counters->time_wait_overflows);
}

static void write_time_wait_settings(struct metric_writer *writer,
                                     const struct tcp_settings *settings)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_limit", METRIC_GAUGE,
                 "Maximum number of TIME_WAIT sockets (net.ipv4.tcp_max_tw_buckets), absent if "
                 "negative, which means no limit.");
    write_known(writer, NULL, settings->time_wait_limit);

    metric_begin(writer, "sockdiag_tcp_tw_reuse", METRIC_GAUGE,
                 "Whether connect() may take over the port of a TIME_WAIT socket: 0 never, 1 "
                 "always, 2 on loopback (net.ipv4.tcp_tw_reuse).");
    write_known(writer, NULL, settings->tw_reuse);
}

static void write_listen_counters(struct metric_writer *writer, const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_listen_overflows", METRIC_FOREIGN_COUNTER,
                 "Connections dropped because an accept queue was full (ListenOverflows in "
                 "/proc/net/netstat).");
    write_known(writer, NULL, counters->listen_overflows);

    metric_begin(writer, "sockdiag_tcp_listen_drops", METRIC_FOREIGN_COUNTER,
                 "Connections dropped by listeners for any reason, full accept queues included "
                 "(ListenDrops in /proc/net/netstat).");
    write_known(writer, NULL, counters->listen_drops);
}

static void write_syn_queue(struct metric_writer *writer, const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_syn_queue_full", METRIC_FOREIGN_COUNTER,
                 "SYNs that found a listener with as many half-open connections as its backlog: "
                 "dropped, or answered with a cookie (TCPReqQFullDrop and TCPReqQFullDoCookies in "
                 "/proc/net/netstat).");
    write_known(writer, &(struct label){"action", "drop"}, counters->syn_queue_full_drops);
    write_known(writer, &(struct label){"action", "cookie"}, counters->syn_queue_full_cookies);

    metric_begin(writer, "sockdiag_tcp_syncookies", METRIC_FOREIGN_COUNTER,
                 "SYN cookies: sent, received in the ACK that completes a connection, and failed, "
                 "an ACK without a valid cookie (Syncookies* in /proc/net/netstat).");
    write_known(writer, &(struct label){"event", "sent"}, counters->syncookies_sent);
    write_known(writer, &(struct label){"event", "received"}, counters->syncookies_received);
    write_known(writer, &(struct label){"event", "failed"}, counters->syncookies_failed);
}

static void write_opens(struct metric_writer *writer, const struct tcp_counters *counters)
{
    metric_begin(writer, "sockdiag_tcp_opens", METRIC_FOREIGN_COUNTER,
                 "Connections opened by connect() calls that got a port (active), or accepted by "
                 "listeners (passive) (ActiveOpens and PassiveOpens in /proc/net/snmp).");
    write_known(writer, &(struct label){"direction", "active"}, counters->active_opens);
    write_known(writer, &(struct label){"direction", "passive"}, counters->passive_opens);

    metric_begin(writer, "sockdiag_tcp_failed_attempts", METRIC_FOREIGN_COUNTER,
                 "Connections that failed in SYN_SENT or SYN_RECV, refused or without an answer "
                 "(AttemptFails in /proc/net/snmp).");
    write_known(writer, NULL, counters->failed_attempts);

    metric_begin(writer, "sockdiag_tcp_established_resets", METRIC_FOREIGN_COUNTER,
                 "Connections that ended at once from ESTABLISHED or CLOSE_WAIT, by a reset or a "
                 "timeout (EstabResets in /proc/net/snmp).");
    write_known(writer, NULL, counters->established_resets);

    metric_begin(writer, "sockdiag_tcp_resets_sent", METRIC_FOREIGN_COUNTER,
                 "Segments with RST that this host sent (OutRsts in /proc/net/snmp).");
    write_known(writer, NULL, counters->resets_sent);
}

static void write_memory(struct metric_writer *writer, const struct tcp_pressure *pressure)
{
    static const char *const levels[TCP_MEMORY_LEVELS] = {
        [TCP_MEMORY_LOW] = "low", [TCP_MEMORY_PRESSURE] = "pressure", [TCP_MEMORY_HIGH] = "high"};

    metric_begin(writer, "sockdiag_tcp_memory_bytes", METRIC_GAUGE,
                 "Memory of the buffers of all TCP sockets of the machine, in every network "
                 "namespace (mem in /proc/net/sockstat).");
    write_known(writer, NULL, pressure->memory_bytes);

    metric_begin(writer, "sockdiag_tcp_memory_limit_bytes", METRIC_GAUGE,
                 "Limits of sockdiag_tcp_memory_bytes: above pressure the kernel shrinks buffers "
                 "until usage is below low, above high it refuses memory (net.ipv4.tcp_mem, only "
                 "in the initial network namespace).");
    for (enum tcp_memory_level level = 0; level < TCP_MEMORY_LEVELS; level++)
        write_known(writer, &(struct label){"level", levels[level]},
                    pressure->memory_limit_bytes[level]);
}

static void write_orphans(struct metric_writer *writer, const struct tcp_pressure *pressure)
{
    metric_begin(writer, "sockdiag_tcp_orphan_sockets", METRIC_GAUGE,
                 "TCP sockets of the machine that their process has closed and that still send, in "
                 "every network namespace (orphan in /proc/net/sockstat).");
    write_known(writer, NULL, pressure->orphans);

    metric_begin(writer, "sockdiag_tcp_orphan_limit", METRIC_GAUGE,
                 "Maximum number of orphans, above which the kernel resets them "
                 "(net.ipv4.tcp_max_orphans, only in the initial network namespace).");
    write_known(writer, NULL, pressure->orphan_limit);
}

static void write_counters(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (snapshot->time_wait_collected)
        write_time_wait_counters(writer, &snapshot->counters);
    write_listen_counters(writer, &snapshot->counters);
    write_syn_queue(writer, &snapshot->counters);
    write_opens(writer, &snapshot->counters);
}

void exposition_write_kernel(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (snapshot->has_counters)
        write_counters(writer, snapshot);
    if (snapshot->time_wait_collected && snapshot->has_settings)
        write_time_wait_settings(writer, &snapshot->settings);
    if (snapshot->has_pressure) {
        write_memory(writer, &snapshot->pressure);
        write_orphans(writer, &snapshot->pressure);
    }
}
