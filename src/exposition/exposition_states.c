// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

/* Write a number for each of the ten states that the count sample counts. */
static void write_counts(struct metric_writer *writer, const uint64_t counts[static TCP_STATES])
{
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        struct label label = {"state", tcp_state_name(state)};
        if (state != TCP_STATE_BOUND_INACTIVE)
            metric_write_integer(writer, &label, 1, counts[state]);
    }
}

static void write_states(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_tcp_sockets", METRIC_GAUGE,
                 "TCP sockets in each state at the last count sample.");
    write_counts(writer, snapshot->sockets);

    metric_begin(writer, "sockdiag_tcp_sockets_peak", METRIC_GAUGE,
                 "Highest number of TCP sockets in each state at a count sample within "
                 "--sample.peak-window.");
    write_counts(writer, snapshot->peak_sockets);

    metric_begin(writer, "sockdiag_tcp_sampled_sockets", METRIC_HISTOGRAM,
                 "TCP sockets in each state at every count sample since the start.");
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        struct label label = {"state", tcp_state_name(state)};
        if (state != TCP_STATE_BOUND_INACTIVE)
            metric_write_histogram(writer, &label, 1, &snapshot->sampled_sockets[state]);
    }
}

/* The owner says where to look: at the process, which does not close the socket, or at the peers,
 * which do not close theirs. */
static void write_fin_wait2(struct metric_writer *writer, const struct snapshot *snapshot)
{
    uint64_t all = snapshot->sockets[TCP_STATE_FIN_WAIT2], kernel = snapshot->fin_wait2_minisockets;
    metric_begin(writer, "sockdiag_tcp_fin_wait2_sockets", METRIC_GAUGE,
                 "TCP sockets in FIN_WAIT2 at the last count sample: owned by a process that still "
                 "has them open, or by the kernel alone until net.ipv4.tcp_fin_timeout.");
    metric_write_integer(writer, &(struct label){"owner", "process"}, 1, all - kernel);
    metric_write_integer(writer, &(struct label){"owner", "kernel"}, 1, kernel);
}

static void write_families(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_tcp_family_sockets", METRIC_GAUGE,
                 "TCP sockets of each family and state at the last detail sample.");
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        for (enum tcp_state state = 0; state < TCP_STATES; state++) {
            struct label labels[] = {{"family", ip_family_name(family)},
                                     {"state", tcp_state_name(state)}};
            if (state != TCP_STATE_BOUND_INACTIVE || snapshot->has_bound_inactive)
                metric_write_integer(writer, labels, 2, snapshot->detail.sockets[family][state]);
        }
    }
}

static void write_time_wait(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_tcp_time_wait_sockets", METRIC_GAUGE,
                 "TIME_WAIT sockets of each role at the last ports sample: client sockets hold an "
                 "ephemeral port each, server sockets only memory.");
    for (enum time_wait_role role = 0; role < TIME_WAIT_ROLES; role++) {
        struct label label = {"role", time_wait_role_name(role)};
        metric_write_integer(writer, &label, 1, snapshot->time_wait[role]);
    }
}

void exposition_write_states(struct metric_writer *writer, const struct snapshot *snapshot)
{
    if (snapshot->has_counts) {
        write_states(writer, snapshot);
        write_fin_wait2(writer, snapshot);
    }
    if (snapshot->has_detail)
        write_families(writer, snapshot);
    if (snapshot->has_time_wait_roles && snapshot->time_wait_collected)
        write_time_wait(writer, snapshot);
}
