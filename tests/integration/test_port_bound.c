// SPDX-License-Identifier: Apache-2.0
/*
 * The bound of the port utilization against the kernel: it is never below the ports that are really
 * in use, and it brings the exact number soon after a burst. In a namespace of its own, with the
 * test's own clock.
 */
#include "netns.h"
#include "seeded.h"
#include "skip.h"
#include "sockdiag/sampler.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND NANOSECONDS_PER_SECOND

/* Destination i is 127.0.0.(1 + i) at port SERVER; nobody listens at port SERVER + 1. */
enum { TIME_WAIT_AT_LEAST = 55, TIME_WAIT_AT_MOST = 65 }; /* seconds, with a slow machine */
enum { RANGE = 10000, SERVER = 5000, DESTINATIONS = 3, MOST = 6000 };

static struct connection {
    int client, server;
    unsigned destination;
} connections[MOST];
static unsigned connection_count;

static int listeners[DESTINATIONS];
static unsigned connected[DESTINATIONS]; /* connections that are open */

/* Connections whose client closed first, the last of them at the end: a TIME_WAIT holds the port
 * for a minute. */
static struct closing {
    time_t at;
    unsigned destination;
} closings[MOST];
static unsigned closing_count;

static time_t read_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* The ports in use towards the fullest destination, with the TIME_WAITs of the last `seconds`. */
static unsigned find_fullest(time_t seconds)
{
    unsigned ports[DESTINATIONS], fullest = 0;
    memcpy(ports, connected, sizeof ports);
    for (unsigned i = 0; i < closing_count; i++)
        ports[closings[i].destination] += read_seconds() - closings[i].at <= seconds;
    for (unsigned i = 0; i < DESTINATIONS; i++)
        fullest = ports[i] > fullest ? ports[i] : fullest;
    return fullest;
}

static struct sockaddr_in address(unsigned destination, uint16_t port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + destination)};
}

