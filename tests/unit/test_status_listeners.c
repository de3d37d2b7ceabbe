// SPDX-License-Identifier: Apache-2.0
/*
 * The cards of listeners and of queues.
 */
#include "status_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_listeners_have_their_queues_and_connections(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_length = 3;
    f->queues[0].queue_peak = 1500;
    f->listeners[0] = f->queues[0];
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8001 0 0 4,096 0 101 1 2 "
                   "0.0.0.0:8000 3 1,500 4,096 0 100 1 2 others 5,000 0 0 ");
}

static void test_a_full_queue_comes_first_and_is_marked(void **state)
{
    struct fixture *f = *state;
    f->queues[0].queue_peak = f->listeners[0].queue_peak = 4096;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 4,096 full 4,096 0 100 1 2 0.0.0.0:8001 ");
    assert_says(f, "Warning The accept queue of 0.0.0.0:8000 was full within the last 2 minutes");
    f->queues[0].queue_peak = f->queues[0].queue_limit = f->queues[1].queue_limit = 1;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 1 full 1 0 100 1 2 0.0.0.0:8001 0 0 1 0 101 ");
    f->queues[0].queue_peak = f->queues[0].queue_limit = 0;
    render(f);
    assert_says(f, "0.0.0.0:8000 0 0 0 0 100 ");
}

static void test_a_listener_that_drops_is_marked(void **state)
{
    struct fixture *f = *state;
    f->queues[0].drops = 55;
    f->queues[0].queue_length = 4097;
    memcpy(f->queues[0].interface_name, "eth1", 5);
    render(f);
    assert_says(f, "0.0.0.0:8000 on eth1 4,097 full 0 4,096 55 100 1 2 ");
    assert_null(strstr(f->html.data, "dropping\""));
    f->queues[0].dropping = true;
    render(f);
    assert_non_null(strstr(f->html.data, "<td class=\"Warning dropping\">55</td>"));
    f->snapshot.has_counts = false;
    f->snapshot.listeners = f->queues;
    render(f);
    assert_says(f, "0.0.0.0:8000 on eth1 ? ? ? ? 100 1 2 ");
    assert_null(strstr(f->html.data, "dropping\""));
}

static void test_long_lists_of_listeners_are_truncated(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8039 0 0 4,096 0 139 1 2 0.0.0.0:8038 ");
    /* 5,000, and 100 to 131 of the 32 that are not shown. */
    assert_says(f, "0.0.0.0:8032 0 0 4,096 0 132 1 2 others 8,696 32 64 32 more at /numbers . ");
}

static void test_the_busiest_listeners_come_first_in_any_order(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    for (size_t i = 0; i < 40; i++) /* in the opposite order */
        f->listeners[i].sockets[TCP_STATE_ESTABLISHED] = 200 - i;
    memcpy(f->queues, f->listeners, sizeof f->queues);
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 0 4,096 0 200 1 2 0.0.0.0:8001 ");
    assert_says(f, "0.0.0.0:8007 0 0 4,096 0 193 1 2 others ");
    for (size_t i = 0; i < 40; i++) /* all the same, until one has more of any state */
        f->queues[i].sockets[TCP_STATE_ESTABLISHED] = 5;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8000 0 0 4,096 0 5 1 2 0.0.0.0:8001 ");
    f->queues[1].sockets[TCP_STATE_TIME_WAIT] = 3;
    render(f);
    assert_says(f, "Time wait 0.0.0.0:8001 0 0 4,096 0 5 1 3 0.0.0.0:8000 ");
}

static void test_a_listener_may_be_named_for_its_queue_alone(void **state)
{
    struct fixture *f = *state;
    /* 8002 to 8006 for their connections, also 8000 and 8001 for their queues; these are part of
     * the others' 5,000. */
    f->snapshot.queue_count = 7;
    f->snapshot.listeners = &f->listeners[2];
    f->snapshot.listener_count = 5;
    render(f);
    assert_int_equal(count_of(f->text.data, " 0.0.0.0:80"), 7);
    assert_says(f, "0.0.0.0:8000 0 0 4,096 0 100 1 2 others 4,799 ");
    assert_silent(f, "more at");
}

static void test_without_names_the_listeners_are_summed(void **state)
{
    struct fixture *f = *state;
    f->snapshot.queue_count = f->snapshot.listener_count = 0;
    f->snapshot.queues = f->snapshot.listeners = NULL;
    render(f);
    assert_says(f, "Time wait others 5,000 0 0 Waiting:");
}

static void test_udp_sockets_have_their_queues_and_drops(void **state)
{
    struct fixture *f = *state;
    const struct udp_socket_row rows[] = {
        {.port = 53, .receive_queue = 2048, .drops = 1234},
        {.port = 161, .interface_name = "eth1"},
    };
    render(f);
    assert_silent(f, "UDP receive queues");
    f->snapshot.has_udp = true;
    f->snapshot.udp = (struct udp_summary){.sockets = 1, .other_drops = 7};
    render(f);
    assert_says(f, "UDP receive queues 1 UDP socket. Dropped since the exporter's start by those "
                   "not named: 7.");
    f->snapshot.udp_rows = rows;
    f->snapshot.udp_row_count = 2;
    render(f);
    assert_says(f, "Socket Not read Dropped 0.0.0.0:53 2\u202fKiB 1,234 0.0.0.0:161 on eth1 "
                   "0\u202fB 0 1 UDP socket.");
}

static void test_unix_listeners_have_their_queues(void **state)
{
    struct fixture *f = *state;
    const struct unix_listener_row rows[] = {
        {.path = "/run/php/<fpm>.sock", .queue_length = 1, .queue_limit = 511, .queue_peak = 511},
        {.path = "@x", .queue_limit = 1},
    };
    render(f);
    assert_silent(f, "UNIX accept queues");
    f->snapshot.has_unix = true;
    f->snapshot.unix_sockets.other_queue_length = 9;
    f->snapshot.unix_rows = rows;
    f->snapshot.unix_row_count = 2;
    render(f);
    assert_says(f, "UNIX accept queues UNIX listener Waiting Peak Limit /run/php/<fpm>.sock 1 511 "
                   "511 @x 0 0 1 Waiting at listeners not named: 9.");
    assert_int_equal(count_of(f->html.data, "<tr class=\"Warning\">"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_listeners_have_their_queues_and_connections),
        whole(test_a_full_queue_comes_first_and_is_marked),
        whole(test_a_listener_that_drops_is_marked),
        whole(test_long_lists_of_listeners_are_truncated),
        whole(test_the_busiest_listeners_come_first_in_any_order),
        whole(test_a_listener_may_be_named_for_its_queue_alone),
        whole(test_without_names_the_listeners_are_summed),
        whole(test_udp_sockets_have_their_queues_and_drops),
        whole(test_unix_listeners_have_their_queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
