// SPDX-License-Identifier: Apache-2.0
/*
 * The decoder with recorded and with invalid messages, and a dump over a socket whose other end is
 * the test. The recordings in tests/unit/data are complete dumps of one socket of each kind and
 * family, read with and without CAP_NET_ADMIN.
 */
#include "measure/state_counts.h"
#include "seeded.h"
#include "sockdiag/sock_diag.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const recordings[] = {"tests/unit/data/dump_privileged.bin",
                                         "tests/unit/data/dump_unprivileged.bin"};

/* A heap block of exactly `length` bytes, so that a sanitizer detects an access beyond it. */
static char *exact_copy(const char *data, size_t length)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, data, length);
    return copy;
}

static char *load(const char *path, size_t *length)
{
    char data[8192];
    FILE *file = fopen(path, "rb");
    if (!file)
        fail_msg("%s: %s (tests run from the top of the tree)", path, strerror(errno));
    *length = fread(data, 1, sizeof data, file);
    fclose(file);
    assert_in_range(*length, 1000, sizeof data - 1);
    return exact_copy(data, *length);
}

struct outcome {
    bool good, done;
    uint64_t rows;
    struct fault fault;
    struct state_counts counts;
    uint64_t in_cgroup[2]; /* sockets in none, and in that of the recordings */
    struct socket_record last;
};

static void consume(void *context, const struct socket_record *record)
{
    struct outcome *outcome = context;
    state_counts_add(&outcome->counts, record);
    outcome->in_cgroup[record->cgroup == 1] += record->cgroup <= 1;
    outcome->last = *record;
}

static struct outcome decode(const void *data, size_t length)
{
    struct outcome outcome = {0};
    outcome.good = sock_diag_decode(data, length, consume, &outcome, &outcome.rows, &outcome.done,
                                    &outcome.fault);
    return outcome;
}

/* Messages made by hand. */
struct message {
    struct nlmsghdr header;
    union {
        struct inet_diag_msg row;
        struct nlmsgerr error;
        int done;
        char bytes[512];
    };
};

static struct message make_message(uint16_t type, size_t payload)
{
    return (struct message){
        .header = {.nlmsg_len = (uint32_t)(sizeof(struct nlmsghdr) + payload), .nlmsg_type = type}};
}

static struct message make_row(uint8_t family, uint8_t state)
{
    struct message message = make_message(TCPDIAG_GETSOCK, sizeof(struct inet_diag_msg));
    message.row.idiag_family = family;
    message.row.idiag_state = state;
    return message;
}

static void append_attribute(struct message *message, uint16_t type, uint16_t length)
{
    struct nlattr attribute = {.nla_len = (uint16_t)(sizeof attribute + length), .nla_type = type};
    memcpy((char *)message + message->header.nlmsg_len, &attribute, sizeof attribute);
    message->header.nlmsg_len += (uint32_t)NLA_ALIGN(attribute.nla_len);
}

static void append_cgroup(struct message *message, uint64_t id, uint16_t length)
{
    append_attribute(message, INET_DIAG_CGROUP_ID, length);
    memcpy((char *)message + message->header.nlmsg_len - NLA_ALIGN(length), &id, length);
}

static struct outcome decode_message(const struct message *message)
{
    char *copy = exact_copy((const char *)message, message->header.nlmsg_len);
    struct outcome outcome = decode(copy, message->header.nlmsg_len);
    free(copy);
    return outcome;
}

static void test_recorded_dumps_hold_one_of_each(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        size_t length;
        char *data = load(recordings[i], &length);
        struct outcome outcome = decode(data, length);
        assert_true(outcome.good);
        assert_true(outcome.done);
        assert_int_equal(outcome.rows, 24);
        for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
            for (enum tcp_state s = 0; s < TCP_STATES; s++)
                assert_int_equal(outcome.counts.sockets[family][s],
                                 s == TCP_STATE_FIN_WAIT2 ? 2 : 1);
        }
        assert_int_equal(outcome.counts.fin_wait2_minisockets, 2);
        assert_int_equal(outcome.counts.syn_recv_requests, 2);
        assert_int_equal(outcome.in_cgroup[1], 18);
        assert_int_equal(outcome.in_cgroup[0], 6); /* TIME_WAIT and these */
        free(data);
    }
}

