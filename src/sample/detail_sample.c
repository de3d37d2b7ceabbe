// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "host.h"
#include "kernel/interface_name.h"

#include <string.h>

/* To find the bound-only sockets the kernel walks all others a second time, which adds an eighth to
 * the cost of a dump (make bench). With many sockets they are listed once a minute and remembered
 * until the next list, unless there are too many to remember. */
static const uint64_t many_sockets = 100000;
static const int64_t bound_interval = 60 * NANOSECONDS_PER_SECOND;

static bool read_totals(const struct host *host, struct tcp_totals *totals, struct fault *fault)
{
    const char *root = host->kernel.proc_root;
    return procfs_read_tcp_usage(root, &totals->usage, fault) &&
           procfs_read_tcp_counters(root, &totals->counters, fault);
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
    uint64_t time_wait[TIME_WAIT_ROLES];
    struct bound_sample *bound; /* refilled, unless NULL */
    struct listeners *listeners;
    const struct port_settings *settings; /* NULL: not readable */
    struct port_usage *ports;             /* NULL: not collected */
};

static void remember_bound(struct bound_sample *bound, const struct socket_record *record)
{
    bound->sockets[record->family]++;
    if (bound->count < BOUND_REMEMBERED)
        bound->records[bound->count] = *record;
    bound->count++;
}

/* Does this connection belong to a listener, present or past? Outside of the ephemeral range it
 * does, even if the listener is gone. */
static bool is_server(struct detail_pass *pass, const struct socket_record *record)
{
    if (listeners_add_connection(pass->listeners, record))
        return true;
    return pass->settings && !is_in_port_range(pass->settings, record->local_port);
}

/* Listeners come first, then bound-only sockets: all listeners and all owners of ports are known
 * before the first connection. */
static void take_record(void *context, const struct socket_record *record)
{
    struct detail_pass *pass = context;
    state_counts_add(&pass->counts, record);
    if (record->state == TCP_STATE_LISTEN || record->state == TCP_STATE_BOUND_INACTIVE) {
        if (record->state == TCP_STATE_LISTEN)
            listeners_add(pass->listeners, record);
        else if (pass->bound)
            remember_bound(pass->bound, record);
        if (pass->ports)
            port_usage_add_owner(pass->ports, record);
        return;
    }
    bool server = is_server(pass, record);
    if (record->state == TCP_STATE_TIME_WAIT)
        pass->time_wait[server ? TIME_WAIT_SERVER : TIME_WAIT_CLIENT]++;
    if (!server && pass->ports && record->state != TCP_STATE_SYN_RECV)
        port_usage_add_holder(pass->ports, record);
}

/* A UDP server's port looks like a client's, so each counts as used. */
static void take_udp_record(void *context, const struct socket_record *record)
{
    port_usage_add_holder(context, record);
}

/* Store the results of the sample at `now` for the ports of one protocol. */
static void keep_ports(struct host *host, enum socket_protocol protocol, int64_t now)
{
    struct port_sample *ports = &host->ports[protocol];
    struct port_snapshot *snapshot = &host->snapshot.ports[protocol];
    snapshot->summary = port_usage_summarize(ports->usage);
    snapshot->destination_count =
        port_usage_pick_top(ports->usage, ports->destinations, host->options.destinations_top);
    for (size_t i = 0; i < snapshot->destination_count; i++)
        interface_name_read(ports->destinations[i].interface,
                            ports->destinations[i].interface_name);
    ports->sampled = now;
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        histogram_observe(&snapshot->sampled_utilization[scope],
                          snapshot->summary.utilization[scope]);
}

static bool list_udp(const struct host *host, uint64_t *rows, struct fault *fault)
{
    struct port_usage *usage = host->ports[SOCKET_UDP].usage;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        uint64_t family_rows = 0;
        if (!sock_diag_dump_udp(&host->kernel, family, take_udp_record, usage, &family_rows, fault))
            return false;
        *rows += family_rows;
    }
    return true;
}

static void sample_udp(struct host *host, const struct port_settings *settings, int64_t now,
                       uint64_t *rows, struct fault_log *faults)
{
    struct fault fault;
    port_usage_begin(host->ports[SOCKET_UDP].usage, settings);
    bool good = list_udp(host, rows, &fault);
    if (fault_log_add(faults, SOURCE_UDP, good, &fault, now))
        keep_ports(host, SOCKET_UDP, now);
}

/* Shall this detail sample list the bound-only sockets? */
static bool is_bound_due(const struct host *host, int64_t now)
{
    uint64_t sockets = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sockets += state_counts_sum(&host->snapshot.detail, state);
    return sockets < many_sockets || host->bound.sampled == 0 ||
           host->bound.count > BOUND_REMEMBERED || now - host->bound.sampled >= bound_interval;
}

/* Every TCP socket, and the check of the identity. */
static bool sample_tcp(struct host *host, struct detail_pass *pass, int64_t now, uint64_t *rows,
                       struct fault *fault)
{
    struct tcp_totals before, after;
    struct fault unchecked; /* the count sample reports unreadable totals */
    bool checkable = read_totals(host, &before, &unchecked);

    tcp_state_set listed = TCP_STATE_SET_ALL;
    if (is_bound_due(host, now)) {
        host->bound.sampled = 0; /* until the sample succeeds */
        host->bound.count = 0;
        memset(host->bound.sockets, 0, sizeof host->bound.sockets);
        pass->bound = &host->bound;
    } else {
        listed &= ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE);
        for (size_t i = 0; pass->ports && i < host->bound.count; i++)
            port_usage_add_former_owner(pass->ports, &host->bound.records[i]);
    }
    listeners_begin(host->listeners);
    if (!sock_diag_dump_tcp(&host->kernel, &(struct sock_diag_query){.states = listed}, take_record,
                            pass, rows, fault))
        return false;
    listeners_end(host->listeners, now, true);

    if (pass->bound)
        host->bound.sampled = now;
    host->snapshot.detail = pass->counts;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++)
        host->snapshot.detail.sockets[family][TCP_STATE_BOUND_INACTIVE] =
            host->bound.sockets[family];
    memcpy(host->snapshot.time_wait, pass->time_wait, sizeof host->snapshot.time_wait);
    host->detailed = now;
    if (state_counts_sum(&host->snapshot.detail, TCP_STATE_BOUND_INACTIVE) > 0)
        host->snapshot.has_bound_inactive = true;
    if (checkable && read_totals(host, &after, &unchecked))
        check_identity(host, &before, &after);
    return true;
}

bool host_take_detail(struct host *host, int64_t now, uint64_t *rows, struct fault_log *faults,
                      struct fault *fault)
{
    struct port_settings settings;
    struct fault unreadable;
    struct detail_pass pass = {.listeners = host->listeners};
    bool good = procfs_read_port_settings(host->kernel.proc_root, &settings, &unreadable);
    if (fault_log_add(faults, SOURCE_PORT_SETTINGS, good, &unreadable, now))
        pass.settings = &settings;
    if (pass.settings && host->options.collect_ports) {
        pass.ports = host->ports[SOCKET_TCP].usage;
        port_usage_begin(pass.ports, &settings);
    }
    if (!sample_tcp(host, &pass, now, rows, fault))
        return false;
    if (pass.ports) {
        keep_ports(host, SOCKET_TCP, now);
        sample_udp(host, &settings, now, rows, faults);
    }
    return true;
}
