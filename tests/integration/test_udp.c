// SPDX-License-Identifier: Apache-2.0
/*
 * UDP sockets that drop and that do not read, against the kernel: what was sent and what was
 * received; and ports that sockets share.
 */
#include "await.h"
#include "capture.h"
#include "netns.h"
#include "seeded.h"
#include "skip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/sock_diag.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { FIRST_PORT = 5000, RECEIVERS = 3, PAYLOAD = 200, MOST_SOCKETS = 64 };

/* One address and port, with the socket that is open there now. */
struct receiver {
    int fd;
    struct sockaddr_in6 address;
    uint64_t sent, received; /* since the address is in use */
    uint64_t dropped_before; /* by sockets that are closed */
};

struct fixture {
    struct sampler *sampler;
    struct capture last; /* of the last sample */
    int sender;
    struct receiver receivers[RECEIVERS];
    int sockets[MOST_SOCKETS];
    unsigned socket_count;
};

static const struct sampler_options options = {
    .interval = NANOSECONDS_PER_SECOND,
    .detail_interval = NANOSECONDS_PER_SECOND,
    .cpu_share = 1,
    .peak_window = 60 * NANOSECONDS_PER_SECOND,
    .collect_udp = true,
    .udp_top = RECEIVERS + 1,
};

static const struct kernel_access real_kernel = {.open_sock_diag = sock_diag_open_netlink,
                                                 .proc_root = "/proc"};

static void keep(void *context, const struct snapshot *snapshot)
{
    struct capture *capture = context;
    capture->snapshot = *snapshot;
    memcpy(capture->udp_rows, snapshot->udp_rows,
           snapshot->udp_row_count * sizeof *snapshot->udp_rows);
}

static void take_sample(struct fixture *fixture)
{
    struct fault fault;
    assert_true(sampler_take(fixture->sampler, SAMPLE_DETAIL, &fault));
    sampler_publish(fixture->sampler);
    assert_true(fixture->last.snapshot.has_udp);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->sampler = sampler_create(&options, &real_kernel, &system_clock, keep, &fixture->last);
    fixture->sender = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < RECEIVERS; i++)
        fixture->receivers[i].fd = -1;
    if (!fixture->sampler || fixture->sender < 0)
        return -1;
    take_sample(fixture); /* drops count from here on */
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    sampler_destroy(fixture->sampler);
    close(fixture->sender);
    for (int i = 0; i < RECEIVERS; i++) {
        if (fixture->receivers[i].fd >= 0)
            close(fixture->receivers[i].fd);
    }
    while (fixture->socket_count > 0)
        close(fixture->sockets[--fixture->socket_count]);
    free(fixture);
    return 0;
}

/* The first receiver has an IPv4 address, the others ::1. */
static void open_receiver(struct fixture *fixture, int i)
{
    struct receiver *receiver = &fixture->receivers[i];
    int size = 4096;
    receiver->fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(receiver->fd >= 0);
    receiver->address = (struct sockaddr_in6){.sin6_family = AF_INET6,
                                              .sin6_port = htons((uint16_t)(FIRST_PORT + i))};
    assert_int_equal(
        inet_pton(AF_INET6, i == 0 ? "::ffff:127.0.0.1" : "::1", &receiver->address.sin6_addr), 1);
    assert_int_equal(setsockopt(receiver->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size), 0);
    assert_int_equal(
        bind(receiver->fd, (struct sockaddr *)&receiver->address, sizeof receiver->address), 0);
}

static uint32_t read_meminfo(int fd, int which)
{
    uint32_t meminfo[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof meminfo;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_MEMINFO, meminfo, &size), 0);
    return meminfo[which];
}

static void close_receiver(struct receiver *receiver)
{
    receiver->dropped_before += read_meminfo(receiver->fd, SK_MEMINFO_DROPS);
    close(receiver->fd);
    receiver->fd = -1;
}

