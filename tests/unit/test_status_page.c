// SPDX-License-Identifier: Apache-2.0
/*
 * The status page as a whole, and the cards of states, counters, limits and samples.
 */
#include "status/format.h"

#include "status_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static void test_a_complete_snapshot_is_ok(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "OK Nothing is close to a limit Ports towards the fullest destination: 21");
    assert_says(f, "such as those of containers, are not covered. TCP ephemeral");
    assert_silent(f, "What to do");
    assert_non_null(strstr(f->html.data, "<title>OK: web-17 - sockdiag_exporter</title>"));
    assert_silent(f, "nknown");
    assert_silent(f, "?");
}

static void test_the_page_shows_its_age(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "web-17 sockdiag_exporter 1.2.3");
    assert_says(f, "2026-01-01 02:46:40 UTC count sample: 0.5\u202fs ago "
                   "ports sample: 5\u202fs ago detail sample: 7\u202fs ago "
                   "up 2\u202fh 46\u202fmin");
}

static void test_the_page_has_links(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<a href=\"numbers\">/numbers</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"-/healthy\">/-/healthy</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"-/ready\">/-/ready</a>"));
    f->self.telemetry_path = "/probe/v1/metrics";
    render(f);
    assert_non_null(strstr(f->html.data, "<a href=\"probe/v1/metrics\">/probe/v1/metrics</a>"));
}

static void test_without_scripts_the_page_is_loaded_again(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<noscript><meta http-equiv=\"refresh\" content=\"5\">"
                                         "</noscript>\n<title>"));
    assert_int_equal(count_of(f->html.data, "http-equiv"), 1);
}

static void test_each_state_has_its_count_and_peak(void **state)
{
    struct fixture *f = *state;
    render(f);
    for (enum tcp_state i = 0; i < TCP_STATES; i++) {
        char row[128];
        snprintf(row, sizeof row, " %s %s %d,007 ", tcp_state_name(i),
                 format_count(f->snapshot.sockets[i]).text, (int)i + 1);
        if (i != TCP_STATE_BOUND_INACTIVE)
            assert_says(f, row);
    }
    assert_says(f, "Peak: within the last 2 minutes. ");
    assert_says(f, " bound_inactive 14,003 not kept "); /* 7,001 and 7,002 */
}

static void test_states_without_sockets_are_soft(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_non_null(strstr(f->html.data, "<tr class=\"\"><th scope=\"row\">bound_inactive<"));
    f->snapshot.sockets[TCP_STATE_SYN_SENT] = f->snapshot.peak_sockets[TCP_STATE_SYN_SENT] = 0;
    f->snapshot.sockets[TCP_STATE_SYN_RECV] = 0;
    memset(&f->snapshot.detail, 0, sizeof f->snapshot.detail);
    render(f);
    assert_non_null(strstr(f->html.data, "<tr class=\"soft\"><th scope=\"row\">syn_sent<"));
    assert_non_null(strstr(f->html.data, "<tr class=\"\"><th scope=\"row\">syn_recv<"));
    assert_non_null(strstr(f->html.data, "<tr class=\"soft\"><th scope=\"row\">bound_inactive<"));
}

static void test_the_two_big_states_have_their_parts_and_history(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Established 1,000 peak 1,007 IPv6 1,002 of 2,003 1,000 0 Established, last");
    assert_says(f, "Time wait 6,000 peak 6,007 clients: hold ports 7,002 of 14,003 6,000 0 Time "
                   "wait, last 15 minutes");
    assert_int_equal(count_of(f->html.data, "180 of 180 intervals are known"), 4);
    /* Further apart than count samples, though not than detail samples. */
    f->snapshot.established_history = (struct history){0};
    history_observe(&f->snapshot.established_history, 0, 1000);
    history_observe(&f->snapshot.established_history, 2 * HISTORY_SLOT_LENGTH, 1000);
    render(f);
    assert_non_null(strstr(f->html.data, "\"M177 0h0M179 0h0\""));
    f->snapshot.has_time_wait_roles = false;
    render(f);
    assert_says(f, "Time wait 6,000 peak 6,007 6,000 0 Time");
}

