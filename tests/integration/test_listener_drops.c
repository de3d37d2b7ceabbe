// SPDX-License-Identifier: Apache-2.0
/*
 * The drops of each listener against the kernel: what it counts for the namespace (ListenDrops),
 * and how often clients had to send their SYN.
 */
#include "await.h"
#include "puppet.h"
#include "raw_segment.h"
#include "skip.h"
#include "sockdiag/sampler.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT = 5000, OTHER_PORT = 5001, MOST_CLIENTS = 200, MOST_ROWS = 8 };

struct client {
    int fd;
    uint16_t port;
};

struct fixture {
    struct sampler *sampler;
    struct listener_row rows[MOST_ROWS];
    size_t row_count;
    struct client clients[MOST_CLIENTS];
    unsigned client_count;
    uint64_t drops_before; /* of the namespace, at the start of the test */
};

static const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                            .proc_root = "/proc"};

static uint64_t read_listen_drops(void)
{
    struct tcp_counters counters;
    struct fault fault;
    assert_true(procfs_read_tcp_counters("/proc", &counters, &fault));
    return counters.listen_drops;
}

static void keep(void *context, const struct snapshot *snapshot)
{
    struct fixture *fixture = context;
    assert_in_range(snapshot->queue_count, 0, MOST_ROWS);
    fixture->row_count = snapshot->queue_count;
    if (snapshot->queue_count > 0)
        memcpy(fixture->rows, snapshot->queues, snapshot->queue_count * sizeof fixture->rows[0]);
}

static void take(struct fixture *fixture)
{
    struct fault fault;
    assert_true(sampler_take(fixture->sampler, SAMPLE_COUNT, &fault));
    sampler_publish(fixture->sampler);
}

static void start_sampler(struct fixture *fixture)
{
    const struct sampler_options options = {.interval = NANOSECONDS_PER_SECOND,
                                            .detail_interval = NANOSECONDS_PER_SECOND,
                                            .cpu_share = 1,
                                            .peak_window = 60 * NANOSECONDS_PER_SECOND,
                                            .listeners_top = MOST_ROWS / LISTENER_RANKINGS,
                                            .collect_listeners = true};
    fixture->sampler = sampler_create(&options, &kernel, &system_clock, keep, fixture);
    assert_non_null(fixture->sampler);
    take(fixture);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->drops_before = read_listen_drops();
    return 0;
}

/* Close the clients, those that are connected with a reset: none sends a SYN any more. */
static void close_clients(struct fixture *fixture)
{
    const struct linger reset = {.l_onoff = 1};
    while (fixture->client_count > 0) {
        int fd = fixture->clients[--fixture->client_count].fd;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(fd);
    }
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    close_clients(fixture);
    sampler_destroy(fixture->sampler);
    free(fixture);
    return 0;
}

