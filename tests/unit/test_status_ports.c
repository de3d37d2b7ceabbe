// SPDX-License-Identifier: Apache-2.0
/*
 * The cards of ports and of destinations.
 */
#include "status_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static void test_ports_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "TCP ephemeral ports in use 21\u202f% towards the fullest "
                   "destination peak 31\u202f% fullest destination: 21\u202f% 0 50 %");
    assert_says(f, "100 %: it fails 100\u202f% 0 fullest destination, last 15 minutes The highest "
                   "value in each 5 seconds; the maximum is 31\u202f%.");
    assert_says(f, "half that connect() tries first 42\u202f% fullest local address 22\u202f% "
                   "whole host 23\u202f% 20,004 used, 1,000 usable: "
                   "range 20,000 , reserved 20,001 , owned 20,002 . Fullest destinations");
    assert_says(f, "UDP ephemeral ports in use 23\u202f% of this host "
                   "peak 33\u202f% whole host: 23\u202f% 0 100 %: no new socket 100\u202f% 0 whole "
                   "host, last 15 minutes The highest value in each 5 seconds; the maximum is "
                   "33\u202f%.");
    assert_says(f, "fullest destination 21\u202f% fullest local address 22\u202f% 30,004 used, "
                   "1,000 usable: range 30,000 , reserved 30,001 , owned 30,002 . ");
    assert_int_equal(count_of(f->html.data, "class=\"knee\""), 1);
    assert_int_equal(count_of(strstr(f->html.data, "UDP ephemeral"), "class=\"knee\""), 0);
    f->snapshot.ports[SOCKET_TCP].summary.preferred_utilization = 1;
    render(f);
    assert_non_null(strstr(f->html.data, "<div class=\"gauge Warning\">"));
    assert_non_null(strstr(f->html.data, "<div class=\"Warning\"><dt>half that"));
    assert_non_null(strstr(f->html.data, "<div class=\"OK\"><dt>whole host"));
}

static void test_the_history_of_ports_has_the_gaps_of_their_samples(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].port_history = (struct history){0};
    struct history *history = &f->snapshot.ports[SOCKET_TCP].port_history;
    history_observe(history, 1000 * HISTORY_SLOT_LENGTH, 5000);
    history_observe(history, 1004 * HISTORY_SLOT_LENGTH, 5000); /* after 20 s */
    render(f);
    assert_non_null(strstr(f->html.data, "\"M175 500h0L179 500\""));
    f->snapshot.samples[SAMPLE_PORTS].interval_seconds = 14;
    render(f);
    assert_non_null(strstr(f->html.data, "\"M175 500h0M179 500h0\""));
}

static void test_the_bound_is_shown_when_it_says_more(void **state)
{
    struct fixture *f = *state;
    f->snapshot.bound_utilization = 0.35;
    render(f);
    assert_silent(f, "now at most");
    f->snapshot.has_bound = true;
    render(f);
    assert_says(f, "peak 31\u202f% now at most 35\u202f% fullest destination");
    assert_int_equal(count_of(f->text.data, "now at most"), 1); /* not for UDP */
    static const double no_more[] = {0.21, 0.219, 0.1};         /* shown as 21 %; a race */
    for (size_t i = 0; i < 3; i++) {
        f->snapshot.bound_utilization = no_more[i];
        render(f);
        assert_silent(f, "now at most");
    }
}

static void test_lost_ports_are_named(void **state)
{
    struct fixture *f = *state;
    struct port_summary *summary = &f->snapshot.ports[SOCKET_TCP].summary;
    *summary = (struct port_summary){.unreserved_listeners = 1,
                                     .unreserved_ports = {40001, 40002},
                                     .unreserved_named = 1,
                                     .bound_before_connect = 7};
    f->snapshot.ports[SOCKET_UDP].summary = *summary;
    f->snapshot.ports[SOCKET_UDP].summary.has_bound_before_connect = true;
    render(f);
    assert_says(f, "owned 0 . Listeners hold 1 port that ip_local_reserved_ports lacks: "
                   "40001. Fullest");
    assert_int_equal(count_of(f->text.data, "Listeners hold"), 1); /* not for UDP */
    assert_silent(f, "before connect()");
    summary->unreserved_listeners = 3;
    summary->unreserved_named = 2;
    summary->has_bound_before_connect = true;
    render(f);
    assert_says(f, "owned 0 . About 7 ports taken by bind() before connect(). Listeners hold "
                   "3 ports that ip_local_reserved_ports lacks: 40001, 40002, ... Fullest");
    assert_int_equal(count_of(f->text.data, "before connect()"), 1); /* not for UDP */
    summary->bound_before_connect = 0;
    render(f);
    assert_silent(f, "before connect()");
}