static void test_counters_are_those_of_the_last_minute(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "In the last minute connect() 1,004 accepted 1,005 failed to connect 1,006 "
                   "reset 1,007 resets sent 1,008 dropped by listeners 0 at full queues 0 "
                   "at full SYN queues 0 SYN cookies sent 1,009 TIME_WAITs 1,001 reused 1,002 "
                   "skipped at the limit 0 Samples");
    assert_silent(f, "123,45");
    assert_non_null(strstr(f->html.data, "<div class=\"soft\"><dt>dropped by listeners</dt>"));
    assert_non_null(strstr(f->html.data, "<div class=\"\"><dt>connect()</dt><dd>1,004</dd>"));
    f->snapshot.recent_seconds = 12;
    f->snapshot.recent.listen_drops = 3;
    f->snapshot.recent.listen_overflows = 4; /* a part is never larger than its whole */
    f->snapshot.recent.syn_queue_full_drops = 5;
    f->snapshot.recent.time_wait_overflows = 6;
    f->snapshot.recent.syncookies_sent = PROCFS_ABSENT;
    f->snapshot.time_wait_collected = false;
    render(f);
    assert_says(f, "In the last 12\u202fs connect() 1,004 ");
    assert_says(f, "dropped by listeners 3 at full queues 3 at full SYN queues 5 "
                   "SYN cookies sent ? Samples");
}

static void test_limits_have_their_own_numbers(void **state)
{
    struct fixture *f = *state;
    render(f);
    assert_says(f, "Limits TCP memory of the host 3\u202fMiB of 6\u202fMiB orphans of the host "
                   "17 of 65,536 TIME_WAIT 6,000 of 262,144 tcp_tw_reuse loopback only "
                   "FIN_WAIT2 without a process 18 of 5,000 Busiest");
    static const char *const names[] = {"off", "on", "loopback only", "?"};
    for (uint64_t i = 0; i < 4; i++) {
        char row[64];
        f->snapshot.settings.tw_reuse = i;
        render(f);
        snprintf(row, sizeof row, "tcp_tw_reuse %s FIN_WAIT2", names[i]);
        assert_says(f, row);
    }
    f->snapshot.settings.time_wait_limit = PROCFS_UNLIMITED;
    memset(f->snapshot.pressure.memory_limit_bytes, 0xff,
           sizeof f->snapshot.pressure.memory_limit_bytes);
    f->snapshot.pressure.orphan_limit = PROCFS_ABSENT;
    render(f);
    assert_says(f, "Limits TCP memory of the host 3\u202fMiB of ? orphans of the host 17 of ? "
                   "TIME_WAIT 6,000 of no limit ");
    f->snapshot.has_pressure = f->snapshot.time_wait_collected = false;
    render(f);
    assert_says(f, "Limits TCP memory of the host ? of ? orphans of the host ? of ? "
                   "FIN_WAIT2 without a process 18 of 5,000 ");
}

static void test_samples_have_their_costs(void **state)
{
    struct fixture *f = *state;
    f->snapshot.errors[0] = 30;
    f->snapshot.errors[FAULT_NETLINK_REFUSED] = 31;
    f->snapshot.errors[FAULT_PROC_READ] = 32;
    render(f);
    assert_says(f, "Sample Taken Interval Duration Sockets Of one CPU Good Failed "
                   "count 0.5\u202fs ago 1.5\u202fs 1.3\u202fms 14 0.12\u202f% 10,000 11 "
                   "ports 5\u202fs ago 15\u202fs 33\u202fms 34 0.32\u202f% 3,000 31 "
                   "detail 7\u202fs ago 25\u202fs 23\u202fms 24 0.22\u202f% 2,000 21 Errors");
    assert_says(f, "30 , netlink_refused 31 , proc_read 32 ; the log");
    assert_silent(f, "differ from");
    f->snapshot.derived_counts_in_use = false;
    memset(f->snapshot.errors, 0, sizeof f->snapshot.errors);
    render(f);
    assert_says(f, "differ from its list");
    assert_silent(f, "Errors");
    f->now = status_start + 1;
    render(f);
    assert_says(f, " 14 1200\u202f% 10,000 11 ");
    f->now = status_start + 0.9;
    render(f);
    assert_says(f, " 14 ? 10,000 11 ");
    assert_says(f, " 24 ? 2,000 21 ");
}

