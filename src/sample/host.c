// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include "cgroup_sample.h"
#include "event_sample.h"
#include "kernel/interface_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

/* The bounds are close together near the thresholds of alerts, and far apart below. Each bound is a
 * series for each state. */
static const double socket_bounds[] = {0,    1,   10,  100, 200, 500, 1000, 2000,
                                       5000, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5,  1e6};

/* Shares of the usable ports: connect() gets slow at 0.5 and fails at 1. */
static const double utilization_bounds[] = {0.01, 0.1, 0.2, 0.3, 0.4,  0.5,
                                            0.6,  0.7, 0.8, 0.9, 0.95, 0.99};

/* Linux 6.8 and later report bound-only sockets. An older kernel with a back-port is detected when
 * it reports one. */
static bool kernel_reports_bound_inactive(void)
{
    struct utsname kernel;
    int major, minor;
    return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 8));
}

static bool init_ports(struct host *host, enum socket_protocol protocol)
{
    struct port_sample *ports = &host->ports[protocol];
    struct port_snapshot *snapshot = &host->snapshot.ports[protocol];
    ports->usage = port_usage_create(host->options.collect_destinations);
    ports->destinations = calloc(host->options.destinations_top + 1, sizeof *ports->destinations);
    snapshot->destinations = ports->destinations;
    snapshot->has_destinations = host->options.collect_destinations;
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        snapshot->sampled_utilization[scope] = histogram_make(
            utilization_bounds, sizeof utilization_bounds / sizeof utilization_bounds[0],
            HISTOGRAM_OF_SHARES);
    return ports->usage && ports->destinations;
}

static bool init_udp(struct host *host)
{
    host->udp_sockets = udp_sockets_create(host->options.peak_window);
    host->udp_rows = calloc(host->options.udp_top + 1, sizeof *host->udp_rows);
    host->snapshot.udp_rows = host->udp_rows;
    return host->udp_sockets && host->udp_rows;
}

static bool init_unix(struct host *host)
{
    host->unix_sockets = unix_sockets_create(host->options.peak_window);
    host->unix_rows = calloc(host->options.unix_top + 1, sizeof *host->unix_rows);
    host->snapshot.unix_rows = host->unix_rows;
    return host->unix_sockets && host->unix_rows;
}

bool host_init(struct host *host, const struct kernel_access *kernel,
               const struct sampler_options *options)
{
    *host = (struct host){
        .kernel = *kernel,
        .options = *options,
        .listeners = listeners_create(options->peak_window),
        .queue_rows =
            calloc(LISTENER_RANKINGS * options->listeners_top + 1, sizeof *host->queue_rows),
        .listener_rows = calloc(options->listeners_top + 1, sizeof *host->listener_rows),
    };
    host->snapshot = (struct snapshot){
        .queues = host->queue_rows,
        .listeners = host->listener_rows,
        .has_bound_inactive = kernel_reports_bound_inactive(),
        .time_wait_collected = options->collect_time_wait,
        .listeners_collected = options->collect_listeners,
        .peak_window_seconds = (double)options->peak_window / (double)NANOSECONDS_PER_SECOND,
    };
    bool good = host->listeners && host->queue_rows && host->listener_rows;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        host->snapshot.sampled_sockets[state] = histogram_make(
            socket_bounds, sizeof socket_bounds / sizeof socket_bounds[0], HISTOGRAM_OF_COUNTS);
    for (enum socket_protocol i = 0; options->collect_ports && i < SOCKET_PROTOCOLS; i++)
        good = init_ports(host, i) && good;
    good = (!options->collect_udp || init_udp(host)) && good;
    good = (!options->collect_unix || init_unix(host)) && good;
    good = (!options->collect_cgroups || cgroup_sample_init(host)) && good;
    good = event_sample_init(host) && good;
    if (!good)
        host_release(host);
    return good;
}

void host_release(struct host *host)
{
    listeners_destroy(host->listeners);
    free(host->queue_rows);
    free(host->listener_rows);
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        port_usage_destroy(host->ports[i].usage);
        free(host->ports[i].destinations);
    }
    udp_sockets_destroy(host->udp_sockets);
    free(host->udp_rows);
    cgroup_sample_release(host);
    event_sample_release(host);
    unix_sockets_destroy(host->unix_sockets);
    free(host->unix_rows);
}

/* Is `time` at most `age` ago? */
static bool is_fresh(int64_t time, int64_t now, int64_t age)
{
    return time > 0 && now - time <= age;
}

/* The queue of a listener that is named for its connections is shown as well, even an empty one:
 * alerts divide its half-open connections by the limit of its queue. */
static void describe_listeners(struct host *host)
{
    size_t top = host->options.listeners_top;
    struct snapshot *snapshot = &host->snapshot;
    listeners_pick_top(host->listeners, LISTENERS_BY_QUEUE, host->queue_rows, top, NULL);
    snapshot->listener_count =
        listeners_pick_top(host->listeners, LISTENERS_BY_SOCKETS, host->listener_rows, top,
                           &snapshot->other_listeners);
    snapshot->queue_count = listeners_list_picked(host->listeners, host->queue_rows);
    for (size_t i = 0; i < snapshot->listener_count; i++)
        interface_name_read(host->listener_rows[i].interface,
                            host->listener_rows[i].interface_name);
    for (size_t i = 0; i < snapshot->queue_count; i++)
        interface_name_read(host->queue_rows[i].interface, host->queue_rows[i].interface_name);
}

static void describe_ports(struct host *host, int64_t now, int64_t age)
{
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        const struct port_sample *ports = &host->ports[protocol];
        struct port_snapshot *snapshot = &host->snapshot.ports[protocol];
        snapshot->present = is_fresh(ports->sampled, now, age);
        for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
            snapshot->peak_utilization[scope] = peak_window_read(&ports->peaks[scope]);
    }
}

/* Root can set any bytes as the host name. */
static void describe_host_name(struct snapshot *snapshot)
{
    struct utsname kernel;
    if (uname(&kernel) != 0)
        return;
    snprintf(snapshot->host_name, sizeof snapshot->host_name, "%.64s", kernel.nodename);
    for (char *at = snapshot->host_name; *at; at++) {
        if (*at < ' ' || *at > '~')
            *at = '?';
    }
}

void host_describe(struct host *host, int64_t now, const int64_t ages[static SAMPLE_KINDS])
{
    struct snapshot *snapshot = &host->snapshot;
    snapshot->has_counts = is_fresh(host->counted, now, ages[SAMPLE_COUNT]);
    snapshot->has_detail = is_fresh(host->detailed, now, ages[SAMPLE_DETAIL]);
    snapshot->has_time_wait_roles = is_fresh(host->roles_sampled, now, ages[SAMPLE_PORTS]);
    snapshot->has_udp = is_fresh(host->udp_sampled, now,
                                 ages[host->options.collect_ports ? SAMPLE_PORTS : SAMPLE_DETAIL]);
    snapshot->has_unix = is_fresh(host->unix_sampled, now, ages[SAMPLE_DETAIL]);
    snapshot->derived_drift = host->identity.drift;
    snapshot->derived_counts_in_use = !host->identity.distrusted;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        snapshot->peak_sockets[state] = (uint64_t)peak_window_read(&host->peaks[state]);
    describe_ports(host, now, ages[SAMPLE_PORTS]);
    describe_host_name(snapshot);
    if (host->options.collect_listeners)
        describe_listeners(host);
    if (host->cgroups.sockets)
        cgroup_sample_describe(host);
}