static void send_datagrams(struct fixture *fixture, int i, int64_t count)
{
    struct receiver *receiver = &fixture->receivers[i];
    char payload[PAYLOAD] = {0};
    for (; count > 0; count--, receiver->sent++)
        assert_int_equal(sendto(fixture->sender, payload, sizeof payload, 0,
                                (struct sockaddr *)&receiver->address, sizeof receiver->address),
                         sizeof payload);
}

/* Receive what is there. Has every datagram been received or dropped? */
static int receive_all(void *context)
{
    struct receiver *receiver = context;
    char payload[PAYLOAD];
    while (recv(receiver->fd, payload, sizeof payload, 0) == sizeof payload)
        receiver->received++;
    return errno == EAGAIN && receiver->received + receiver->dropped_before +
                                      read_meminfo(receiver->fd, SK_MEMINFO_DROPS) ==
                                  receiver->sent;
}

/* Rows are named from their second sample on. */
static void take_two_samples(struct fixture *fixture)
{
    take_sample(fixture);
    take_sample(fixture);
}

static const struct udp_socket_row *find_row(const struct fixture *fixture, int i)
{
    for (size_t row = 0; row < fixture->last.snapshot.udp_row_count; row++) {
        if (fixture->last.udp_rows[row].port == FIRST_PORT + i)
            return &fixture->last.udp_rows[row];
    }
    return NULL;
}

static void assert_drops(const struct fixture *fixture, int i)
{
    const struct receiver *receiver = &fixture->receivers[i];
    const struct udp_socket_row *row = find_row(fixture, i);
    assert_non_null(row);
    assert_int_equal(row->family, i == 0 ? IP_FAMILY_IPV4 : IP_FAMILY_IPV6);
    assert_int_equal(row->drops, receiver->sent - receiver->received);
}

static void test_drops_are_what_was_sent_and_not_received(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 2; i++) {
        open_receiver(fixture, i);
        send_datagrams(fixture, i, 100 + 50 * i);
        assert_int_equal(await_until(receive_all, &fixture->receivers[i]), 0);
        assert_true(fixture->receivers[i].received < fixture->receivers[i].sent);
    }
    take_two_samples(fixture);
    assert_int_equal(fixture->last.snapshot.udp_row_count, 2);
    uint64_t before = fixture->receivers[0].sent - fixture->receivers[0].received +
                      fixture->receivers[1].sent - fixture->receivers[1].received;
    assert_int_equal(fixture->last.snapshot.udp.other_drops, before); /* when they had no name */
    assert_drops(fixture, 0);
    assert_drops(fixture, 1);

    close_receiver(&fixture->receivers[0]);
    take_sample(fixture);
    assert_null(find_row(fixture, 0));
    open_receiver(fixture, 0);
    take_sample(fixture);
    assert_drops(fixture, 0); /* those of its predecessor */
    send_datagrams(fixture, 0, 70);
    assert_int_equal(await_until(receive_all, &fixture->receivers[0]), 0);
    take_sample(fixture);
    assert_drops(fixture, 0);
    assert_drops(fixture, 1);
    assert_int_equal(fixture->last.snapshot.udp.other_drops, before);
}

/* Random bursts, reads, closes and samples: the counters agree after each. */
static void test_drops_are_exact_whatever_happens(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int i = 0; i < RECEIVERS; i++) {
        open_receiver(fixture, i);
        send_datagrams(fixture, i, 100);
        assert_int_equal(await_until(receive_all, &fixture->receivers[i]), 0);
    }
    take_two_samples(fixture);
    for (int turn = 0; turn < 80; turn++) {
        int i = (int)seeded_between(&random, 0, RECEIVERS - 1);
        struct receiver *receiver = &fixture->receivers[i];
        send_datagrams(fixture, i, seeded_between(&random, 0, 60));
        assert_int_equal(await_until(receive_all, receiver), 0);
        take_sample(fixture);
        assert_drops(fixture, i);
        if (seeded_between(&random, 0, 3) == 0) {
            close_receiver(receiver);
            if (seeded_between(&random, 0, 1))
                take_sample(fixture);
            open_receiver(fixture, i);
        }
    }
    take_sample(fixture);
    for (int i = 0; i < RECEIVERS; i++)
        assert_drops(fixture, i);
}

