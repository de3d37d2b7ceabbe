// SPDX-License-Identifier: Apache-2.0
/*
 * What the status page says of numbers that are unknown.
 */
#include "status_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_without_counts_their_numbers_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false;
    f->snapshot.queues = NULL;
    f->snapshot.queue_count = 0;
    f->snapshot.samples[SAMPLE_COUNT].last_success = status_start + 9958;
    render(f);
    assert_says(f, "UTC count sample: 42\u202fs ago");
    assert_says(f, "Unknown Last good count sample: 42\u202fs ago; 11 failed since the start "
                   "Sockets by state and accept queues are unknown.");

#define WHY "Unknown. No current count sample. "
    assert_says(f, "Time wait " WHY "Established " WHY "TCP sockets by state " WHY "In the last");
    assert_says(f, "0.0.0.0:8001 ? ? ? ? 101 1 2 0.0.0.0:8000 ? ? ? ? 100 1 2 others");
    assert_int_equal(count_of(f->html.data, "class=\"chart\""), 2); /* of ports */
    assert_says(f,
                "TIME_WAIT ? of 262,144 tcp_tw_reuse loopback only FIN_WAIT2 without a process ? "
                "of ?");
    assert_non_null(strstr(f->html.data, "<title>Unknown: "));
    assert_non_null(strstr(f->html.data, "<tr class=\"Unknown\"><th scope=\"row\">0.0.0.0:"));
#undef WHY
}

static void test_without_detail_its_parts_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_detail = false;
    f->snapshot.samples[SAMPLE_DETAIL].last_success = 0;
    render(f);
    assert_says(f, "detail sample: none yet up");
    assert_says(f, "Unknown Last good detail sample: none yet; 21 failed since the start The "
                   "listeners' connections are unknown.");
    assert_says(f, "TCP ephemeral ports in use 21");
    assert_says(f, "Established 1,000 peak 1,007 1,000 0");
    assert_says(f, "0.0.0.0:8000 0 0 4,096 0 ? ? ? others ? ? ? ");
    assert_silent(f, "bound_inactive");
    assert_says(f, "detail none yet 25");
}

static void test_without_a_ports_sample_ports_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].present = f->snapshot.ports[SOCKET_UDP].present = false;
    f->snapshot.samples[SAMPLE_PORTS].last_success = status_start + 9958;
    render(f);

#define WHY "Unknown. No current ports sample: see the errors below the samples. "
    assert_says(f, "Unknown Last good ports sample: 42\u202fs ago; 31 failed since the start Ports "
                   "and destinations are unknown.");
    assert_says(f, "TCP ephemeral ports in use " WHY "Fullest destinations " WHY "Limits");
    assert_says(f, "UDP ephemeral ports in use " WHY "Time wait");
    f->snapshot.samples[SAMPLE_PORTS] = (struct sample_report){0};
    f->snapshot.has_detail = false; /* it is the first that is taken */
    render(f);
    assert_says(f, "TCP ephemeral ports in use " WHY);
#undef WHY
}

static void test_a_kernel_without_bound_inactive_has_no_such_row(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_bound_inactive = false;
    render(f);
    assert_silent(f, "bound_inactive");
}

static void test_without_proc_settings_and_counters_are_unknown(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_settings = false;
    render(f);
    assert_says(f, "TIME_WAIT 6,000 of ? tcp_tw_reuse ? FIN_WAIT2");
    assert_says(f, "Nothing known is close to a limit");
    f->snapshot.has_settings = true;
    f->snapshot.has_counters = false;
    render(f);
    assert_null(strstr(f->html.data, "<div class=\"soft\"><dt>"));
    assert_says(f,
                "In the last minute connect() ? accepted ? failed to connect ? reset ? resets "
                "sent ? dropped by listeners ? at full queues ? at full SYN queues ? SYN cookies "
                "sent ? TIME_WAITs ? reused ? skipped at the limit ? Samples");
}

static void test_uncollected_parts_name_their_flag(void **state)
{
    struct fixture *f = *state;
    f->snapshot.time_wait_collected = f->snapshot.listeners_collected = false;
    f->snapshot.queue_count = f->snapshot.listener_count = 0;
    f->snapshot.ports[SOCKET_TCP].has_destinations = false;
    f->snapshot.ports[SOCKET_UDP].has_destinations = false;
    render(f);
    assert_says(f,
                "OK Nothing known is close to a limit Ports towards the fullest destination: ?.");
    assert_silent(f, "client");
    assert_silent(f, "tcp_tw_reuse");
    assert_says(f, "Busiest listeners Unknown. Not collected: --no-collector.listeners.");
    assert_says(f, "TCP ephemeral ports in use Unknown. Destinations are not collected: "
                   "--no-collector.destinations. fullest local address");
    assert_says(f, "UDP ephemeral ports in use 23\u202f% of this host ");
    assert_says(f, "100 %: no new socket ");
    assert_silent(f, "fullest destination 2");
    assert_says(f, "Fullest destinations Unknown. Not collected: --no-collector.destinations.");
    f->snapshot.ports[SOCKET_TCP].present = f->snapshot.ports[SOCKET_UDP].present = false;
    f->snapshot.samples[SAMPLE_PORTS] = (struct sample_report){0};
    render(f);

#define WHY "Unknown. Not collected: --no-collector.ports. "
    assert_says(f, "TCP ephemeral ports in use " WHY "Fullest destinations " WHY "Limits");
    assert_says(f, "UDP ephemeral ports in use " WHY "Time wait");
#undef WHY
}

static void test_an_empty_snapshot_is_a_valid_page(void **state)
{
    struct fixture *f = *state;
    f->snapshot = (struct snapshot){0};
    f->now = status_start;
    render(f);
    assert_says(f, "Unknown Last good count sample: none yet; 0 failed since the start Sockets");
    assert_says(f, "count none yet 0\u202fs 0\u202fs 0 ? 0 0");
    f->snapshot.listeners_collected = true;
    render(f);
    assert_says(f, "Busiest listeners Unknown. No current count sample.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_without_counts_their_numbers_are_unknown),
        whole(test_without_detail_its_parts_are_unknown),
        whole(test_without_a_ports_sample_ports_are_unknown),
        whole(test_a_kernel_without_bound_inactive_has_no_such_row),
        whole(test_without_proc_settings_and_counters_are_unknown),
        whole(test_uncollected_parts_name_their_flag),
        whole(test_an_empty_snapshot_is_a_valid_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
