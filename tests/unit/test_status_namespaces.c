// SPDX-License-Identifier: Apache-2.0
/*
 * Other network namespaces on the status page: the findings about them, and their card.
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

enum { ROWS = 12 };

static struct namespace_row rows[ROWS];

/* A node with its own namespace and some pods, walked and calm. */
static struct fixture *make_node(void **state, size_t count)
{
    struct fixture *f = *state;
    struct namespaces_snapshot *namespaces = &f->snapshot.namespaces;
    memset(rows, 0, sizeof rows);
    for (uint32_t i = 0; i < ROWS; i++) {
        struct namespace_row *row = &rows[i];
        snprintf(row->labels.name, sizeof row->labels.name, "shop/web-%u", i);
        row->pid = 4000 + i;
        row->has_sockets = row->has_bound = row->has_usable = row->has_walk = true;
        row->full_sockets = 100 + i;
        row->minisockets = 200 + i;
        row->tcp_bound = 300 + i;
        row->usable = 1000;
        row->utilization[PORT_SCOPE_DESTINATION] = row->peak_utilization[PORT_SCOPE_DESTINATION] =
            0.01 * i;
    }
    *namespaces = (struct namespaces_snapshot){
        .collected = true, .walking = true, .rows = rows, .count = count};
    return f;
}

static void name_destination(struct fixture *f, size_t row)
{
    struct namespaces_snapshot *namespaces = &f->snapshot.namespaces;
    namespaces->destination_count = 1;
    namespaces->destinations[0] = (struct namespace_destination){
        .row = row, .destination = {.remote_port = 443, .ports = 970}};
    inet_pton(AF_INET, "198.51.100.9", &namespaces->destinations[0].destination.remote_address);
}

static void test_calm_namespaces_are_covered_by_the_all_clear(void **state)
{
    struct fixture *f = make_node(state, 3);
    f->snapshot.namespaces.other_count = 1;
    render(f);
    assert_says(f, "OK Nothing is close to a limit");
    assert_says(f, "Network namespaces: 4, walked.");
    f->snapshot.namespaces.walking = false;
    render(f);
    assert_says(f, "Network namespaces: 4, their ports known as a bound only.");
    f->snapshot.namespaces.collected = false;
    render(f);
    assert_says(f, "Other network namespaces, such as those of containers, are not covered.");
    assert_silent(f, "Fullest network namespaces");
}

static void test_full_ports_name_the_namespace_and_the_destination(void **state)
{
    struct fixture *f = make_node(state, 3);
    rows[1].utilization[PORT_SCOPE_DESTINATION] = 0.97;
    rows[1].peak_utilization[PORT_SCOPE_DESTINATION] = 0.97;
    render(f);
    assert_says(f, "Critical Network namespace shop/web-1: 97\u202f% of the TCP ports towards one "
                   "destination are in use From 50 % on");
    name_destination(f, 2);
    render(f);
    assert_says(f, "towards one destination are in use");
    name_destination(f, 1);
    rows[1].peak_utilization[PORT_SCOPE_DESTINATION] = 1;
    render(f);
    assert_says(f, "97\u202f% of the TCP ports to 198.51.100.9:443 are in use, 100\u202f% at the "
                   "peak within the last 2 minutes connect() to it fails there when all are in "
                   "use: EADDRNOTAVAIL.");
    assert_says(f, "nsenter -t 4001 -n ss -Htan");
    assert_says(f, "Network namespaces Each namespace has its own ports");
}

static void test_the_levels_of_ports_are_those_of_the_host(void **state)
{
    static const struct {
        double share, peak;
        const char *level;
    } steps[] = {{0.39, 0.49, "OK"},    {0.4, 0.4, "Watch"},   {0.1, 0.5, "Watch"},
                 {0.5, 0.5, "Warning"}, {0.1, 0.9, "Warning"}, {0.89, 1, "Warning"},
                 {0.9, 0.9, "Critical"}};
    struct fixture *f = make_node(state, 1);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        char title[64];
        rows[0].utilization[PORT_SCOPE_DESTINATION] = steps[i].share;
        rows[0].peak_utilization[PORT_SCOPE_DESTINATION] = steps[i].peak;
        render(f);
        snprintf(title, sizeof title, "<title>%s: ", steps[i].level);
        if (!strstr(f->html.data, title))
            fail_msg("%g, %g is not %s", steps[i].share, steps[i].peak, steps[i].level);
    }
    rows[0].has_walk = false;
    render(f);
    assert_says(f, "OK Nothing is close to a limit");
}

static void test_the_worst_namespace_is_named_and_the_others_are_counted(void **state)
{
    struct fixture *f = make_node(state, 5);
    rows[0].utilization[PORT_SCOPE_DESTINATION] = 0.93;
    rows[1].utilization[PORT_SCOPE_DESTINATION] = 0.55;
    rows[2].utilization[PORT_SCOPE_DESTINATION] = 0.95;
    rows[3].utilization[PORT_SCOPE_DESTINATION] = 0.94;
    render(f);
    assert_says(f, "Network namespace shop/web-2: 95\u202f% of the TCP ports towards one "
                   "destination are in use; 2 other namespaces are no better");
    rows[3].utilization[PORT_SCOPE_DESTINATION] = 0.1;
    render(f);
    assert_says(f, "in use; 1 other namespace is no better");
    rows[0].utilization[PORT_SCOPE_DESTINATION] = 0.1;
    render(f);
    assert_silent(f, "no better");
}