static void test_a_truncated_datagram_is_never_a_complete_dump(void **state)
{
    (void)state;
    size_t length;
    char *data = load(recordings[0], &length);
    uint64_t rows_before = 0;
    for (size_t cut = 0; cut < length; cut++) {
        char *copy = exact_copy(data, cut);
        struct outcome outcome = decode(copy, cut);
        assert_false(outcome.done);
        assert_true(outcome.rows >= rows_before && outcome.rows <= 24);
        if (!outcome.good)
            assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
        rows_before = outcome.rows;
        free(copy);
    }
    assert_int_equal(rows_before, 24);
    free(data);
}

static void test_random_damage_stays_within_the_datagram(void **state)
{
    (void)state;
    size_t length;
    char *data = load(recordings[1], &length);
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 20000; turn++) {
        char *copy = exact_copy(data, length);
        for (int64_t hits = seeded_between(&random, 1, 8); hits > 0; hits--)
            copy[seeded_between(&random, 0, (int64_t)length - 1)] = (char)seeded_bits(&random);
        struct outcome outcome = decode(copy, length);
        /* A row takes at least 88 bytes: damage cannot make more rows than fit. */
        assert_true(outcome.rows <=
                    length / (sizeof(struct nlmsghdr) + sizeof(struct inet_diag_msg)));
        free(copy);
    }
    free(data);
}

static void test_an_error_message_is_a_refusal(void **state)
{
    (void)state;
    struct message message = make_message(NLMSG_ERROR, sizeof(struct nlmsgerr));
    message.error.error = -ENOENT;
    struct outcome outcome = decode_message(&message);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_REFUSED);
    assert_int_equal(outcome.fault.error_number, ENOENT);
    message.error.error = -4095; /* MAX_ERRNO of include/linux/err.h */
    assert_int_equal(decode_message(&message).fault.error_number, 4095);
    message.error.error = -4096;
    assert_int_equal(decode_message(&message).fault.error_number, EPROTO);
    message.error.error = 0;
    assert_int_equal(decode_message(&message).fault.error_number, EPROTO);
}

static void test_without_the_attribute_three_states_are_not_full_sockets(void **state)
{
    (void)state;
    for (uint8_t number = 1; number <= TCP_STATES; number++) {
        struct message row = make_row(AF_INET, number);
        enum tcp_state s = (enum tcp_state)(number - 1);
        assert_int_equal(decode_message(&row).last.full_socket, s != TCP_STATE_TIME_WAIT &&
                                                                    s != TCP_STATE_SYN_RECV &&
                                                                    s != TCP_STATE_FIN_WAIT2);
    }
}

static void test_an_error_inside_done_is_a_refusal(void **state)
{
    (void)state;
    struct message message = make_message(NLMSG_DONE, sizeof(int));
    message.done = -EINVAL;
    struct outcome outcome = decode_message(&message);
    assert_false(outcome.good);
    assert_false(outcome.done);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_REFUSED);
    assert_int_equal(outcome.fault.error_number, EINVAL);
}

static void test_done_with_zero_ends_the_dump(void **state)
{
    (void)state;
    struct message message = make_message(NLMSG_DONE, sizeof(int));
    struct outcome outcome = decode_message(&message);
    assert_true(outcome.good);
    assert_true(outcome.done);
}

static void test_control_messages_that_are_too_short_are_malformed(void **state)
{
    (void)state;
    static const uint16_t types[] = {NLMSG_DONE, NLMSG_ERROR, TCPDIAG_GETSOCK};
    for (size_t i = 0; i < 3; i++) {
        struct message message = make_message(types[i], 0);
        struct outcome outcome = decode_message(&message);
        assert_false(outcome.good);
        assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
    }
}

static void test_an_overrun_is_a_truncation(void **state)
{
    (void)state;
    struct message message = make_message(NLMSG_OVERRUN, 0);
    assert_int_equal(decode_message(&message).fault.reason, FAULT_NETLINK_TRUNCATED);
}

static void test_unknown_rows_of_a_newer_kernel_are_skipped(void **state)
{
    (void)state;
    const struct message unknown[] = {make_row(AF_INET, 0),   make_row(AF_INET, 14),
                                      make_row(AF_INET, 255), make_row(AF_UNIX, 1),
                                      make_message(999, 40),  make_message(NLMSG_NOOP, 0)};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct outcome outcome = decode_message(&unknown[i]);
        assert_true(outcome.good);
        assert_int_equal(outcome.rows, 0);
    }
}

