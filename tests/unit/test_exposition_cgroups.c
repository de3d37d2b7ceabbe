// SPDX-License-Identifier: Apache-2.0
/*
 * The families of cgroups: a snapshot made by hand, copied, rendered and read back.
 */
#include "sockdiag/exposition.h"

#include "exposition_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>

#define SSH "local_address=\"::\",local_port=\"22\",local_interface=\"\""
#define WEB "local_address=\"10.0.0.1\",local_port=\"80\",local_interface=\"eth0\""
#define DATABASE                                                                                   \
    "local_address=\"10.0.0.1\",local_interface=\"\",remote_address=\"10.0.0.2\",remote_port="     \
    "\"5432\""
#define RESOLVER                                                                                   \
    "local_address=\"10.0.0.1\",local_interface=\"\",remote_address=\"10.0.0.3\",remote_port="     \
    "\"53\""

/* As systemd escapes a name. The page has each backslash twice. */
#define PATH         "/system.slice/a\\x2db.service"
#define PATH_ON_PAGE "/system.slice/a\\\\x2db.service"

struct fixture {
    struct cgroup_row cgroups[2];
    struct listener_row queues[2];
    struct cgroup_path queue_cgroups[2];
    struct destination destinations[SOCKET_PROTOCOLS][2];
    struct cgroup_path destination_cgroups[SOCKET_PROTOCOLS][2];
    struct snapshot snapshot;
    struct self_report self;
    struct buffer page;
};

static struct destination make_destination(uint32_t address, uint16_t port)
{
    return (struct destination){.local_address = {{htonl(0x0a000001)}},
                                .remote_address = {{htonl(address)}},
                                .remote_port = port,
                                .ports = 4};
}

static int make_whole(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        f->cgroups[0].sockets[s] = 100 + s;
        f->cgroups[1].sockets[s] = 50 + s;
        f->snapshot.other_cgroups[s] = s;
    }
    strcpy(f->cgroups[0].path.text, PATH);
    strcpy(f->cgroups[1].path.text, "cgroup-4711");
    f->queues[0] = (struct listener_row){.family = IP_FAMILY_IPV6, .port = 22};
    f->queues[1] = (struct listener_row){
        .address = {{htonl(0x0a000001)}}, .port = 80, .interface_name = "eth0"};
    strcpy(f->queue_cgroups[0].text, PATH);
    f->destinations[SOCKET_TCP][0] = make_destination(0x0a000002, 5432);
    f->destinations[SOCKET_TCP][1] = make_destination(0x0a000003, 53);
    f->destinations[SOCKET_UDP][0] = make_destination(0x0a000003, 53);
    strcpy(f->destination_cgroups[SOCKET_TCP][0].text, "/a");
    strcpy(f->destination_cgroups[SOCKET_UDP][0].text, "/b");
    f->snapshot.has_counts = f->snapshot.has_cgroups = true;
    f->snapshot.cgroups = f->cgroups;
    f->snapshot.cgroup_count = 2;
    f->snapshot.queues = f->queues;
    f->snapshot.queue_count = 2;
    f->snapshot.queue_cgroups = f->queue_cgroups;
    for (enum socket_protocol i = 0; i < SOCKET_PROTOCOLS; i++) {
        struct port_snapshot *ports = &f->snapshot.ports[i];
        ports->present = ports->has_destinations = true;
        ports->destinations = f->destinations[i];
        ports->destination_count = i == SOCKET_TCP ? 2 : 1;
        ports->destination_cgroups = f->destination_cgroups[i];
    }
    return 0;
}

static int unmake(void **state)
{
    struct fixture *f = *state;
    buffer_free(&f->page);
    free(f);
    return 0;
}

static void render(struct fixture *f, const struct snapshot *snapshot)
{
    char why[256];
    buffer_clear(&f->page);
    f->self.version = f->self.revision = "";
    exposition_render(&f->page, METRIC_TEXT, snapshot, &f->self);
    if (!exposition_is_valid(f->page.data, f->page.length, why, sizeof why))
        fail_msg("%s", why);
}

static bool has(const struct fixture *f, const char *series, double expected)
{
    double value;
    return exposition_value(f->page.data, f->page.length, series, &value) && value == expected;
}

/* The series of the page that begin with `prefix`. */
static unsigned count_series(const struct fixture *f, const char *prefix)
{
    unsigned count = 0;
    const char *end = f->page.data + f->page.length;
    for (const char *line = f->page.data; line < end;) {
        count += strncmp(line, prefix, strlen(prefix)) == 0;
        line = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;
    }
    return count;
}

