// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"
#include "dump.h"
#include "namespace_sample.h"

#include <string.h>

/* To find the bound-only sockets the kernel looks at all others a second time: an eighth more for a
 * dump (make bench). With so many sockets, that is done once a minute, unless more were found than
 * are remembered meanwhile. */
static const uint64_t many_sockets = 100000;
static const int64_t bound_interval = 60 * NANOSECONDS_PER_SECOND;

static bool read_moment(const struct namespace_sample *sample, struct tcp_moment *moment,
                        struct fault *fault)
{
    const char *root = sample->kernel.proc_root;
    return procfs_read_tcp_usage(root, &moment->usage, fault) &&
           procfs_read_tcp_counters(root, &moment->counters, fault);
}

static void check_identity(struct namespace_sample *sample, const struct tcp_moment *before,
                           const struct tcp_moment *after)
{
    bool distrusted_before = sample->identity.distrusted;
    identity_check_update(&sample->identity, &sample->detail, before, after);
    if (sample->identity.distrusted && !distrusted_before)
        log_warn("sampler", "the kernel's totals do not add up with its list of sockets: counting "
                            "by whole dumps from now on, at ten times the cost");
    else if (!sample->identity.distrusted && distrusted_before)
        log_info("sampler", "the kernel's totals add up again: counting by them");
}

struct detail_pass {
    struct state_counts counts;
    uint64_t time_wait[TIME_WAIT_ROLES];
    struct bound_sample *bound; /* refilled, unless NULL */
    struct listeners *listeners;
    const struct port_settings *settings; /* NULL: not readable */
    struct port_usage *ports;             /* NULL: not collected */
};

static void bound_record(struct bound_sample *bound, const struct socket_record *record)
{
    bound->sockets[record->family]++;
    if (bound->count < BOUND_REMEMBERED)
        bound->records[bound->count] = *record;
    bound->count++;
}

/* Is this connection of a listener, now or before? What is on a port outside of the ephemeral range
 * was a server, even if its listener has gone. */
static bool is_server(struct detail_pass *pass, const struct socket_record *record)
{
    if (listeners_add_connection(pass->listeners, record))
        return true;
    return pass->settings && !port_settings_in_range(pass->settings, record->local_port);
}

/* Takes each TCP socket where it belongs. Listeners come first, then bound-only sockets: by the
 * time a connection comes, it is known which ports are a listener's and which have an owner. */
static void detail_record(void *context, const struct socket_record *record)
{
    struct detail_pass *pass = context;
    state_counts_add(&pass->counts, record);
    if (record->state == TCP_STATE_LISTEN || record->state == TCP_STATE_BOUND_INACTIVE) {
        if (record->state == TCP_STATE_LISTEN)
            listeners_add(pass->listeners, record);
        else if (pass->bound)
            bound_record(pass->bound, record);
        if (pass->ports)
            port_usage_own(pass->ports, record);
        return;
    }
    bool server = is_server(pass, record);
    if (record->state == TCP_STATE_TIME_WAIT)
        pass->time_wait[server ? TIME_WAIT_SERVER : TIME_WAIT_CLIENT]++;
    if (!server && pass->ports && record->state != TCP_STATE_SYN_RECV)
        port_usage_hold(pass->ports, record);
}

/* A UDP socket: nothing tells a server's port from a client's, so each is one in use. */
static void udp_record(void *context, const struct socket_record *record)
{
    port_usage_hold(context, record);
}

/* Take in what the sample at `now` found of the ports of one protocol. */
static void keep_ports(struct namespace_sample *sample, enum socket_protocol protocol, int64_t now)
{
    struct port_sample *ports = &sample->ports[protocol];
    ports->summary = port_usage_summarize(ports->usage);
    ports->destination_count =
        port_usage_top(ports->usage, ports->destinations, sample->options.destinations_top);
    ports->sampled = (struct moment){true, now};
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        histogram_observe(&ports->histograms[scope], ports->summary.utilization[scope]);
}

static bool list_udp(const struct namespace_sample *sample, uint64_t *rows, struct fault *fault)
{
    struct port_usage *usage = sample->ports[SOCKET_UDP].usage;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        uint64_t family_rows = 0;
        if (!dump_udp(&sample->kernel, family, udp_record, usage, &family_rows, fault))
            return false;
        *rows += family_rows;
    }
    return true;
}