static void test_unknown_attributes_change_nothing(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 5); /* FIN_WAIT2 */
    append_attribute(&row, 200, 32);
    append_attribute(&row, 0x3fff, 0);
    assert_int_equal(decode_message(&row).counts.fin_wait2_minisockets, 1);
    append_attribute(&row, INET_DIAG_SHUTDOWN, 1);
    append_attribute(&row, 201, 8);
    assert_int_equal(decode_message(&row).counts.fin_wait2_minisockets, 0);
}

static void test_the_cgroup_is_read_in_every_state(void **state)
{
    (void)state;
    for (uint8_t number = 1; number <= TCP_STATES; number++) {
        struct message row = make_row(AF_INET6, number);
        assert_int_equal(decode_message(&row).last.cgroup, 0);
        append_attribute(&row, INET_DIAG_SHUTDOWN, 1);
        append_cgroup(&row, UINT64_C(0x123456789abcdef0), 8);
        append_attribute(&row, INET_DIAG_SOCKOPT, 2);
        assert_true(decode_message(&row).last.cgroup == UINT64_C(0x123456789abcdef0));
    }
}

static void test_a_listener_that_accepts_no_ipv4_says_so(void **state)
{
    (void)state;
    for (uint8_t only = 0; only <= 1; only++) {
        struct message row = make_row(AF_INET6, 10);
        append_attribute(&row, INET_DIAG_SKV6ONLY, 1);
        *((uint8_t *)&row + row.header.nlmsg_len - NLA_ALIGN(1)) = only;
        assert_int_equal(decode_message(&row).last.ipv6_only, only);
    }
    struct message empty = make_row(AF_INET6, 10);
    append_attribute(&empty, INET_DIAG_SKV6ONLY, 0);
    assert_false(decode_message(&empty).last.ipv6_only);
}

static void test_a_cgroup_that_is_too_short_is_none(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 10);
    append_cgroup(&row, UINT64_MAX, 7);
    assert_int_equal(decode_message(&row).last.cgroup, 0);
}

static void test_an_attribute_that_is_too_long_ends_the_search(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 3); /* SYN_RECV */
    struct nlattr attribute = {.nla_len = 400, .nla_type = INET_DIAG_SHUTDOWN};
    memcpy((char *)&row + row.header.nlmsg_len, &attribute, sizeof attribute);
    row.header.nlmsg_len += (uint32_t)sizeof attribute;
    struct outcome outcome = decode_message(&row);
    assert_true(outcome.good);
    assert_int_equal(outcome.counts.syn_recv_requests, 1);
}

static void test_fields_are_read_in_host_order(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 10);
    row.row.id.idiag_sport = htons(8080);
    row.row.id.idiag_dport = htons(61000);
    row.row.id.idiag_src[0] = htonl(0x7f000001);
    row.row.idiag_rqueue = 3;
    row.row.idiag_wqueue = 128;
    struct socket_record record = decode_message(&row).last;
    assert_int_equal(record.local_port, 8080);
    assert_int_equal(record.remote_port, 61000);
    assert_int_equal(record.local_address.word[0], htonl(0x7f000001));
    assert_int_equal(record.local_address.word[1], 0);
    assert_int_equal(record.receive_queue, 3);
    assert_int_equal(record.send_queue, 128);
    assert_int_equal(record.state, TCP_STATE_LISTEN);
}

static void test_v4_mapped_addresses_become_ipv4(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET6, 1);
    row.row.id.idiag_src[2] = row.row.id.idiag_dst[2] = htonl(0xffff);
    row.row.id.idiag_src[3] = htonl(0xc0000201);
    row.row.id.idiag_dst[3] = htonl(0xc0000202);
    struct socket_record record = decode_message(&row).last;
    assert_int_equal(record.family, IP_FAMILY_IPV4);
    assert_int_equal(record.local_address.word[0], htonl(0xc0000201));
    assert_int_equal(record.remote_address.word[0], htonl(0xc0000202));
    assert_int_equal(record.remote_address.word[2], 0);
}

static void test_the_internal_name_of_syn_recv_is_syn_recv(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 12); /* TCP_NEW_SYN_RECV */
    assert_int_equal(decode_message(&row).last.state, TCP_STATE_SYN_RECV);
}

/* A pair of sockets: the dump reads data from the first that the test writes into the second. */
struct wire {
    int kernel_end, our_end;
};

