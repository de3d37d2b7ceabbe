// SPDX-License-Identifier: Apache-2.0
/*
 * A sampler of everything, with each of its allocations failing once: there is none then, and with
 * sanitizers nothing is left of it. calloc() is the test's own (Makefile).
 */
#include "base/log.h"
#include "sockdiag/sampler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned failing; /* the call that fails, counted from now; 0: none */

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
    return failing > 0 && --failing == 0 ? NULL : __real_calloc(count, size);
}

static int open_nothing(void *context)
{
    (void)context;
    return -1;
}

static struct sampler *create_with(unsigned failing_call)
{
    static char nothing; /* is used by samples alone */
    static const struct sampler_options options = {
        .interval = NANOSECONDS_PER_SECOND,
        .detail_interval = NANOSECONDS_PER_SECOND,
        .cpu_share = 0.02,
        .peak_window = NANOSECONDS_PER_SECOND,
        .listeners_top = 3,
        .destinations_top = 3,
        .udp_top = 3,
        .unix_top = 3,
        .cgroups_top = 3,
        .namespaces_max = 3,
        .collect_listeners = true,
        .collect_ports = true,
        .collect_destinations = true,
        .collect_time_wait = true,
        .collect_udp = true,
        .collect_unix = true,
        .collect_cgroups = true,
        .collect_namespaces = true,
        .namespaces_include = "a",
        .namespaces_exclude = "b",
    };
    struct kernel_access kernel = {
        .open_sock_diag = open_nothing,
        .proc_root = "/proc",
        .netns_root = "/none",
        .pod_logs_root = "/none",
        .cgroup_root = "/none",
        .netns_helper = (struct netns_helper *)&nothing,
    };
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        kernel.tcp_events[event] = (struct tcp_events *)&nothing;
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    failing = failing_call;
    return sampler_create(&options, &kernel, &system_clock, NULL, NULL);
}

static void test_each_allocation_may_fail(void **state)
{
    (void)state;
    struct sampler *sampler = NULL;
    unsigned call = 0;
    while (!sampler) {
        sampler = create_with(++call);
        if (sampler && failing == 0)
            fail_msg("allocation %u failed, and nobody noticed", call);
    }
    assert_int_equal(failing, 1); /* there was no such call */
    assert_in_range(call, 25, 100);
    failing = 0;
    sampler_destroy(sampler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests_name("out of memory", tests, NULL, NULL);
}