static void sample_udp(struct namespace_sample *sample, const struct port_settings *settings,
                       int64_t now, uint64_t *rows, struct fault_log *faults)
{
    struct fault fault;
    port_usage_begin(sample->ports[SOCKET_UDP].usage, settings);
    if (list_udp(sample, rows, &fault)) {
        keep_ports(sample, SOCKET_UDP, now);
        fault_log_success(faults, SOURCE_UDP);
    } else {
        fault_log_failure(faults, SOURCE_UDP, &fault, now);
    }
}

/* The settings that the ports are measured by; false when they are not readable. */
static bool read_port_settings(const struct namespace_sample *sample,
                               struct port_settings *settings, int64_t now,
                               struct fault_log *faults)
{
    struct fault fault;
    if (procfs_read_port_settings(sample->kernel.proc_root, settings, &fault)) {
        fault_log_success(faults, SOURCE_PORT_SETTINGS);
        return true;
    }
    fault_log_failure(faults, SOURCE_PORT_SETTINGS, &fault, now);
    return false;
}

/* Shall this detail sample list the bound-only sockets? */
static bool is_bound_due(const struct namespace_sample *sample, int64_t now)
{
    uint64_t sockets = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sockets += state_counts_of(&sample->detail, state);
    return sockets < many_sockets || !sample->bound.sampled.happened ||
           sample->bound.count > BOUND_REMEMBERED ||
           now - sample->bound.sampled.at >= bound_interval;
}

/* Every TCP socket, and the check of the identity. */
static bool sample_tcp(struct namespace_sample *sample, struct detail_pass *pass, int64_t now,
                       uint64_t *rows, struct fault *fault)
{
    struct tcp_moment before, after;
    struct fault unchecked; /* unreadable totals are the count sample's to complain about */
    bool checkable = read_moment(sample, &before, &unchecked);

    tcp_state_set listed = TCP_STATE_SET_ALL;
    if (is_bound_due(sample, now)) {
        sample->bound.sampled.happened = false; /* until all is well */
        sample->bound.count = 0;
        memset(sample->bound.sockets, 0, sizeof sample->bound.sockets);
        pass->bound = &sample->bound;
    } else {
        listed &= ~tcp_state_bit(TCP_STATE_BOUND_INACTIVE);
        for (size_t i = 0; pass->ports && i < sample->bound.count; i++)
            port_usage_presume(pass->ports, &sample->bound.records[i]);
    }
    listeners_begin(sample->listeners);
    if (!dump_tcp(&sample->kernel, listed, detail_record, pass, rows, fault))
        return false;
    listeners_end(sample->listeners, now, true);

    if (pass->bound)
        sample->bound.sampled = (struct moment){true, now};
    sample->detail = pass->counts;
    for (enum ip_family family = 0; family < IP_FAMILIES; family++)
        sample->detail.sockets[family][TCP_STATE_BOUND_INACTIVE] = sample->bound.sockets[family];
    memcpy(sample->time_wait, pass->time_wait, sizeof sample->time_wait);
    sample->detailed = (struct moment){true, now};
    if (state_counts_of(&sample->detail, TCP_STATE_BOUND_INACTIVE) > 0)
        sample->bound_inactive_seen = true;
    if (checkable && read_moment(sample, &after, &unchecked))
        check_identity(sample, &before, &after);
    return true;
}

bool namespace_sample_detail(struct namespace_sample *sample, int64_t now, uint64_t *rows,
                             struct fault_log *faults, struct fault *fault)
{
    struct port_settings settings;
    struct detail_pass pass = {.listeners = sample->listeners};
    if (read_port_settings(sample, &settings, now, faults))
        pass.settings = &settings;
    if (pass.settings && sample->options.collect_ports) {
        pass.ports = sample->ports[SOCKET_TCP].usage;
        port_usage_begin(pass.ports, &settings);
    }
    if (!sample_tcp(sample, &pass, now, rows, fault))
        return false;
    if (pass.ports) {
        keep_ports(sample, SOCKET_TCP, now);
        sample_udp(sample, &settings, now, rows, faults);
    }
    return true;
}