static void test_each_finding_has_a_command_and_advice(void **state)
{
    struct fixture *f = *state;
    f->snapshot.sockets[TCP_STATE_CLOSE_WAIT] = 6000;
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.9;
    render(f);
    assert_non_null(strstr(f->html.data, "<code>ss -tanp state close-wait</code> "
                                         "<a href=\"#close-wait\">What to do</a>"));
    assert_non_null(strstr(f->html.data, "<a href=\"#udp-ports\">What to do</a>"));
    assert_says(f, "ss -Huanp | grep -o '\"[^\"]*\",pid=[0-9]*' | sort ");
    assert_int_equal(count_of(f->html.data, "<div id=\""), 2);
    assert_non_null(strstr(f->html.data, "<div id=\"udp-ports\"><h3>UDP ports</h3>"));
    assert_non_null(strstr(f->html.data, "<div id=\"close-wait\"><h3>CLOSE_WAIT</h3>"));
    assert_says(f, "More in docs/runbooks.md, SockdiagCloseWaitLeak ");
}

static void test_findings_are_in_order(void **state)
{
    struct fixture *f = *state;
    f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_HOST] = 0.8;
    f->snapshot.ports[SOCKET_UDP].summary.utilization[PORT_SCOPE_HOST] = 0.9;
    f->queues[0].queue_peak = 4096;
    render(f);
    assert_non_null(strstr(f->html.data, "<title>Critical: "));
    assert_non_null(strstr(f->html.data, "<section class=\"verdict Critical\">\n<div><h2><span "
                                         "class=\"badge Critical\">Critical</span> 90"));
    assert_non_null(strstr(f->html.data, "<div><h3><span class=\"badge Warning\">Warning</span> "));
    assert_non_null(strstr(f->html.data, "<div><h3><span class=\"badge Watch\">Watch</span> 80"));
}

static void test_strings_cannot_become_markup(void **state)
{
    struct fixture *f = *state;
    static const char hostile[] = "\"><script>alert('&amp;')</script>\n<!--\x01";
    f->self.version = f->self.telemetry_path = hostile;
    f->snapshot.ports[SOCKET_TCP].destination_count = 12; /* the path is in the notes, too */
    snprintf(f->snapshot.host_name, sizeof f->snapshot.host_name, "%s", hostile);
    memcpy(f->destinations[0][0].interface_name, hostile + 2, INTERFACE_NAME_SIZE - 1);
    memcpy(f->queues[0].interface_name, hostile + 2, INTERFACE_NAME_SIZE - 1);
    f->queues[0].queue_length = 5000;
    f->snapshot.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION] = 1;
    buffer_clear(&f->html);
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    buffer_append(&f->html, "", 1);
    assert_int_equal(count_of(f->html.data, "<script"), 1);
    assert_null(strstr(f->html.data, "<!--"));
    assert_null(strchr(f->html.data, '\x01'));
    f->self.version = hostile + 2;
    f->self.telemetry_path = "/\"><script>alert('&amp;')</script>";
    render(f);
    assert_says(f, "sockdiag_exporter <script>alert('&amp;')</script>");
    assert_says(f, "at /\"><script>alert('&amp;')</script> . ");
    assert_int_equal(count_of(f->html.data, "<script"), 1);
    assert_says(f, "on <script>alert(' to 198");
}

