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
    .udp_top = CAPTURE_ROWS,
    .unix_top = CAPTURE_ROWS,
    .collect_udp = true,
    .collect_unix = true,
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
    memcpy(capture->udp_rows, copy->udp_rows, copy->udp_row_count * sizeof *copy->udp_rows);
    copy->udp_rows = capture->udp_rows;
    memcpy(capture->unix_rows, copy->unix_rows, copy->unix_row_count * sizeof *copy->unix_rows);
    copy->unix_rows = capture->unix_rows;
    for (int i = 0; i < SOCKET_PROTOCOLS; i++) {
        struct port_snapshot *ports = &copy->ports[i];
        memcpy(capture->destinations[i], ports->destinations,
               ports->destination_count * sizeof *ports->destinations);
        ports->destinations = capture->destinations[i];
    }
}

static const struct kernel_access real_kernel = {.open_sock_diag = sock_diag_open_netlink,
                                                 .proc_root = "/proc"};

static void take_sample(struct sampler *sampler, enum sample_kind kind)
{
    struct fault fault;
    if (!sampler_take(sampler, kind, &fault)) {
        char description[256];
        fault_describe(&fault, description, sizeof description);
        fail_msg("%s", description);
    }
}

/* The whole dump of a detail sample and the filtered one of a ports sample must agree. */
static void assert_same_ports(const struct snapshot *a, const struct snapshot *b)
{
    const struct port_summary *x = &a->ports[SOCKET_TCP].summary;
    const struct port_summary *y = &b->ports[SOCKET_TCP].summary;
    assert_int_equal(x->owned, y->owned);
    assert_int_equal(x->usable, y->usable);
    assert_int_equal(x->used, y->used);
    assert_int_equal(x->fullest, y->fullest);
    assert_int_equal(x->destinations, y->destinations);
    assert_memory_equal(x->utilization, y->utilization, sizeof x->utilization);
    assert_true(x->preferred_utilization == y->preferred_utilization);
    assert_memory_equal(a->time_wait, b->time_wait, sizeof a->time_wait);
}

static void take(struct capture *capture, const struct kernel_access *kernel,
                 const struct sampler_options *options)
{
    struct sampler *sampler = sampler_create(options, kernel, &system_clock, keep, capture);
    assert_non_null(sampler);
    take_sample(sampler, SAMPLE_COUNT);
    take_sample(sampler, SAMPLE_DETAIL);
    sampler_publish(sampler);
    struct snapshot detailed = capture->snapshot;
    take_sample(sampler, SAMPLE_PORTS);
    sampler_publish(sampler);
    sampler_destroy(sampler);
    assert_same_ports(&detailed, &capture->snapshot);
    assert_true(capture->snapshot.has_counts);
    assert_true(capture->snapshot.has_detail);
    assert_true(capture->snapshot.ports[SOCKET_TCP].present);
    assert_true(capture->snapshot.ports[SOCKET_UDP].present);
    assert_true(capture->snapshot.has_udp && capture->snapshot.has_unix);
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
