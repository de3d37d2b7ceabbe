// SPDX-License-Identifier: Apache-2.0
#include "capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct sampler_options everything = {
    .interval = NANOSECONDS_PER_SECOND,
    .detail_interval = 5 * NANOSECONDS_PER_SECOND,
    .cpu_share = 1,
    .peak_window = 60 * NANOSECONDS_PER_SECOND,
    .listeners_top = CAPTURE_ROWS,
    .destinations_top = CAPTURE_ROWS,
    .collect_listeners = true,
    .collect_ports = true,
    .collect_destinations = true,
    .collect_time_wait = true,
};

static void keep(void *context, const struct snapshot *snapshot)
{
    struct capture *capture = context;
    struct snapshot *copy = &capture->snapshot;
    *copy = *snapshot;
    memcpy(capture->queues, copy->queues, copy->queue_count * sizeof *copy->queues);
    copy->queues = capture->queues;
    memcpy(capture->listeners, copy->listeners, copy->listener_count * sizeof *copy->listeners);
    copy->listeners = capture->listeners;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        struct port_snapshot *ports = &copy->ports[i];
        memcpy(capture->destinations[i], ports->destinations,
               ports->destination_count * sizeof *ports->destinations);
        ports->destinations = capture->destinations[i];
    }
}

static const struct kernel_access real_kernel = {.open_sock_diag = sock_diag_open_netlink,
                                                 .proc_root = "/proc"};

static void take(struct capture *capture, const struct kernel_access *kernel,
                 const struct sampler_options *options)
{
    struct fault fault;
    struct sampler *sampler = sampler_create(options, kernel, &system_clock, keep, capture);
    assert_non_null(sampler);
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        if (!sampler_take(sampler, kind, &fault)) {
            char description[256];
            fault_describe(&fault, description, sizeof description);
            fail_msg("%s", description);
        }
    }
    sampler_publish(sampler);
    sampler_destroy(sampler);
    assert_true(capture->snapshot.has_counts);
    assert_true(capture->snapshot.has_detail);
    assert_true(capture->snapshot.ports[SOCKET_TCP].present);
    assert_true(capture->snapshot.ports[SOCKET_UDP].present);
}

void capture_take(struct capture *capture)
{
    take(capture, &real_kernel, &everything);
}

void capture_take_through(struct capture *capture, const struct kernel_access *kernel)
{
    take(capture, kernel, &everything);
}

void capture_take_few(struct capture *capture, size_t listeners_top)
{
    struct sampler_options options = everything;
    options.listeners_top = listeners_top;
    take(capture, &real_kernel, &options);
}