static void assert_states(const struct fixture *f, const char *cgroup, unsigned base)
{
    char series[256];
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        bool shown = s != TCP_STATE_TIME_WAIT && s != TCP_STATE_BOUND_INACTIVE;
        snprintf(series, sizeof series, "sockdiag_cgroup_tcp_sockets{cgroup=\"%s\",state=\"%s\"}",
                 cgroup, tcp_state_name(s));
        assert_int_equal(has(f, series, base + s), shown);
    }
}

static void assert_whole(const struct fixture *f)
{
    assert_states(f, PATH_ON_PAGE, 100);
    assert_states(f, "cgroup-4711", 50);
    assert_states(f, "other", 0);
    assert_int_equal(count_series(f, "sockdiag_cgroup_tcp_sockets{"), 3 * 9);
    assert_true(has(f, "sockdiag_listener_cgroup_info{" SSH ",cgroup=\"" PATH_ON_PAGE "\"}", 1));
    assert_int_equal(count_series(f, "sockdiag_listener_cgroup_info{"), 1);
    assert_true(
        has(f, "sockdiag_destination_cgroup_info{protocol=\"tcp\"," DATABASE ",cgroup=\"/a\"}", 1));
    assert_true(
        has(f, "sockdiag_destination_cgroup_info{protocol=\"udp\"," RESOLVER ",cgroup=\"/b\"}", 1));
    assert_int_equal(count_series(f, "sockdiag_destination_cgroup_info{"), 2);
}

static void test_each_family(void **state)
{
    struct fixture *f = *state;
    render(f, &f->snapshot);
    assert_whole(f);
}

/* For a join on all other labels. */
static void test_owners_have_the_labels_of_what_they_own(void **state)
{
    struct fixture *f = *state;
    render(f, &f->snapshot);
    assert_true(has(f, "sockdiag_listener_accept_queue_length{" SSH "}", 0));
    assert_true(has(f, "sockdiag_listener_accept_queue_length{" WEB "}", 0));
    assert_true(
        has(f, "sockdiag_destination_ephemeral_ports_used{protocol=\"tcp\"," DATABASE "}", 4));
    assert_true(
        has(f, "sockdiag_destination_ephemeral_ports_used{protocol=\"udp\"," RESOLVER "}", 4));
}

static void test_a_copy_has_all_of_it(void **state)
{
    struct fixture *f = *state;
    struct snapshot *copy = snapshot_copy(&f->snapshot);
    assert_non_null(copy);
    memset(f->cgroups, 'x', sizeof f->cgroups);
    memset(f->queues, 'x', sizeof f->queues);
    memset(f->queue_cgroups, 'x', sizeof f->queue_cgroups);
    memset(f->destinations, 'x', sizeof f->destinations);
    memset(f->destination_cgroups, 'x', sizeof f->destination_cgroups);
    render(f, copy);
    assert_whole(f);
    free(copy);
}

static void test_without_the_collector_there_is_nothing(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_cgroups = false;
    f->snapshot.cgroups = NULL;
    f->snapshot.cgroup_count = 0;
    f->snapshot.queue_cgroups = NULL;
    f->snapshot.ports[SOCKET_TCP].destination_cgroups = NULL;
    f->snapshot.ports[SOCKET_UDP].destination_cgroups = NULL;
    struct snapshot *copy = snapshot_copy(&f->snapshot);
    assert_non_null(copy);
    render(f, copy);
    assert_null(memmem(f->page.data, f->page.length, "cgroup", strlen("cgroup")));
    free(copy);
}

static void test_owners_vanish_with_what_they_own(void **state)
{
    struct fixture *f = *state;
    f->snapshot.has_counts = false;
    f->snapshot.ports[SOCKET_UDP].present = false;
    render(f, &f->snapshot);
    assert_int_equal(count_series(f, "sockdiag_listener_cgroup_info{"), 0);
    assert_int_equal(count_series(f, "sockdiag_destination_cgroup_info{protocol=\"tcp\""), 1);
    assert_int_equal(count_series(f, "sockdiag_destination_cgroup_info{"), 1);
}

#define PAGE_TEST(test) cmocka_unit_test_setup_teardown(test, make_whole, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAGE_TEST(test_each_family),
        PAGE_TEST(test_owners_have_the_labels_of_what_they_own),
        PAGE_TEST(test_a_copy_has_all_of_it),
        PAGE_TEST(test_without_the_collector_there_is_nothing),
        PAGE_TEST(test_owners_vanish_with_what_they_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
