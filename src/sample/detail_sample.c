// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "cgroup_sample.h"
#include "port_pass.h"

static bool read_totals(const struct host *host, struct tcp_totals *totals, struct fault *fault)
{
    const char *root = host->kernel.proc_root;
    return procfs_read_tcp_usage(root, &totals->usage, fault) &&
           procfs_read_tcp_counters(root, &totals->counters, fault) &&
           procfs_is_number(totals->counters.time_wait_started) &&
           procfs_is_number(totals->counters.active_opens) &&
           procfs_is_number(totals->counters.passive_opens);
}

static void check_identity(struct host *host, const struct tcp_totals *before,
                           const struct tcp_totals *after)
{
    bool distrusted_before = host->identity.distrusted;
    identity_check_update(&host->identity, &host->snapshot.detail, before, after);
    if (host->identity.distrusted && !distrusted_before)
        log_warn("sampler", "the kernel's totals disagree with its list of sockets: each count "
                            "sample now lists all sockets, at ten times the cost");
    else if (!host->identity.distrusted && distrusted_before)
        log_info("sampler",
                 "the kernel's totals agree with its list again: count samples use them");
}

struct detail_pass {
    struct state_counts counts;
    struct port_pass ports;
};

static void take_record(void *context, const struct socket_record *record)
{
    struct detail_pass *pass = context;
    state_counts_add(&pass->counts, record);
    port_pass_add(&pass->ports, record);
}

static void take_record_and_cgroup(void *context, const struct socket_record *record)
{
    struct detail_pass *pass = context;
    state_counts_add(&pass->counts, record);
    bool client = port_pass_add(&pass->ports, record);
    cgroup_sample_add_tcp(pass->ports.host, record, client, pass->ports.now);
}

bool host_take_detail(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                      struct fault *fault)
{
    struct detail_pass pass = {0};
    struct tcp_totals before, after;
    struct fault unchecked; /* not logged: other readers of the same files log it */
    struct fault unmeasured;
    bool checkable = read_totals(host, &before, &unchecked);

    listeners_begin(host->listeners);
    bool measurable = port_pass_begin(&pass.ports, host, now, faults, &unmeasured);
    fault_log_add(faults, SOURCE_PORT_SETTINGS, measurable, &unmeasured, now);
    bool cgroups = host->cgroups.sockets;
    if (cgroups)
        cgroup_sockets_begin(host->cgroups.sockets, now);
    struct sock_diag_query query = {.states = TCP_STATE_SET_ALL, .cgroups = cgroups};
    if (!pass.ports.bound)
        query.states &= ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE);
    socket_record_consumer *take = cgroups ? take_record_and_cgroup : take_record;
    if (!sock_diag_dump_tcp(&host->kernel, &query, take, &pass, rows, fault))
        return false;
    listeners_end(host->listeners, now, true);

    host->snapshot.detail = pass.counts;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++)
        host->snapshot.detail.sockets[family][TCP_STATE_BOUND_INACTIVE] =
            host->bound.sockets[family];
    host->detailed = now;
    if (checkable && read_totals(host, &after, &unchecked))
        check_identity(host, &before, &after);
    port_pass_end(&pass.ports, rows, faults);
    if (cgroups)
        cgroup_sample_end(host, now);
    host_take_unix(host, now, rows, faults);
    return true;
}
