// SPDX-License-Identifier: Apache-2.0
/*
 * The decoder of UNIX sockets with invalid messages and with a recorded dump: that of a namespace
 * with one socket of each type in each state, two of them with an abstract name.
 */
#include "kernel/unix_diag.h"
#include "seeded.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static const char recording[] = "tests/fuzz/seeds/unix_diag/dump.bin";

/* State numbers of include/net/tcp_states.h. */
enum { ESTABLISHED = 1, CLOSE = 7, LISTEN = 10 };

struct outcome {
    bool good, done;
    uint64_t rows;
    struct fault fault;
    unsigned counts[UNIX_SOCKET_TYPES][UNIX_SOCKET_STATES];
    struct unix_socket_record last;
    char name[UNIX_NAME_SIZE];
};

static void consume(void *context, const struct unix_socket_record *record)
{
    struct outcome *outcome = context;
    assert_true(record->name_length <= UNIX_NAME_SIZE);
    outcome->counts[record->type][record->state]++;
    outcome->last = *record;
    memcpy(outcome->name, record->name, record->name_length);
}

/* From a block of exactly this length, so that a sanitizer knows its end. */
static struct outcome decode(const void *data, size_t length)
{
    struct outcome outcome = {0};
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, data, length);
    outcome.good = unix_diag_decode(copy, length, consume, &outcome, &outcome.rows, &outcome.done,
                                    &outcome.fault);
    free(copy);
    return outcome;
}

/* A row made by hand. */
struct message {
    struct nlmsghdr header;
    struct unix_diag_msg row;
    char attributes[512];
};

static struct message make_row(uint8_t type, uint8_t state)
{
    return (struct message){
        .header = {.nlmsg_len = sizeof(struct nlmsghdr) + sizeof(struct unix_diag_msg),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY},
        .row = {.udiag_family = AF_UNIX, .udiag_type = type, .udiag_state = state},
    };
}

static void append(struct message *message, uint16_t type, const void *payload, size_t length)
{
    struct nlattr attribute = {.nla_len = (uint16_t)(sizeof attribute + length), .nla_type = type};
    char *end = (char *)message + message->header.nlmsg_len;
    memcpy(end, &attribute, sizeof attribute);
    memcpy(end + sizeof attribute, payload, length);
    message->header.nlmsg_len += (uint32_t)NLA_ALIGN(attribute.nla_len);
}

static struct outcome decode_message(const struct message *message)
{
    return decode(message, message->header.nlmsg_len);
}

static void test_types_and_states(void **state)
{
    (void)state;
    static const struct {
        uint8_t number;
        const char *name;
    } types[] = {{SOCK_STREAM, "stream"}, {SOCK_DGRAM, "datagram"}, {SOCK_SEQPACKET, "seqpacket"}},
      states[] = {{LISTEN, "listen"}, {ESTABLISHED, "established"}, {CLOSE, "unconnected"}};
    for (size_t t = 0; t < 3; t++) {
        for (size_t s = 0; s < 3; s++) {
            struct message row = make_row(types[t].number, states[s].number);
            struct outcome outcome = decode_message(&row);
            assert_true(outcome.good);
            assert_int_equal(outcome.rows, 1);
            assert_string_equal(unix_socket_type_name(outcome.last.type), types[t].name);
            assert_string_equal(unix_socket_state_name(outcome.last.state), states[s].name);
            assert_int_equal(outcome.last.name_length, 0);
        }
    }
}

static void test_what_a_newer_kernel_may_have_is_skipped(void **state)
{
    (void)state;
    struct message rows[] = {make_row(SOCK_RDM, LISTEN), make_row(SOCK_STREAM, 2),
                             make_row(SOCK_STREAM, LISTEN)};
    rows[2].row.udiag_family = AF_INET;
    for (size_t i = 0; i < 3; i++) {
        struct outcome outcome = decode_message(&rows[i]);
        assert_true(outcome.good);
        assert_int_equal(outcome.rows, 0);
    }
    struct message row = make_row(SOCK_STREAM, LISTEN);
    append(&row, 200, "unknown", 7);
    append(&row, UNIX_DIAG_NAME, "/a", 3);
    assert_int_equal(decode_message(&row).last.name_length, 2);
}

static void test_the_queues_of_a_listener(void **state)
{
    (void)state;
    const struct unix_diag_rqlen queues = {3, 128};
    struct message row = make_row(SOCK_STREAM, LISTEN);
    append(&row, UNIX_DIAG_RQLEN, &queues, sizeof queues);
    struct outcome outcome = decode_message(&row);
    assert_int_equal(outcome.last.receive_queue, 3);
    assert_int_equal(outcome.last.send_queue, 128);

    row = make_row(SOCK_STREAM, LISTEN); /* too short */
    append(&row, UNIX_DIAG_RQLEN, &queues, sizeof queues - 1);
    outcome = decode_message(&row);
    assert_true(outcome.good);
    assert_int_equal(outcome.last.receive_queue, 0);
}

