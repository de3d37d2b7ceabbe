// SPDX-License-Identifier: Apache-2.0
#include "port_pass.h"

#include "kernel/interface_name.h"

#include <string.h>

/* To find the bound-only sockets the kernel walks all sockets a second time, which adds an eighth
 * to the cost of a dump (make bench). On a host with many sockets they are listed once a minute and
 * remembered in between, unless there are too many to remember. */
static const uint64_t many_sockets = 100000;
static const int64_t bound_interval = 60 * NANOSECONDS_PER_SECOND;
static const int64_t time_wait_length = 60 * NANOSECONDS_PER_SECOND;

/* Must this pass list the bound-only sockets? */
static bool is_bound_due(const struct host *host, int64_t now)
{
    uint64_t sockets = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sockets += state_counts_sum(&host->snapshot.detail, state);
    return sockets < many_sockets || host->bound.sampled == 0 ||
           host->bound.count > BOUND_REMEMBERED || now - host->bound.sampled >= bound_interval;
}

/* Begin a new list of the bound-only sockets, or use those that are remembered. */
static void prepare_bound(struct port_pass *pass)
{
    struct bound_sample *bound = &pass->host->bound;
    if (is_bound_due(pass->host, pass->now)) {
        bound->sampled = 0; /* until the pass succeeds */
        bound->count = 0;
        memset(bound->sockets, 0, sizeof bound->sockets);
        pass->bound = bound;
        return;
    }
    for (size_t i = 0; pass->ports && i < bound->count; i++)
        port_usage_add_former_owner(pass->ports, &bound->records[i]);
}

bool port_pass_begin(struct port_pass *pass, struct host *host, int64_t now,
                     struct fault_log *faults, struct fault *fault)
{
    const char *root = host->kernel.proc_root;
    struct fault unbounded;
    *pass = (struct port_pass){.host = host, .now = now};
    pass->has_settings = procfs_read_port_settings(root, &pass->settings, fault);
    pass->has_opens = procfs_read_active_opens(root, &pass->opens, &unbounded);
    fault_log_add(faults, SOURCE_PORT_BOUND, pass->has_opens, &unbounded, now);
    if (host->options.collect_ports && pass->has_settings) {
        pass->ports = host->ports[SOCKET_TCP].usage;
        port_usage_begin(pass->ports, &pass->settings);
    }
    prepare_bound(pass);
    return pass->has_settings;
}

static void remember_bound(struct bound_sample *bound, const struct socket_record *record)
{
    bound->sockets[record->family]++;
    if (bound->count < BOUND_REMEMBERED)
        bound->records[bound->count] = *record;
    bound->count++;
}

/* Is this a connection of a listener, present or past? If its port is outside of the ephemeral
 * range it is, even if the listener is gone. */
static bool is_server(struct port_pass *pass, const struct socket_record *record)
{
    if (listeners_add_connection(pass->host->listeners, record))
        return true;
    return pass->has_settings && !is_in_port_range(&pass->settings, record->local_port);
}

bool port_pass_add(struct port_pass *pass, const struct socket_record *record)
{
    if (record->state == TCP_STATE_LISTEN || record->state == TCP_STATE_BOUND_INACTIVE) {
        if (record->state == TCP_STATE_LISTEN)
            listeners_add(pass->host->listeners, record);
        else if (pass->bound)
            remember_bound(pass->bound, record);
        if (pass->ports)
            port_usage_add_owner(pass->ports, record);
        return false;
    }
    bool server = is_server(pass, record);
    if (record->state == TCP_STATE_TIME_WAIT)
        pass->time_wait[server ? TIME_WAIT_SERVER : TIME_WAIT_CLIENT]++;
    bool client = !server && pass->ports && record->state != TCP_STATE_SYN_RECV;
    if (client)
        port_usage_add_holder(pass->ports, record);
    return client;
}

/* While a destination has used up the preferred ports, connect() takes others. Their TIME_WAIT
 * sockets stay for a minute longer (TCP_TIMEWAIT_LEN): until then they are no sign of bind(). */
static void discard_leftovers(struct port_sample *ports, int64_t now, struct port_summary *summary)
{
    if (!summary->has_bound_before_connect)
        ports->last_preferred_taken = now;
    else if (ports->last_preferred_taken > 0 &&
             now - ports->last_preferred_taken < time_wait_length)
        summary->has_bound_before_connect = false;
}

void port_pass_keep(struct host *host, enum socket_protocol protocol, int64_t now)
{
    struct port_sample *ports = &host->ports[protocol];
    struct port_snapshot *snapshot = &host->snapshot.ports[protocol];
    snapshot->summary = port_usage_summarize(ports->usage);
    discard_leftovers(ports, now, &snapshot->summary);
    snapshot->destination_count =
        port_usage_pick_top(ports->usage, ports->destinations, host->options.destinations_top);
    for (size_t i = 0; i < snapshot->destination_count; i++)
        interface_name_read(ports->destinations[i].interface,
                            ports->destinations[i].interface_name);
    ports->sampled = now;
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++) {
        double utilization = snapshot->summary.utilization[scope];
        histogram_observe(&snapshot->sampled_utilization[scope], utilization);
        peak_window_observe(&ports->peaks[scope], host->options.peak_window, now, utilization);
    }
    double main_utilization = snapshot->summary.utilization[port_main_scope(protocol)];
    history_observe(&snapshot->port_history, now,
                    (uint64_t)(main_utilization * (double)PORT_HISTORY_WHOLE + 0.5));
}

void port_pass_end(struct port_pass *pass, uint64_t *rows, struct fault_log *faults)
{
    struct host *host = pass->host;
    if (pass->bound)
        host->bound.sampled = pass->now;
    if (host->bound.sockets[IP_FAMILY_IPV4] + host->bound.sockets[IP_FAMILY_IPV6] > 0)
        host->snapshot.has_bound_inactive = true;
    memcpy(host->snapshot.time_wait, pass->time_wait, sizeof host->snapshot.time_wait);
    host->roles_sampled = pass->now;
    if (pass->ports) {
        port_pass_keep(host, SOCKET_TCP, pass->now);
        host->has_opens_at_ports = pass->has_opens;
        host->opens_at_ports = pass->opens;
    }
    host_take_udp(host, pass->now, pass->ports ? &pass->settings : NULL, rows, faults);
}