static struct sockaddr_in place_of(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* A listener that nobody accepts from: it has room for `backlog` + 1 connections. */
static int listen_at(uint16_t port, int backlog)
{
    int share = 1;
    struct sockaddr_in place = place_of(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&place, sizeof place), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* Send the SYN of `count` more clients, which arrives at once. */
static void call(struct fixture *fixture, uint16_t port, unsigned count)
{
    struct sockaddr_in place = place_of(port);
    while (count-- > 0) {
        assert_true(fixture->client_count < MOST_CLIENTS);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(fd >= 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&place, sizeof place), -1);
        assert_int_equal(errno, EINPROGRESS);
        fixture->clients[fixture->client_count++] = (struct client){fd, port};
    }
}

/* How many of the SYNs to `port` were dropped: all of a client, but the last if it is connected. */
static uint64_t count_dropped_syns(const struct fixture *fixture, uint16_t port)
{
    uint64_t dropped = 0;
    for (unsigned i = 0; i < fixture->client_count; i++) {
        struct tcp_info info = {0};
        socklen_t size = sizeof info;
        assert_int_equal(getsockopt(fixture->clients[i].fd, IPPROTO_TCP, TCP_INFO, &info, &size),
                         0);
        if (fixture->clients[i].port == port)
            dropped += info.tcpi_total_retrans + (info.tcpi_state == TCP_SYN_SENT);
    }
    return dropped;
}

/* What the last sample says of `port`, -1 when it does not name it. */
static int64_t drops_of(const struct fixture *fixture, uint16_t port)
{
    for (size_t i = 0; i < fixture->row_count; i++) {
        if (fixture->rows[i].port == port)
            return (int64_t)fixture->rows[i].drops;
    }
    return -1;
}

/* Take a sample during which no SYN was dropped. Returns the drops of the namespace since the start
 * of the test. */
static uint64_t take_between_drops(struct fixture *fixture)
{
    uint64_t before;
    do {
        before = read_listen_drops();
        take(fixture);
    } while (before != read_listen_drops());
    return before - fixture->drops_before;
}

static int has_more_drops(void *drops)
{
    return read_listen_drops() > *(const uint64_t *)drops;
}

static void test_each_of_two_listeners_has_its_drops(void **state)
{
    struct fixture *fixture = *state;
    int narrow = listen_at(PORT, 1), wide = listen_at(OTHER_PORT, 3);
    start_sampler(fixture);
    call(fixture, PORT, 10);
    call(fixture, OTHER_PORT, 7);
    uint64_t all = take_between_drops(fixture);
    assert_true(all >= 8 + 3);
    for (int round = 0; round < 2; round++) { /* then with a SYN that was sent again */
        assert_int_equal(drops_of(fixture, PORT) + drops_of(fixture, OTHER_PORT), all);
        if (all == read_listen_drops() - fixture->drops_before) {
            assert_int_equal(drops_of(fixture, PORT), count_dropped_syns(fixture, PORT));
            assert_int_equal(drops_of(fixture, OTHER_PORT),
                             count_dropped_syns(fixture, OTHER_PORT));
        }
        uint64_t so_far = fixture->drops_before + all;
        assert_int_equal(await_until(has_more_drops, &so_far), 0);
        all = take_between_drops(fixture);
    }
    close(narrow);
    close(wide);
}

static void test_sockets_that_share_a_port_lose_nothing(void **state)
{
    struct fixture *fixture = *state;
    enum { WORKERS = 4 };
    int workers[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        workers[i] = listen_at(PORT, 1);
    start_sampler(fixture);
    call(fixture, PORT, 60);
    uint64_t first = take_between_drops(fixture);
    assert_true(first >= 60 - WORKERS * 2);
    assert_int_equal(drops_of(fixture, PORT), first);
    assert_int_equal(fixture->rows[0].queues, WORKERS);

    close_clients(fixture);
    first = take_between_drops(fixture);
    for (int leaving = 0; leaving < WORKERS - 1; leaving++) {
        close(workers[leaving]);
        take(fixture);
        assert_int_equal(drops_of(fixture, PORT), first);
        assert_int_equal(fixture->rows[0].queues, WORKERS - 1 - leaving);
    }
    call(fixture, PORT, 20);
    uint64_t second = take_between_drops(fixture);
    assert_true(second > first);
    assert_int_equal(drops_of(fixture, PORT), second);
    close(workers[WORKERS - 1]);
}

static void test_a_restart_of_the_server_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    int other = listen_at(OTHER_PORT, 10), server = listen_at(PORT, 0);
    start_sampler(fixture);
    call(fixture, PORT, 6);
    take_between_drops(fixture);
    close_clients(fixture);
    uint64_t first = take_between_drops(fixture);
    assert_true(first >= 5);
    assert_int_equal(drops_of(fixture, PORT), first);
    close(server);
    take(fixture);
    assert_int_equal(drops_of(fixture, PORT), -1);

    server = listen_at(PORT, 0);
    call(fixture, PORT, 4); /* before the first sample of the new socket */
    uint64_t second = take_between_drops(fixture);
    assert_true(second >= first + 3);
    assert_int_equal(drops_of(fixture, PORT), second);
    assert_int_equal(drops_of(fixture, OTHER_PORT), 0);
    close(server);
    close(other);
}

static void test_a_restart_of_the_exporter_counts_nothing_twice(void **state)
{
    struct fixture *fixture = *state;
    int server = listen_at(PORT, 0);
    call(fixture, PORT, 6);
    start_sampler(fixture);
    close_clients(fixture);
    sampler_destroy(fixture->sampler);
    start_sampler(fixture);
    assert_int_equal(drops_of(fixture, PORT), 0);
    close(server);
}

/* A program that stops to listen for a while, such as HAProxy when it reloads. */
static void test_a_listener_that_pauses_counts_nothing_twice(void **state)
{
    struct fixture *fixture = *state;
    int server = listen_at(PORT, 0);
    start_sampler(fixture);
    call(fixture, PORT, 6);
    take_between_drops(fixture);
    close_clients(fixture);
    uint64_t drops = take_between_drops(fixture);
    assert_int_equal(shutdown(server, SHUT_RD), 0);
    take(fixture);
    assert_int_equal(drops_of(fixture, PORT), -1);
    assert_int_equal(listen(server, 0), 0);
    take(fixture);
    assert_int_equal(drops_of(fixture, PORT), drops);
    close(server);
}

/* The kernel counts here, and not in ListenDrops, what it discards of a half-open connection. */
static void test_resets_of_half_open_connections_are_drops_of_the_socket_alone(void **state)
{
    struct fixture *fixture = *state;
    int injector = raw_segment_open();
    assert_true(injector >= 0);
    struct puppet server = puppet_none(injector), client = puppet_none(injector);
    const struct endpoint any = endpoint_parse("::ffff:192.0.2.1", 0);
    const struct endpoint peer = endpoint_parse("::ffff:198.51.100.7", 4000);
    assert_int_equal(puppet_listen(&server, AF_INET, &any, 10), 0);
    start_sampler(fixture);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(puppet_peer_knocks(&client, &server.local, &peer), 0);
        puppet_vanish(&client);
        take(fixture);
        assert_int_equal(drops_of(fixture, server.local.port), i);
    }
    assert_int_equal(read_listen_drops(), fixture->drops_before);
    puppet_vanish(&server);
    close(injector);
}