static struct wire open_wire(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    return (struct wire){.kernel_end = ends[1], .our_end = ends[0]};
}

static void feed(const struct wire *wire, const void *data, size_t length)
{
    assert_int_equal(send(wire->kernel_end, data, length, 0), (ssize_t)length);
}

static void close_wire(struct wire *wire)
{
    close(wire->kernel_end);
    close(wire->our_end);
}

static int open_our_end(void *context)
{
    const struct wire *wire = context;
    return dup(wire->our_end);
}

static struct outcome ask(struct wire *wire, struct sock_diag_query query)
{
    struct outcome outcome = {0};
    const struct kernel_access kernel = {.open_sock_diag = open_our_end, .opener_context = wire};
    outcome.good =
        sock_diag_dump_tcp(&kernel, &query, consume, &outcome, &outcome.rows, &outcome.fault);
    return outcome;
}

static struct outcome dump(struct wire *wire, tcp_state_set states)
{
    return ask(wire, (struct sock_diag_query){.states = states});
}

static void test_a_dump_in_several_datagrams_is_one(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message row = make_row(AF_INET, 1), done = make_message(NLMSG_DONE, sizeof(int));
    for (int i = 0; i < 3; i++)
        feed(&wire, &row, row.header.nlmsg_len);
    feed(&wire, &done, done.header.nlmsg_len);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_true(outcome.good);
    assert_int_equal(outcome.rows, 3);
    close_wire(&wire);
}

static void test_cgroups_of_connections_are_only_read_if_asked_for(void **state)
{
    (void)state;
    struct message row = make_row(AF_INET, 1), done = make_message(NLMSG_DONE, sizeof(int));
    append_cgroup(&row, 7, 8);
    for (uint64_t cgroups = 0; cgroups < 2; cgroups++) {
        struct wire wire = open_wire();
        feed(&wire, &row, row.header.nlmsg_len);
        feed(&wire, &done, done.header.nlmsg_len);
        struct sock_diag_query query = {.states = TCP_STATE_SET_ALL, .cgroups = cgroups};
        assert_int_equal(ask(&wire, query).last.cgroup, 7 * cgroups);
        close_wire(&wire);
    }
}

static void test_the_request_asks_only_for_the_states(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message done = make_message(NLMSG_DONE, sizeof(int));
    struct {
        struct nlmsghdr header;
        struct inet_diag_req body;
    } request;
    feed(&wire, &done, done.header.nlmsg_len);
    assert_true(
        dump(&wire, tcp_state_bit(TCP_STATE_SYN_RECV) | tcp_state_bit(TCP_STATE_LISTEN)).good);
    assert_int_equal(recv(wire.kernel_end, &request, sizeof request, 0), sizeof request);
    assert_int_equal(request.header.nlmsg_type, TCPDIAG_GETSOCK);
    assert_int_equal(request.header.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
    assert_int_equal(request.body.idiag_states, 1 << 3 | 1 << 10 | 1 << 12);
    assert_int_equal(request.body.idiag_ext, 0);
    close_wire(&wire);
}

static void test_a_datagram_larger_than_the_buffer_is_a_truncation(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    enum { TOO_LARGE = SOCK_DIAG_BUFFER_SIZE + 4 };
    char *large = calloc(1, TOO_LARGE);
    struct message row = make_row(AF_INET, 1);
    memcpy(large, &row, row.header.nlmsg_len);
    feed(&wire, large, TOO_LARGE);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_TRUNCATED);
    assert_int_equal(outcome.rows, 0);
    free(large);
    close_wire(&wire);
}

static void test_an_error_after_rows_fails_the_dump(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message row = make_row(AF_INET, 1), done = make_message(NLMSG_DONE, sizeof(int));
    done.done = -ENOMEM;
    feed(&wire, &row, row.header.nlmsg_len);
    feed(&wire, &done, done.header.nlmsg_len);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_REFUSED);
    assert_int_equal(outcome.fault.error_number, ENOMEM);
    assert_int_equal(outcome.rows, 1);
    close_wire(&wire);
}

static void test_an_end_without_done_fails_the_dump(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message row = make_row(AF_INET, 1);
    feed(&wire, &row, row.header.nlmsg_len);
    shutdown(wire.kernel_end, SHUT_WR);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_RECEIVE);
    close_wire(&wire);
}

/* The number of the next descriptor. */
static int find_next_descriptor(void)
{
    int fd = dup(STDOUT_FILENO);
    close(fd);
    return fd;
}

