// SPDX-License-Identifier: Apache-2.0
/*
 * ports_sample: measure the CPU time of a ports sample, which a daemon takes only where it cannot
 * afford a detail sample.
 *
 * Takes a detail sample in this network namespace, the kind that also lists the bound-only sockets.
 * A second later it takes a ports sample and prints its CPU time. By then the tables have their
 * memory, and the caches are as cold as in a daemon.
 */
#include "sockdiag/sampler.h"

#include <stdio.h>
#include <time.h>

static void read_nothing(void *context, const struct snapshot *snapshot)
{
    (void)context;
    (void)snapshot;
}

/* Take a sample. Returns its CPU time in nanoseconds; below 0 when it failed. */
static int64_t take(struct sampler *sampler, enum sample_kind kind)
{
    struct fault fault;
    int64_t before = system_clock.thread_cpu(system_clock.context);
    bool good = sampler_take(sampler, kind, &fault);
    return good ? system_clock.thread_cpu(system_clock.context) - before : -1;
}

int main(void)
{
    const struct sampler_options options = {
        .interval = NANOSECONDS_PER_SECOND,
        .detail_interval = NANOSECONDS_PER_SECOND,
        .cpu_share = 1,
        .peak_window = NANOSECONDS_PER_SECOND,
        .destinations_top = 10,
        .collect_ports = true,
        .collect_destinations = true,
        .collect_time_wait = true,
    };
    const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                         .proc_root = "/proc"};
    struct sampler *sampler = sampler_create(&options, &kernel, &system_clock, read_nothing, NULL);
    if (!sampler || take(sampler, SAMPLE_DETAIL) < 0)
        return 1;
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
    int64_t cpu = take(sampler, SAMPLE_PORTS);
    sampler_destroy(sampler);
    printf("cpu=%.6f\n", (double)cpu / (double)NANOSECONDS_PER_SECOND);
    return cpu < 0;
}