/* With TCP_DEFER_ACCEPT the listener discards the bare ACK of each connection: one drop, which is
 * none of ListenDrops. An ACK that finds the accept queue full is discarded twice. */
static void test_a_dropped_ack_is_two_drops_of_the_socket(void **state)
{
    struct fixture *fixture = *state;
    int seconds = 30, server = listen_at(PORT, 2);
    assert_int_equal(setsockopt(server, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds),
                     0);
    start_sampler(fixture);
    for (unsigned client = 0; client < 4; client++) {
        if (client % 2 == 0)
            call(fixture, PORT, 2); /* as many half-open ones as the backlog allows */
        take(fixture);
        assert_int_equal(drops_of(fixture, PORT), fixture->client_count);
        assert_int_equal(read_listen_drops(), fixture->drops_before);
        assert_int_equal(send(fixture->clients[client].fd, "x", 1, 0), 1);
    }
    uint64_t dropped = take_between_drops(fixture);
    assert_true(dropped >= 1);
    assert_int_equal(drops_of(fixture, PORT), 4 + 2 * dropped);
    close(server);
}

#define DROPS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DROPS_TEST(test_each_of_two_listeners_has_its_drops),
        DROPS_TEST(test_sockets_that_share_a_port_lose_nothing),
        DROPS_TEST(test_a_restart_of_the_server_loses_nothing),
        DROPS_TEST(test_a_restart_of_the_exporter_counts_nothing_twice),
        DROPS_TEST(test_a_listener_that_pauses_counts_nothing_twice),
        DROPS_TEST(test_resets_of_half_open_connections_are_drops_of_the_socket_alone),
        DROPS_TEST(test_a_dropped_ack_is_two_drops_of_the_socket),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