static void test_the_largest_numbers_leave_the_page_valid(void **state)
{
    struct fixture *f = *state;
    memset(f->snapshot.sockets, 0xff, sizeof f->snapshot.sockets);
    memset(f->snapshot.peak_sockets, 0xff, sizeof f->snapshot.peak_sockets);
    memset(&f->snapshot.counters, 0xff, sizeof f->snapshot.counters);
    memset(&f->snapshot.established_history.highest, 0xff,
           sizeof f->snapshot.established_history.highest);
    memset(f->listeners, 0xff, sizeof f->listeners);
    memset(f->queues, 0xff, sizeof f->queues);
    memset(f->destinations, 0xff, sizeof f->destinations);
    memset(&f->snapshot.recent, 0xff, sizeof f->snapshot.recent);
    for (size_t i = 0; i < 12; i++)
        f->destinations[0][i].interface_name[0] = f->destinations[1][i].interface_name[0] = '\0';
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].interface_name[0] = f->queues[i].interface_name[0] = '\0';
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].family = f->queues[i].family = IP_FAMILY_IPV6;
    for (size_t i = 0; i < 40; i++)
        f->listeners[i].dropping = f->queues[i].dropping = true;
    for (size_t i = 0; i < 12; i++)
        f->destinations[0][i].family = f->destinations[1][i].family = IP_FAMILY_IPV6;
    f->snapshot.queue_count = f->snapshot.listener_count = 40;
    f->snapshot.ports[0].destination_count = f->snapshot.ports[1].destination_count = 12;
    for (size_t i = 0; i < FAULT_REASONS; i++)
        f->snapshot.errors[i] = UINT64_MAX;
    render(f);
    assert_says(f, "Established 18,446,744,073,709,551,615 peak");
    assert_says(f, "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void test_a_clock_that_stepped_back_gives_no_negative_age(void **state)
{
    struct fixture *f = *state;
    f->now = status_start - 10;
    render(f);
    assert_says(f, "count sample: 0\u202fs ago ports sample: 0\u202fs ago "
                   "detail sample: 0\u202fs ago up 0\u202fs");
}

static void test_the_style_is_the_one_that_is_allowed(void **state)
{
    struct fixture *f = *state;
    render(f);
    const char *begin = strstr(f->html.data, "<style>") + strlen("<style>");
    assert_int_equal(strstr(begin, "</style>") - begin, strlen(status_page_style));
    assert_memory_equal(begin, status_page_style, strlen(status_page_style));
    assert_int_equal(count_of(f->html.data, "<style"), 1);
    assert_null(strpbrk(status_page_style, "<&"));
    assert_null(strstr(status_page_style, "url("));
    assert_null(strstr(status_page_style, "@import"));
}

static void test_the_script_is_the_one_that_is_allowed(void **state)
{
    struct fixture *f = *state;
    render(f);
    const char *begin = strstr(f->html.data, "<script>") + strlen("<script>");
    assert_int_equal(strstr(begin, "</script>") - begin, strlen(status_page_script));
    assert_memory_equal(begin, status_page_script, strlen(status_page_script));
    assert_null(strpbrk(status_page_script, "<&"));
}

static void test_every_picture_has_a_name(void **state)
{
    struct fixture *f = *state;
    render(f);
    size_t pictures = count_of(f->html.data, "<svg");
    assert_int_equal(pictures, 4 + 2);
    assert_int_equal(count_of(f->html.data, "role=\"img\""), pictures);
    assert_int_equal(count_of(f->html.data, "<title>"), pictures + 1);
}

static void test_the_page_is_appended(void **state)
{
    struct fixture *f = *state;
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    size_t length = f->html.length;
    status_page_render(&f->html, &f->snapshot, &f->self, f->now);
    assert_int_equal(f->html.length, 2 * length);
    assert_memory_equal(f->html.data, f->html.data + length, length);
}

static void test_out_of_memory_marks_the_buffer(void **state)
{
    struct fixture *f = *state;
    struct buffer full = {.length = SIZE_MAX / 2 + 1, .capacity = SIZE_MAX / 2 + 1};
    status_page_render(&full, &f->snapshot, &f->self, f->now);
    assert_true(full.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_a_complete_snapshot_is_ok),
        whole(test_the_page_shows_its_age),
        whole(test_the_page_has_links),
        whole(test_without_scripts_the_page_is_loaded_again),
        whole(test_each_state_has_its_count_and_peak),
        whole(test_states_without_sockets_are_soft),
        whole(test_the_two_big_states_have_their_parts_and_history),
        whole(test_counters_are_those_of_the_last_minute),
        whole(test_limits_have_their_own_numbers),
        whole(test_samples_have_their_costs),
        whole(test_each_finding_has_a_command_and_advice),
        whole(test_findings_are_in_order),
        whole(test_strings_cannot_become_markup),
        whole(test_the_largest_numbers_leave_the_page_valid),
        whole(test_a_clock_that_stepped_back_gives_no_negative_age),
        whole(test_the_style_is_the_one_that_is_allowed),
        whole(test_the_script_is_the_one_that_is_allowed),
        whole(test_every_picture_has_a_name),
        whole(test_the_page_is_appended),
        whole(test_out_of_memory_marks_the_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