/* The descriptor of a connected socket, or -errno. */
static int connect_to(unsigned destination, uint16_t port)
{
    struct sockaddr_in to = address(destination, port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    int error = errno;
    close(fd);
    return -error;
}

static void open_connection(unsigned destination)
{
    int client = connect_to(destination, SERVER);
    int server = accept4(listeners[destination], NULL, NULL, SOCK_CLOEXEC);
    assert_true(client >= 0 && server >= 0 && connection_count < MOST);
    connections[connection_count++] = (struct connection){client, server, destination};
    connected[destination]++;
}

/* The ends of a connection. */
enum ending { RESET, CLIENT_CLOSES_FIRST, SERVER_CLOSES_FIRST, ENDINGS };

/* Only the client that closes first keeps its port. */
static void close_connection(unsigned number, enum ending ending)
{
    struct connection *connection = &connections[number];
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (ending == RESET)
        setsockopt(connection->client, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(ending == SERVER_CLOSES_FIRST ? connection->server : connection->client);
    close(ending == SERVER_CLOSES_FIRST ? connection->client : connection->server);
    connected[connection->destination]--;
    if (ending == CLIENT_CLOSES_FIRST)
        closings[closing_count++] = (struct closing){read_seconds(), connection->destination};
    *connection = connections[--connection_count];
}

/* A sampler of this namespace whose time and costs are the test's: each dump takes `cost`. */
struct fixture {
    int64_t now, cpu, cost;
    struct clock clock;
    struct kernel_access kernel;
    struct sampler *sampler;
    struct snapshot last;
};

static int64_t read_now(void *context)
{
    return ((struct fixture *)context)->now;
}

static int64_t read_cpu(void *context)
{
    return ((struct fixture *)context)->cpu;
}

static int open_netlink(void *context)
{
    struct fixture *fixture = context;
    fixture->cpu += fixture->cost;
    return sock_diag_open_netlink(NULL);
}

static void keep(void *context, const struct snapshot *snapshot)
{
    ((struct fixture *)context)->last = *snapshot;
}

static const struct sampler_options options = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 0.02,
    .peak_window = 60 * SECOND,
    .destinations_top = 10,
    .collect_ports = true,
    .collect_destinations = true,
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){.now = 1000 * SECOND};
    fixture.clock = (struct clock){read_now, read_now, read_cpu, &fixture};
    fixture.kernel = (struct kernel_access){
        .open_sock_diag = open_netlink, .opener_context = &fixture, .proc_root = "/proc"};
    fixture.sampler = sampler_create(&options, &fixture.kernel, &fixture.clock, keep, &fixture);
    *state = &fixture;
    for (unsigned i = 0; i < DESTINATIONS; i++) {
        struct sockaddr_in at = address(i, SERVER);
        listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(listeners[i], SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
        assert_int_equal(bind(listeners[i], (struct sockaddr *)&at, sizeof at), 0);
        assert_int_equal(listen(listeners[i], 128), 0);
    }
    return fixture.sampler ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sampler_destroy(fixture->sampler);
    while (connection_count > 0)
        close_connection(connection_count - 1, RESET);
    for (unsigned i = 0; i < DESTINATIONS; i++)
        close(listeners[i]);
    return 0;
}

static void take(struct fixture *fixture, enum sample_kind kind)
{
    struct fault fault;
    assert_true(sampler_take(fixture->sampler, kind, &fault));
    sampler_publish(fixture->sampler);
}

/* Open some connections, close some, or fail to open some. */
static void act(struct seeded *random)
{
    unsigned destination = (unsigned)seeded_between(random, 0, DESTINATIONS - 1);
    unsigned times = (unsigned)seeded_between(random, 1, 20);
    int64_t action = seeded_between(random, 0, 2);
    for (unsigned i = 0; i < times; i++) {
        if (action == 0 && connection_count < MOST)
            open_connection(destination);
        else if (action == 1 && connection_count > 0)
            close_connection((unsigned)seeded_between(random, 0, connection_count - 1),
                             (enum ending)seeded_between(random, 0, ENDINGS - 1));
        else if (action == 2)
            assert_int_equal(connect_to(destination, SERVER + 1), -ECONNREFUSED);
    }
}

static void test_the_bound_is_never_below_the_ports_in_use(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    take(fixture, SAMPLE_PORTS);
    for (int turn = 0; turn < 200; turn++) {
        act(&random);
        take(fixture, seeded_between(&random, 0, 9) == 0 ? SAMPLE_PORTS : SAMPLE_COUNT);
        take(fixture, SAMPLE_COUNT);
        assert_true(fixture->last.has_bound);
        double bound = fixture->last.bound_utilization * (double)RANGE;
        unsigned in_use = find_fullest(TIME_WAIT_AT_LEAST);
        if (bound < in_use - 0.5)
            fail_msg("turn %d: %u ports are in use, the bound is %g", turn, in_use, bound);
    }
    /* And without connections since the last sample it is exact, as is the count of this test. */
    take(fixture, SAMPLE_PORTS);
    take(fixture, SAMPLE_COUNT);
    assert_in_range(fixture->last.ports[SOCKET_TCP].summary.fullest,
                    find_fullest(TIME_WAIT_AT_LEAST), find_fullest(TIME_WAIT_AT_MOST));
    assert_true(fixture->last.bound_utilization ==
                fixture->last.ports[SOCKET_TCP].summary.utilization[PORT_SCOPE_DESTINATION]);
}

static void step_for(struct fixture *fixture, int64_t duration)
{
    for (int64_t end = fixture->now + duration; fixture->now < end;)
        fixture->now = sampler_step(fixture->sampler);
}

static void test_a_burst_is_exact_within_ten_seconds(void **state)
{
    struct fixture *fixture = *state;
    fixture->cost = SECOND / 5; /* as at half a million sockets */
    step_for(fixture, 600 * SECOND);
    assert_true(fixture->last.samples[SAMPLE_PORTS].interval_seconds > 60);
    step_for(fixture, 10 * SECOND);
    for (int i = 0; i < 5000; i++)
        open_connection(1);
    step_for(fixture, 10 * SECOND);
    const struct port_summary *tcp = &fixture->last.ports[SOCKET_TCP].summary;
    assert_int_equal(tcp->fullest, 5000);
    assert_true(tcp->utilization[PORT_SCOPE_DESTINATION] == 0.5);
}

static void test_a_quiet_host_is_not_sampled_early(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 1900; i++)
        open_connection(2);
    fixture->cost = SECOND / 5;
    step_for(fixture, 600 * SECOND);
    uint64_t before = fixture->last.samples[SAMPLE_PORTS].successes;
    double ports = fixture->last.samples[SAMPLE_PORTS].interval_seconds;
    double detail = fixture->last.samples[SAMPLE_DETAIL].interval_seconds;
    for (int i = 0; i < 99; i++) /* up to 0.1999 of the ports, below the first threshold */
        open_connection(2);
    step_for(fixture, 600 * SECOND);
    uint64_t samples = fixture->last.samples[SAMPLE_PORTS].successes - before;
    assert_true((double)samples <= 600 / ports + 600 / detail + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_burst_is_exact_within_ten_seconds, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_quiet_host_is_not_sampled_early, set_up, tear_down),
        /* Last, because its TIME_WAITs stay for a minute. */
        cmocka_unit_test_setup_teardown(test_the_bound_is_never_below_the_ports_in_use, set_up,
                                        tear_down),
    };
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    struct rlimit descriptors;
    getrlimit(RLIMIT_NOFILE, &descriptors);
    descriptors.rlim_cur = descriptors.rlim_max;
    setrlimit(RLIMIT_NOFILE, &descriptors);
    assert_int_equal(netns_sysctl_write("ipv4/ip_local_port_range", "30000 39999"), 0);
    assert_int_equal(netns_sysctl_write("ipv4/tcp_tw_reuse", "0"), 0);
    return cmocka_run_group_tests_name("port bound", tests, NULL, NULL);
}