static void test_the_receive_queue_is_that_of_the_kernel(void **state)
{
    struct fixture *fixture = *state;
    open_receiver(fixture, 1);
    open_receiver(fixture, 2);
    send_datagrams(fixture, 1, 2);
    assert_true(read_meminfo(fixture->receivers[1].fd, SK_MEMINFO_RMEM_ALLOC) > PAYLOAD);
    take_two_samples(fixture);
    assert_int_equal(fixture->last.snapshot.udp_row_count, 1);
    assert_int_equal(fixture->last.udp_rows[0].port, FIRST_PORT + 1);
    assert_int_equal(fixture->last.udp_rows[0].receive_queue,
                     read_meminfo(fixture->receivers[1].fd, SK_MEMINFO_RMEM_ALLOC));
    assert_int_equal(fixture->last.udp_rows[0].drops, 0);
    assert_string_equal(fixture->last.udp_rows[0].interface_name, "");
    assert_int_equal(fixture->last.snapshot.udp.sockets, 2 + 1); /* and the sender */
}

static void test_an_interface_has_its_name(void **state)
{
    struct fixture *fixture = *state;
    open_receiver(fixture, 1);
    assert_int_equal(setsockopt(fixture->receivers[1].fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
    send_datagrams(fixture, 1, 2);
    take_two_samples(fixture);
    assert_non_null(find_row(fixture, 1));
    assert_int_equal(find_row(fixture, 1)->interface, if_nametoindex("lo"));
    assert_string_equal(find_row(fixture, 1)->interface_name, "lo");
}

/* A client on `from`, connected to 127.0.0.1:53. */
static void connect_from(struct fixture *fixture, const char *from, uint16_t port)
{
    struct sockaddr_in local = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in remote = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int share = 1, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && fixture->socket_count < MOST_SOCKETS);
    fixture->sockets[fixture->socket_count++] = fd;
    assert_int_equal(inet_pton(AF_INET, from, &local.sin_addr), 1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof local), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&remote, sizeof remote), 0);
}

static void assert_ports(unsigned used, unsigned fullest, unsigned destinations)
{
    struct capture capture;
    capture_take(&capture);
    const struct port_snapshot *udp = &capture.snapshot.ports[SOCKET_UDP];
    assert_int_equal(udp->summary.used, used);
    assert_int_equal(udp->summary.fullest, fullest);
    assert_int_equal(udp->summary.destinations, destinations);
    assert_int_equal(capture.destinations[SOCKET_UDP][0].ports, fullest);
    assert_true(udp->summary.utilization[PORT_SCOPE_DESTINATION] <=
                udp->summary.utilization[PORT_SCOPE_HOST]);
    assert_true(udp->summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] <=
                udp->summary.utilization[PORT_SCOPE_HOST]);
}

static void test_sockets_that_share_a_port_are_one_port(void **state)
{
    struct fixture *fixture = *state;
    static const char *const addresses[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
    for (int i = 0; i < 4; i++)
        connect_from(fixture, "127.0.0.1", 40001);
    assert_ports(1, 1, 1);
    for (int i = 0; i < 3; i++)
        connect_from(fixture, addresses[i], 40001);
    assert_ports(1, 1, 4);
    connect_from(fixture, "127.0.0.1", 40002);
    connect_from(fixture, "127.0.0.1", 40002);
    assert_ports(2, 2, 4);
}

#define UDP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UDP_TEST(test_drops_are_what_was_sent_and_not_received),
        UDP_TEST(test_drops_are_exact_whatever_happens),
        UDP_TEST(test_the_receive_queue_is_that_of_the_kernel),
        UDP_TEST(test_an_interface_has_its_name),
        UDP_TEST(test_sockets_that_share_a_port_are_one_port),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