static void test_a_dump_leaves_no_descriptor_open(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    int next = find_next_descriptor();
    struct message done = make_message(NLMSG_DONE, sizeof(int));
    feed(&wire, &done, done.header.nlmsg_len);
    assert_true(dump(&wire, TCP_STATE_SET_ALL).good);
    shutdown(wire.kernel_end, SHUT_WR);
    assert_false(dump(&wire, TCP_STATE_SET_ALL).good);
    assert_int_equal(find_next_descriptor(), next);
    close_wire(&wire);
}

static void test_a_reply_is_waited_for_ten_seconds(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message done = make_message(NLMSG_DONE, sizeof(int));
    struct timeval timeout;
    socklen_t length = sizeof timeout;
    feed(&wire, &done, done.header.nlmsg_len);
    assert_true(dump(&wire, TCP_STATE_SET_ALL).good);
    assert_int_equal(getsockopt(wire.our_end, SOL_SOCKET, SO_RCVTIMEO, &timeout, &length), 0);
    assert_int_equal(timeout.tv_sec, 10);
    assert_int_equal(timeout.tv_usec, 0);
    close_wire(&wire);
}

static void test_a_late_reply_is_a_fault(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    struct message row = make_row(AF_INET, 1);
    feed(&wire, &row, row.header.nlmsg_len);
    /* The timeout ends at once, with the errno of SO_RCVTIMEO. */
    assert_int_equal(fcntl(wire.our_end, F_SETFL, O_NONBLOCK), 0);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_RECEIVE);
    assert_int_equal(outcome.fault.error_number, EAGAIN);
    assert_int_equal(outcome.rows, 1);
    close_wire(&wire);
}

static void test_a_request_that_cannot_be_sent_is_a_fault(void **state)
{
    (void)state;
    struct wire wire = open_wire();
    shutdown(wire.our_end, SHUT_WR);
    signal(SIGPIPE, SIG_IGN);
    struct outcome outcome = dump(&wire, TCP_STATE_SET_ALL);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_SEND);
    assert_int_equal(outcome.fault.error_number, EPIPE);
    close_wire(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_dumps_hold_one_of_each),
        cmocka_unit_test(test_a_truncated_datagram_is_never_a_complete_dump),
        cmocka_unit_test(test_random_damage_stays_within_the_datagram),
        cmocka_unit_test(test_an_error_message_is_a_refusal),
        cmocka_unit_test(test_without_the_attribute_three_states_are_not_full_sockets),
        cmocka_unit_test(test_an_error_inside_done_is_a_refusal),
        cmocka_unit_test(test_done_with_zero_ends_the_dump),
        cmocka_unit_test(test_control_messages_that_are_too_short_are_malformed),
        cmocka_unit_test(test_an_overrun_is_a_truncation),
        cmocka_unit_test(test_unknown_rows_of_a_newer_kernel_are_skipped),
        cmocka_unit_test(test_unknown_attributes_change_nothing),
        cmocka_unit_test(test_the_cgroup_is_read_in_every_state),
        cmocka_unit_test(test_a_listener_that_accepts_no_ipv4_says_so),
        cmocka_unit_test(test_a_cgroup_that_is_too_short_is_none),
        cmocka_unit_test(test_cgroups_of_connections_are_only_read_if_asked_for),
        cmocka_unit_test(test_an_attribute_that_is_too_long_ends_the_search),
        cmocka_unit_test(test_fields_are_read_in_host_order),
        cmocka_unit_test(test_v4_mapped_addresses_become_ipv4),
        cmocka_unit_test(test_the_internal_name_of_syn_recv_is_syn_recv),
        cmocka_unit_test(test_a_dump_in_several_datagrams_is_one),
        cmocka_unit_test(test_the_request_asks_only_for_the_states),
        cmocka_unit_test(test_a_datagram_larger_than_the_buffer_is_a_truncation),
        cmocka_unit_test(test_an_error_after_rows_fails_the_dump),
        cmocka_unit_test(test_an_end_without_done_fails_the_dump),
        cmocka_unit_test(test_a_dump_leaves_no_descriptor_open),
        cmocka_unit_test(test_a_reply_is_waited_for_ten_seconds),
        cmocka_unit_test(test_a_late_reply_is_a_fault),
        cmocka_unit_test(test_a_request_that_cannot_be_sent_is_a_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