static void test_a_full_queue_names_the_namespace_and_the_listener(void **state)
{
    struct fixture *f = make_node(state, 2);
    rows[1].has_queue = true;
    rows[1].queue = (struct walk_queue){.port = 8080, .length = 129, .limit = 128};
    render(f);
    assert_says(f, "Critical Network namespace shop/web-1: the accept queue of 0.0.0.0:8080 holds "
                   "129 of 128 connections When it is full");
    assert_says(f, "nsenter -t 4001 -n ss -ltn ");
    rows[1].pid = 0; /* only a name in /run/netns leads there */
    render(f);
    assert_says(f, " ip netns exec 'shop/web-1' ss -ltn ");
    rows[1].queue.length = 40;
    render(f);
    assert_says(f, "OK Nothing is close");
    rows[1].queue.length = 129;
    rows[1].has_queue = false;
    render(f);
    assert_says(f, "OK Nothing is close");
}

static void test_a_high_bound_is_worth_a_look_where_there_are_no_walks(void **state)
{
    struct fixture *f = make_node(state, 2);
    rows[1].has_walk = rows[1].has_usable = false;
    rows[1].tcp_bound = 25408; /* less than 0.9 of 28232 */
    render(f);
    assert_says(f, "OK Nothing is close");
    rows[1].tcp_bound = 25409;
    render(f);
    assert_says(f, "Watch Network namespace shop/web-1: up to 25,409 TCP ports towards one "
                   "destination may be in use The real number may be far lower");
    rows[1].has_bound = false;
    render(f);
    assert_says(f, "OK Nothing is close");
    rows[1].has_bound = rows[1].has_usable = true;
    render(f);
    assert_says(f, "OK Nothing is close");
}

static void test_hidden_processes_are_a_finding(void **state)
{
    struct fixture *f = make_node(state, 1);
    f->snapshot.namespaces.processes_hidden = true;
    render(f);
    assert_says(f, "Unknown /proc hides the processes of other network namespaces What pods");
    assert_says(f, "Hidden network namespaces In the systemd unit set ProtectProc=default");
}

static void test_the_card_has_the_fullest_first(void **state)
{
    struct fixture *f = make_node(state, 3);
    rows[2].has_queue = true;
    rows[2].queue = (struct walk_queue){.port = 80, .length = 3, .limit = 128};
    rows[0].tcp_bound = 1300;
    rows[0].utilization[PORT_SCOPE_DESTINATION] = rows[1].utilization[PORT_SCOPE_DESTINATION];
    rows[0].peak_utilization[PORT_SCOPE_DESTINATION] = 0;
    render(f);
    assert_says(f, "Fullest network namespaces Network namespace Ports to fullest Peak Ports at "
                   "most Time wait Other sockets Waiting Limit "
                   "shop/web-2 2\u202f% 2\u202f% 302 202 102 3 128 "
                   "shop/web-0 1\u202f% 0\u202f% 1,300 200 100 "
                   "shop/web-1 1\u202f% 1\u202f% 301 201 101 3 network namespaces.");
    rows[0].tcp_bound = rows[1].tcp_bound = 301; /* then TIME_WAIT decides */
    render(f);
    assert_says(f, "302 202 102 3 128 shop/web-1");
    rows[0].minisockets = rows[1].minisockets;
    render(f);
    assert_says(f, "302 202 102 3 128 shop/web-0");
    rows[0].utilization[PORT_SCOPE_DESTINATION] = 0.45; /* a level comes before all */
    rows[1].peak_utilization[PORT_SCOPE_DESTINATION] = 0.9;
    render(f);
    assert_says(f, "Limit shop/web-1 1\u202f% 90\u202f% 301 201 101 shop/web-0 45\u202f%");
    assert_int_equal(count_of(f->html.data, "<tr class=\"Warning\">"), 1);
}

static void test_unknown_numbers_are_question_marks(void **state)
{
    struct fixture *f = make_node(state, 1);
    rows[0].has_walk = rows[0].has_bound = false;
    render(f);
    assert_says(f, "shop/web-0 ? ? ? 200 100 1 network namespace.");
    rows[0].has_sockets = false;
    f->snapshot.namespaces.walking = false;
    render(f);
    assert_says(f, "shop/web-0 ? ? ? ? ? 1 network namespace. Ports in use: not known without "
                   "--collector.netns.walk.");
}

static void test_long_lists_are_truncated(void **state)
{
    struct fixture *f = make_node(state, ROWS);
    f->snapshot.namespaces.other_count = 5;
    f->snapshot.namespaces.excluded_count = 1;
    render(f);
    assert_says(f, "Limit shop/web-11 11\u202f% ");
    assert_says(f, " shop/web-4 4\u202f% 4\u202f% 304 204 104 The top 8 of 17 network namespaces; "
                   "12 of them at /numbers . Excluded: 1.");
    f->snapshot.namespaces.count = 0;
    f->snapshot.namespaces.other_count = 0;
    render(f);
    assert_says(f, "Fullest network namespaces 0 network namespaces. Excluded: 1.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        whole(test_calm_namespaces_are_covered_by_the_all_clear),
        whole(test_full_ports_name_the_namespace_and_the_destination),
        whole(test_the_levels_of_ports_are_those_of_the_host),
        whole(test_the_worst_namespace_is_named_and_the_others_are_counted),
        whole(test_a_full_queue_names_the_namespace_and_the_listener),
        whole(test_a_high_bound_is_worth_a_look_where_there_are_no_walks),
        whole(test_hidden_processes_are_a_finding),
        whole(test_the_card_has_the_fullest_first),
        whole(test_unknown_numbers_are_question_marks),
        whole(test_long_lists_are_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