/* A path ends before its NUL; an abstract name has all its bytes. */
static void assert_name(const char *sent, size_t length, size_t expected)
{
    struct message row = make_row(SOCK_STREAM, LISTEN);
    append(&row, UNIX_DIAG_NAME, sent, length);
    struct outcome outcome = decode_message(&row);
    assert_true(outcome.good);
    assert_int_equal(outcome.last.name_length, expected);
    assert_memory_equal(outcome.name, sent, expected);
}

static void test_names(void **state)
{
    (void)state;
    char longest[UNIX_NAME_SIZE + 50];
    memset(longest, 'x', sizeof longest);
    assert_name("/run/x.sock", 12, 11);
    assert_name("/run/x.sock", 11, 11);
    assert_name("\0abstract", 9, 9);
    assert_name("\0abs\0tract\0", 11, 11);
    assert_name("\0", 1, 1);
    assert_name("", 0, 0);
    assert_name(longest, UNIX_NAME_SIZE, UNIX_NAME_SIZE);
    assert_name(longest, UNIX_NAME_SIZE + 1, UNIX_NAME_SIZE);
    assert_name(longest, sizeof longest, UNIX_NAME_SIZE);
}

static void test_a_short_row_is_malformed(void **state)
{
    (void)state;
    struct message row = make_row(SOCK_STREAM, LISTEN);
    row.header.nlmsg_len -= NLMSG_ALIGNTO;
    struct outcome outcome = decode_message(&row);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
}

static void test_a_row_that_ends_within_an_attribute_is_malformed(void **state)
{
    (void)state;
    const struct unix_diag_rqlen queues = {3, 128};
    struct message row = make_row(SOCK_STREAM, LISTEN);
    append(&row, UNIX_DIAG_RQLEN, &queues, sizeof queues);
    row.header.nlmsg_len--;
    struct outcome outcome = decode_message(&row);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
}

static void test_a_half_message_after_a_row_is_malformed(void **state)
{
    (void)state;
    struct message row = make_row(SOCK_STREAM, LISTEN);
    struct outcome outcome = decode(&row, row.header.nlmsg_len + 4);
    assert_int_equal(outcome.rows, 1);
    assert_false(outcome.good);
    assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
}

static size_t load(char *data, size_t size)
{
    FILE *file = fopen(recording, "rb");
    if (!file)
        fail_msg("%s: %s (tests run from the top of the tree)", recording, strerror(errno));
    size_t length = fread(data, 1, size, file);
    fclose(file);
    assert_in_range(length, 300, size - 1);
    return length;
}

static void test_a_recorded_dump_holds_one_of_each(void **state)
{
    (void)state;
    char data[4096];
    struct outcome outcome = decode(data, load(data, sizeof data));
    assert_true(outcome.good && outcome.done);
    for (int type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (int s = 0; s < UNIX_SOCKET_STATES; s++) {
            bool listens = s == UNIX_SOCKET_LISTEN;
            unsigned ends = s == UNIX_SOCKET_ESTABLISHED ? 2 : 1;
            assert_int_equal(outcome.counts[type][s],
                             listens && type == UNIX_SOCKET_DATAGRAM ? 0 : ends);
        }
    }
}

static void test_a_truncated_datagram_is_never_a_complete_dump(void **state)
{
    (void)state;
    char data[4096];
    size_t length = load(data, sizeof data);
    for (size_t cut = 0; cut < length; cut++) {
        struct outcome outcome = decode(data, cut);
        assert_false(outcome.done);
        if (!outcome.good)
            assert_int_equal(outcome.fault.reason, FAULT_NETLINK_MALFORMED);
    }
}

static void test_random_damage_stays_within_the_datagram(void **state)
{
    (void)state;
    char data[4096], damaged[4096];
    size_t length = load(data, sizeof data);
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 20000; turn++) {
        memcpy(damaged, data, length);
        for (int64_t hits = seeded_between(&random, 1, 8); hits > 0; hits--)
            damaged[seeded_between(&random, 0, (int64_t)length - 1)] = (char)seeded_bits(&random);
        struct outcome outcome = decode(damaged, length);
        assert_true(outcome.rows <=
                    length / (sizeof(struct nlmsghdr) + sizeof(struct unix_diag_msg)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types_and_states),
        cmocka_unit_test(test_what_a_newer_kernel_may_have_is_skipped),
        cmocka_unit_test(test_the_queues_of_a_listener),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_a_short_row_is_malformed),
        cmocka_unit_test(test_a_row_that_ends_within_an_attribute_is_malformed),
        cmocka_unit_test(test_a_half_message_after_a_row_is_malformed),
        cmocka_unit_test(test_a_recorded_dump_holds_one_of_each),
        cmocka_unit_test(test_a_truncated_datagram_is_never_a_complete_dump),
        cmocka_unit_test(test_random_damage_stays_within_the_datagram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
