// SPDX-License-Identifier: Apache-2.0
#include "namespace_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

/* Fine where alerts have their thresholds, coarse below. Each bound is a series for each state. */
static const double socket_bounds[] = {0,    1,   10,  100, 200, 500, 1000, 2000,
                                       5000, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5,  1e6};

/* Shares of the usable ports; 0.5 is where connect() gets slow, 0.99 the last stop before it fails.
 */
static const double utilization_bounds[] = {0.01, 0.1, 0.2, 0.3, 0.4,  0.5,
                                            0.6,  0.7, 0.8, 0.9, 0.95, 0.99};

/* Linux 6.8 was the first to report bound-only sockets; a kernel of another number may have got it
 * back-ported, which shows when it reports one. */
static bool kernel_reports_bound_inactive(void)
{
    struct utsname kernel;
    int major, minor;
    return uname(&kernel) == 0 && sscanf(kernel.release, "%d.%d", &major, &minor) == 2 &&
           (major > 6 || (major == 6 && minor >= 8));
}

static bool init_ports(struct port_sample *ports, const struct sampler_options *options)
{
    ports->usage = port_usage_create(options->collect_destinations);
    ports->destinations = calloc(options->destinations_top + 1, sizeof *ports->destinations);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        ports->histograms[scope] = histogram_make(
            utilization_bounds, sizeof utilization_bounds / sizeof utilization_bounds[0],
            HISTOGRAM_OF_SHARES);
    return ports->usage && ports->destinations;
}

bool namespace_sample_init(struct namespace_sample *sample, const struct kernel_access *kernel,
                           const struct sampler_options *options)
{
    *sample = (struct namespace_sample){
        .kernel = *kernel,
        .options = *options,
        .listeners = listeners_create(options->peak_window),
        .queue_rows =
            calloc(LISTENER_RANKINGS * options->listeners_top + 1, sizeof *sample->queue_rows),
        .listener_rows = calloc(options->listeners_top + 1, sizeof *sample->listener_rows),
        .bound_inactive_seen = kernel_reports_bound_inactive(),
    };
    bool good = sample->listeners && sample->queue_rows && sample->listener_rows;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        sample->histograms[state] = histogram_make(
            socket_bounds, sizeof socket_bounds / sizeof socket_bounds[0], HISTOGRAM_OF_COUNTS);
    for (int i = 0; options->collect_ports && i < SOCKET_PROTOCOLS; i++)
        good = init_ports(&sample->ports[i], options) && good;
    if (!good)
        namespace_sample_release(sample);
    return good;
}

void namespace_sample_release(struct namespace_sample *sample)
{
    listeners_destroy(sample->listeners);
    free(sample->queue_rows);
    free(sample->listener_rows);
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        port_usage_destroy(sample->ports[i].usage);
        free(sample->ports[i].destinations);
    }
}

static bool is_fresh(struct moment moment, int64_t now, int64_t age)
{
    return moment.happened && now - moment.at <= age;
}

static struct port_snapshot describe_ports(const struct namespace_sample *sample,
                                           enum socket_protocol protocol, int64_t now, int64_t age)
{
    const struct port_sample *ports = &sample->ports[protocol];
    return (struct port_snapshot){
        .present = is_fresh(ports->sampled, now, age),
        .has_destinations = sample->options.collect_destinations,
        .summary = ports->summary,
        .sampled_utilization = ports->histograms,
        .destinations = ports->destinations,
        .destination_count = ports->destination_count,
    };
}

/* A listener that is named for its connections has its queue told too, however empty: alerts divide
 * its half-open connections by the limit of its queue. */
static void describe_listeners(struct namespace_sample *sample, struct namespace_snapshot *snapshot)
{
    size_t top = sample->options.listeners_top;
    listeners_top(sample->listeners, LISTENERS_BY_QUEUE, sample->queue_rows, top, NULL);
    snapshot->listeners = sample->listener_rows;
    snapshot->listener_count =
        listeners_top(sample->listeners, LISTENERS_BY_SOCKETS, sample->listener_rows, top,
                      &snapshot->other_listeners);
    snapshot->queues = sample->queue_rows;
    snapshot->queue_count = listeners_named(sample->listeners, sample->queue_rows);
}

void namespace_sample_describe(struct namespace_sample *sample, int64_t now, int64_t count_age,
                               int64_t detail_age, struct namespace_snapshot *snapshot)
{
    *snapshot = (struct namespace_snapshot){
        .has_counts = is_fresh(sample->counted, now, count_age),
        .sampled_sockets = sample->histograms,
        .established_history = &sample->established_history,
        .time_wait_history = &sample->time_wait_history,
        .time_wait_collected = sample->options.collect_time_wait,
        .listeners_collected = sample->options.collect_listeners,
        .has_counters = is_fresh(sample->counters_read, now, count_age),
        .counters = sample->counters,
        .has_settings = is_fresh(sample->settings_read, now, count_age),
        .settings = sample->settings,
        .has_detail = is_fresh(sample->detailed, now, detail_age),
        .has_bound_inactive = sample->bound_inactive_seen,
        .detail = sample->detail,
        .derived_drift = sample->identity.drift,
        .derived_counts_in_use = !sample->identity.distrusted,
    };
    memcpy(snapshot->sockets, sample->sockets, sizeof snapshot->sockets);
    memcpy(snapshot->time_wait, sample->time_wait, sizeof snapshot->time_wait);
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        snapshot->peak_sockets[state] = peak_window_highest(&sample->peaks[state]);
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++)
        snapshot->ports[protocol] = describe_ports(sample, protocol, now, detail_age);
    if (sample->options.collect_listeners)
        describe_listeners(sample, snapshot);
}
