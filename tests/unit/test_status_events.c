// SPDX-License-Identifier: Apache-2.0
/*
 * Events on the status page: connects that failed for lack of a port, and who leaves TIME_WAIT.
 */
#include "status_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 5 };

static struct event_source_row rows[ROWS];

static struct fixture *make_event(void **state, enum tcp_event event, size_t count)
{
    struct fixture *f = *state;
    memset(rows, 0, sizeof rows);
    for (unsigned i = 0; i < ROWS; i++) {
        inet_pton(AF_INET, "10.0.0.5", &rows[i].source.remote_address);
        rows[i].source.remote_port = (uint16_t)(5432 + i);
        snprintf(rows[i].source.program, sizeof rows[i].source.program, "worker%u", i);
        snprintf(rows[i].cgroup.text, sizeof rows[i].cgroup.text, "/a%u.service", i);
        rows[i].recent = 10 * (i + 1);
    }
    f->snapshot.events[event] =
        (struct event_snapshot){.present = true,
                                .report = {.recent = event == TCP_EVENT_PORT_FAILURE ? 10 : 37,
                                           .recent_seconds = 12,
                                           .rows = rows,
                                           .row_count = count}};
    return f;
}

static void test_failures_are_critical_and_name_who_and_whither(void **state)
{
    struct fixture *f = make_event(state, TCP_EVENT_PORT_FAILURE, 1);
    render(f);
    assert_says(f, "Critical 10 connect() calls failed for lack of a port in the last 12\u202fs, "
                   "all to 10.0.0.5:5432 by worker0 in /a0.service connect() returned");
    assert_says(f, "ss -tanp dst 10.0.0.5:5432 What to do");
    f->snapshot.events[TCP_EVENT_PORT_FAILURE].report.row_count = 3;
    rows[2].source.family = IP_FAMILY_IPV6;
    rows[2].source.program[0] = '\0';
    render(f);
    assert_says(f, ", most to [a00:5::]:5434 by unnamed programs in /a2.service "
                   "connect() returned");
    assert_says(f, "ss -tanp dst '[a00:5::]:5434' What to do");
}

/* A cgroup with many sources has one row for those without a row of their own (event_sources.h). */
static void test_failures_of_many_sources_have_no_destination(void **state)
{
    struct fixture *f = make_event(state, TCP_EVENT_PORT_FAILURE, 1);
    rows[0].source = (struct event_source){.program = ""};
    render(f);
    assert_says(f, ", all to several destinations by unnamed programs in /a0.service "
                   "connect() returned");
    assert_says(f, "ss -Htan");
    assert_silent(f, "0.0.0.0:0");
}

static void test_failures_without_a_source_are_still_counted(void **state)
{
    struct fixture *f = make_event(state, TCP_EVENT_PORT_FAILURE, 2);
    rows[0].cgroup.text[0] = '\0'; /* not known yet */
    rows[1].recent = 0;
    f->snapshot.events[TCP_EVENT_PORT_FAILURE].report.recent = 1;
    render(f);
    assert_says(f, "Critical 1 connect() call failed for lack of a port in the last 12\u202fs "
                   "connect() returned");
    assert_says(f, "ss -Htan");
}

static void test_no_failure_is_no_finding(void **state)
{
    struct fixture *f = make_event(state, TCP_EVENT_PORT_FAILURE, 1);
    f->snapshot.events[TCP_EVENT_PORT_FAILURE].report.recent = 0;
    render(f);
    assert_says(f, "OK Nothing is close");
    f->snapshot.events[TCP_EVENT_PORT_FAILURE].report.recent = 1;
    f->snapshot.events[TCP_EVENT_PORT_FAILURE].present = false;
    render(f);
    assert_says(f, "OK Nothing is close");
}

static void test_the_three_who_close_most_are_named(void **state)
{
    struct fixture *f = make_event(state, TCP_EVENT_CLOSED_FIRST, ROWS);
    rows[1].cgroup.text[0] = '\0';
    rows[4].recent = 0;
    render(f);
    assert_says(f, "Closed first in the last 12\u202fs: 37 , about 40\u202f% by worker3 in "
                   "/a3.service, 30\u202f% by worker2 in /a2.service, 10\u202f% by worker0 in "
                   "/a0.service.");
    rows[1].cgroup.text[0] = '/';
    rows[4].recent = 100;
    render(f);
    assert_says(f, "about 50\u202f% by worker4 in /a4.service, 20\u202f% by worker3 in "
                   "/a3.service, 15\u202f% by worker2 in /a2.service.");
    rows[2].recent = rows[3].recent = rows[4].recent = 0;
    rows[1].recent = 1;
    render(f);
    assert_says(f,
                "about 90\u202f% by worker0 in /a0.service, 9\u202f% by worker1 in /a1.service.");
    f->snapshot.events[TCP_EVENT_CLOSED_FIRST].report.row_count = 0;
    render(f);
    assert_says(f, "Closed first in the last 12\u202fs: 37 .");
    f->snapshot.events[TCP_EVENT_CLOSED_FIRST].present = false;
    render(f);
    assert_silent(f, "Closed first");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_failures_are_critical_and_name_who_and_whither),
        whole(test_failures_of_many_sources_have_no_destination),
        whole(test_failures_without_a_source_are_still_counted),
        whole(test_no_failure_is_no_finding),
        whole(test_the_three_who_close_most_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