static void test_destinations_of_both_protocols_are_one_list(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 210 21\u202f% "
                   "198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% "
                   "198.51.100.7:444 192.0.2.1 TCP 190 19\u202f% "
                   "198.51.100.7:444 192.0.2.1 UDP 180 18\u202f% "
                   "The top 4 of 50,010 destinations. Limits");
    f->destinations[SOCKET_UDP][0].ports = 5000; /* more than the usable ones, as after a change */
    f->destinations[SOCKET_TCP][0].ports = 1000;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 1,000 100\u202f% "
                   "198.51.100.7:443 192.0.2.1 UDP 5,000 100\u202f% ");
}

static void test_long_lists_of_destinations_are_truncated(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].destination_count = 9;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 40;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 10;
    render(f);
    assert_int_equal(count_of(f->text.data, " 192.0.2.1 "), 8);
    assert_says(f, "The top 8 of 50 destinations; the top 11 of 50 at /numbers . Limits");
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 1;
    render(f);
    assert_says(f, "The top 8 of at most 50 destinations; the top 11 of 50 at /numbers . Each may "
                   "have up to 1 port more. Limits");
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destination_error_bound = 2;
    f->snapshot.ports[SOCKET_TCP].destination_count = 6;
    render(f);
    assert_int_equal(count_of(f->text.data, " 192.0.2.1 "), 8);
    assert_says(f, "The top 8 of at most 50 destinations. Each may have up to 2 ports more. ");
    f->snapshot.ports[SOCKET_TCP].destination_count = 1;
    f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 1;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destination_error_bound = 0;
    render(f);
    assert_says(f, "TCP 210 21\u202f% 1 destination. Limits");
}

static void test_destinations_of_one_protocol_do_not_need_the_other(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].present = false;
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 31;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% "
                   "198.51.100.7:444 192.0.2.1 UDP 180 18\u202f% "
                   "The top 2 of 30,005 destinations. TCP: unknown. Limits");
    assert_says(f, "TCP ephemeral ports in use Unknown. No current ports sample: see the errors "
                   "below the samples. ");
    assert_says(f, "UDP ephemeral ports in use 23\u202f%");
    f->snapshot.ports[SOCKET_UDP].destination_count = 1;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 UDP 200 20\u202f% The top 1 of 30,005");
    f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    render(f);
    assert_says(f, "Fullest destinations 0 destinations. TCP: unknown. Limits");
    f->snapshot.ports[SOCKET_TCP].present = true;
    f->snapshot.ports[SOCKET_TCP].summary.destination_error_bound = 0;
    f->snapshot.ports[SOCKET_UDP].present = false;
    render(f);
    assert_says(f, "Of usable 198.51.100.7:443 192.0.2.1 TCP 210 21\u202f% "
                   "198.51.100.7:444 192.0.2.1 TCP 190 19\u202f% "
                   "The top 2 of 20,005 destinations. UDP: unknown. Limits");
    assert_says(f, "UDP ephemeral ports in use Unknown. Not readable: see the errors below");
    f->snapshot.ports[SOCKET_TCP].has_destinations = false;
    render(f);
    assert_says(f, "Fullest destinations Unknown. Not collected: --no-collector.destinations. ");
}

static void test_without_names_the_destinations_are_counted(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].destination_count =
        f->snapshot.ports[SOCKET_UDP].destination_count = 0;
    f->snapshot.ports[SOCKET_TCP].summary.destinations = 1;
    f->snapshot.ports[SOCKET_UDP].summary.destinations = 0;
    render(f);
    assert_says(f, "Fullest destinations 1 destination. TCP: none is named, because "
                   "--collector.destinations.top is 0. Limits");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_ports_have_their_own_numbers),
        whole(test_the_history_of_ports_has_the_gaps_of_their_samples),
        whole(test_the_bound_is_shown_when_it_says_more),
        whole(test_lost_ports_are_named),
        whole(test_destinations_of_both_protocols_are_one_list),
        whole(test_long_lists_of_destinations_are_truncated),
        whole(test_destinations_of_one_protocol_do_not_need_the_other),
        whole(test_without_names_the_destinations_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
