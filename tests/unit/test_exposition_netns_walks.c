// SPDX-License-Identifier: Apache-2.0
/*
 * What the page says of walks through other network namespaces.
 */
#include "exposition/exposition_parts.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

static struct namespace_row rows[2];
static struct namespaces_snapshot snapshot;

/* One namespace that was walked, one that was not. */
static int fill(void **state)
{
    (void)state;
    memset(rows, 0, sizeof rows);
    strcpy(rows[0].labels.name, "shop/web-1");
    strcpy(rows[1].labels.name, "shop/web-2");
    for (enum tcp_state i = 0; i < TCP_STATES; i++)
        rows[0].sockets[i] = 100 + i;
    rows[0].has_walk = true;
    rows[0].walked_at = 1234.5;
    rows[0].utilization[PORT_SCOPE_DESTINATION] = 0.5;
    rows[0].peak_utilization[PORT_SCOPE_HOST] = 0.75;
    rows[1].has_queue = true;
    rows[1].queue = (struct walk_queue){.port = 80, .length = 7, .limit = 10};
    strcpy(rows[1].queue.interface_name, "eth0");
    snapshot = (struct namespaces_snapshot){.collected = true,
                                            .walking = true,
                                            .rows = rows,
                                            .count = 2,
                                            .walks = {.walks = 11, .failures = 3},
                                            .destination_count = 1};
    snapshot.destinations[0] =
        (struct namespace_destination){.row = 1,
                                       .destination = {.local_address = {{htonl(0x0a000001)}},
                                                       .remote_address = {{htonl(0x0a000002)}},
                                                       .remote_port = 443,
                                                       .ports = 9}};
    return 0;
}

/* The page, until the next call. */
static const char *render(void)
{
    static struct buffer page;
    buffer_free(&page);
    page = (struct buffer){0};
    struct metric_writer writer = metric_writer_start(&page, METRIC_TEXT, 0);
    exposition_write_netns_walks(&writer, &snapshot);
    metric_writer_finish(&writer);
    buffer_append(&page, "", 1);
    assert_false(page.failed);
    return page.data;
}

static void assert_has(const char *page, const char *line)
{
    if (!strstr(page, line))
        fail_msg("%s is not in\n%s", line, page);
}

static void test_what_a_walk_found(void **state)
{
    (void)state;
    const char *page = render();
    assert_has(page, "\nsockdiag_netns_tcp_state_sockets{netns=\"shop/web-1\","
                     "state=\"established\"} 100\n");
    assert_has(page, "state=\"closing\"} 110\n");
    assert_null(strstr(page, "bound_inactive"));
    assert_has(page, "\nsockdiag_netns_ephemeral_port_utilization_ratio{netns=\"shop/web-1\","
                     "protocol=\"tcp\",scope=\"destination\"} 0.5\n");
    assert_has(page, "\nsockdiag_netns_ephemeral_port_utilization_ratio{netns=\"shop/web-1\","
                     "protocol=\"tcp\",scope=\"host\"} 0\n");
    assert_has(page, "\nsockdiag_netns_ephemeral_port_peak_utilization_ratio{netns=\"shop/web-1\","
                     "protocol=\"tcp\",scope=\"host\"} 0.75\n");
    assert_has(page, "\nsockdiag_netns_last_walk_timestamp_seconds{netns=\"shop/web-1\"} 1234.5\n");
    assert_has(page, "\nsockdiag_exporter_netns_walks_total 11\n");
    assert_has(page, "\nsockdiag_exporter_netns_walk_failures_total 3\n");
}

static void test_the_fullest_queue(void **state)
{
    (void)state;
    const char *page = render();
    assert_has(page, "\nsockdiag_netns_listener_accept_queue_length{netns=\"shop/web-2\","
                     "local_address=\"0.0.0.0\",local_port=\"80\",local_interface=\"eth0\"} 7\n");
    assert_has(page, "\nsockdiag_netns_listener_accept_queue_limit{netns=\"shop/web-2\","
                     "local_address=\"0.0.0.0\",local_port=\"80\",local_interface=\"eth0\"} 10\n");
    assert_null(strstr(page, "length{netns=\"shop/web-1\""));
}

static void test_the_fullest_destinations(void **state)
{
    (void)state;
    assert_has(render(), "\nsockdiag_netns_destination_ephemeral_ports_used{netns=\"shop/web-2\","
                         "protocol=\"tcp\",local_address=\"10.0.0.1\",remote_address=\"10.0.0.2\","
                         "remote_port=\"443\",local_interface=\"\"} 9\n");
}

/* Of a namespace that was not walked nothing is said that a walk would tell. */
static void test_what_was_not_walked(void **state)
{
    (void)state;
    assert_null(strstr(render(), "seconds{netns=\"shop/web-2\""));
    rows[0].has_walk = false;
    const char *page = render();
    assert_null(strstr(page, "shop/web-1"));
    snapshot.walking = false;
    assert_string_equal(render(), "");
}

#define with_rows(test) cmocka_unit_test_setup(test, fill)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_rows(test_what_a_walk_found),
        with_rows(test_the_fullest_queue),
        with_rows(test_the_fullest_destinations),
        with_rows(test_what_was_not_walked),
    };
    return cmocka_run_group_tests_name("exposition_netns_walks", tests, NULL, NULL);
}
