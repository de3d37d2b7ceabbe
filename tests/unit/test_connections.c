// SPDX-License-Identifier: Apache-2.0
/*
 * Which connections get a place, and which lose it, by a clock of the test's own. Each connection
 * is a real socket, whose other end sees it shut down.
 */
#include "web/connections.h"

#include "publish/body.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of each listening socket, and of each client there. */
enum { LIMIT = 32, SHARE = 2, PEERS = 80 };

/* Clients. FIRST_OF_MANY and on: those that fill a socket. */
enum { ALICE = 1, BOB, FIRST_OF_MANY };

struct peer {
    struct connection *connection;
    int ends[2]; /* the server's, the client's */
};

struct house {
    int64_t time;
    struct clock clock;
    struct connections connections;
    struct peer peers[PEERS];
    int count;
};

static int64_t read_time(void *context)
{
    return *(int64_t *)context;
}

static int make_house(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (!house)
        return -1;
    house->time = NANOSECONDS_PER_SECOND;
    house->clock = (struct clock){.monotonic = read_time, .context = &house->time};
    connections_init(&house->connections, LIMIT, &house->clock);
    *state = house;
    return 0;
}

static void pass(struct house *house, double seconds)
{
    house->time += (int64_t)(seconds * (double)NANOSECONDS_PER_SECOND);
}

/* One more connection from the listening socket `socket`; without a place its `connection` is NULL.
 */
static struct peer *try_to_connect(struct house *house, unsigned socket, uint64_t client)
{
    struct peer *peer = &house->peers[house->count++];
    assert_true(house->count <= PEERS);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, peer->ends), 0);
    peer->connection = connections_add(&house->connections, socket, peer->ends[0], client);
    return peer;
}

static struct peer *connect_one(struct house *house, unsigned socket, uint64_t client,
                                enum connection_phase phase)
{
    struct peer *peer = try_to_connect(house, socket, client);
    assert_non_null(peer->connection);
    if (phase != CONNECTION_NEW)
        connections_enter(&house->connections, peer->connection, phase);
    return peer;
}

static void enter(struct house *house, struct peer *peer, enum connection_phase phase)
{
    connections_enter(&house->connections, peer->connection, phase);
}

/* All places of a listening socket, each by another client. */
static void fill(struct house *house, unsigned socket, enum connection_phase phase)
{
    for (uint64_t i = 0; i < LIMIT; i++)
        connect_one(house, socket, FIRST_OF_MANY + i, phase);
}

static void disconnect(struct house *house, struct peer *peer)
{
    connections_remove(&house->connections, peer->connection);
    peer->connection = NULL;
}

static int leave_house(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < house->count; i++) {
        if (house->peers[i].connection)
            disconnect(house, &house->peers[i]);
        close(house->peers[i].ends[0]);
        close(house->peers[i].ends[1]);
    }
    bool empty = connections_are_none(&house->connections);
    free(house);
    return empty ? 0 : -1;
}

static bool is_ended(const struct peer *peer)
{
    char byte;
    return recv(peer->ends[1], &byte, 1, 0) == 0;
}

static int count_ended(const struct house *house)
{
    int count = 0;
    for (int i = 0; i < house->count; i++)
        count += is_ended(&house->peers[i]);
    return count;
}

static void test_one_client_has_a_sixteenth_of_the_places(void **state)
{
    static const struct {
        unsigned limit, share;
    } cases[] = {{1, 1}, {8, 1}, {16, 1}, {31, 1}, {LIMIT, SHARE}, {256, 16}};
    struct house *house = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        connections_init(&house->connections, cases[i].limit, &house->clock);
        assert_int_equal(house->connections.client_limit, cases[i].share);
    }
}

static void test_a_client_with_its_share_makes_room_itself(void **state)
{
    struct house *house = *state;
    connect_one(house, 0, BOB, CONNECTION_NEW); /* waits for longer, but is another's */
    connect_one(house, 1, ALICE, CONNECTION_NEW);
    struct peer *first = connect_one(house, 0, ALICE, CONNECTION_IDLE);
    struct peer *second = connect_one(house, 0, ALICE, CONNECTION_NEW);
    pass(house, 1);
    enter(house, first, CONNECTION_IDLE); /* it has asked meanwhile */
    connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_true(is_ended(second));
    assert_int_equal(count_ended(house), 1);
    connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_true(is_ended(first));
    assert_int_equal(count_ended(house), 2);
}

static void test_requests_under_way_make_no_room_for_their_client(void **state)
{
    struct house *house = *state;
    connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    connect_one(house, 0, ALICE, CONNECTION_SUSPENDED);
    pass(house, 30);
    assert_null(try_to_connect(house, 0, ALICE)->connection);
    assert_int_equal(count_ended(house), 0);
    connect_one(house, 0, BOB, CONNECTION_NEW);
    connect_one(house, 1, ALICE, CONNECTION_NEW); /* each socket has shares of its own */
    disconnect(house, &house->peers[0]);
    connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_int_equal(count_ended(house), 0);
}

static void test_when_all_places_are_taken_the_longest_waiting_makes_room(void **state)
{
    struct house *house = *state;
    connect_one(house, 1, ALICE, CONNECTION_NEW);
    fill(house, 0, CONNECTION_NEW);
    assert_int_equal(count_ended(house), 0);
    enter(house, &house->peers[1], CONNECTION_ANSWERING);
    enter(house, &house->peers[2], CONNECTION_IDLE);
    pass(house, 2);
    assert_true(connections_have_room(&house->connections, 0));
    connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_true(is_ended(&house->peers[3]));
    assert_int_equal(count_ended(house), 1);
}

static void test_then_an_answer_that_takes_more_than_a_second(void **state)
{
    struct house *house = *state;
    connect_one(house, 1, ALICE, CONNECTION_ANSWERING);
    fill(house, 0, CONNECTION_ANSWERING);
    enter(house, &house->peers[1], CONNECTION_SUSPENDED);
    pass(house, 1);
    house->time--;
    assert_false(connections_have_room(&house->connections, 0));
    assert_true(connections_have_room(&house->connections, 1));
    assert_null(try_to_connect(house, 0, ALICE)->connection);
    house->time++;
    assert_true(connections_have_room(&house->connections, 0));
    assert_int_equal(count_ended(house), 0);
    connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    assert_true(is_ended(&house->peers[2]));
    assert_int_equal(count_ended(house), 1);
    connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    assert_true(is_ended(&house->peers[3]));
    assert_int_equal(count_ended(house), 2);
}

static void test_a_new_connection_has_time_to_send_its_request(void **state)
{
    struct house *house = *state;
    fill(house, 0, CONNECTION_NEW);
    pass(house, 0.01);
    house->time--;
    assert_false(connections_have_room(&house->connections, 0));
    house->time++;
    assert_true(connections_have_room(&house->connections, 0));
    enter(house, &house->peers[7], CONNECTION_NEW);
    enter(house, &house->peers[8], CONNECTION_IDLE);
    connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_true(is_ended(&house->peers[0]));
    assert_int_equal(count_ended(house), 1);
}

static void test_a_check_of_a_password_makes_no_room(void **state)
{
    struct house *house = *state;
    fill(house, 0, CONNECTION_SUSPENDED);
    pass(house, 3600);
    assert_false(connections_have_room(&house->connections, 0));
    assert_null(try_to_connect(house, 0, ALICE)->connection);
    assert_int_equal(count_ended(house), 0);
    disconnect(house, &house->peers[5]);
    assert_true(connections_have_room(&house->connections, 0));
    connect_one(house, 0, ALICE, CONNECTION_NEW);
}

static void test_a_connection_that_was_ended_has_no_place(void **state)
{
    struct house *house = *state;
    fill(house, 0, CONNECTION_NEW);
    pass(house, 11);
    for (int i = 0; i < 2; i++)
        connections_end_overdue(&house->connections);
    assert_int_equal(count_ended(house), LIMIT);
    for (uint64_t i = 0; i < LIMIT; i++)
        connect_one(house, 0, FIRST_OF_MANY + i / SHARE, CONNECTION_ANSWERING);
    assert_false(connections_have_room(&house->connections, 0));
    assert_null(try_to_connect(house, 0, ALICE)->connection);
    /* It is removed later, and frees no second place. */
    disconnect(house, &house->peers[0]);
    assert_null(try_to_connect(house, 0, ALICE)->connection);
}

static void test_each_phase_has_its_time(void **state)
{
    static const struct {
        enum connection_phase phase;
        int64_t seconds; /* 0: for ever */
        int64_t when_dismissed;
    } cases[] = {
        {CONNECTION_NEW, 10, 2},
        {CONNECTION_IDLE, 75, 2},
        {CONNECTION_ANSWERING, 60, 5},
        {CONNECTION_SUSPENDED, 0, 0},
    };
    struct house *house = *state;
    for (int dismissed = 0; dismissed < 2; dismissed++) {
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            int64_t seconds = dismissed ? cases[i].when_dismissed : cases[i].seconds;
            struct peer *peer = connect_one(house, 0, FIRST_OF_MANY, cases[i].phase);
            if (dismissed)
                connections_dismiss(&house->connections);
            house->time += (seconds ? seconds : 86400) * NANOSECONDS_PER_SECOND;
            connections_end_overdue(&house->connections);
            assert_false(is_ended(peer));
            house->time++;
            connections_end_overdue(&house->connections);
            assert_int_equal(is_ended(peer), seconds != 0);
            disconnect(house, peer);
        }
    }
}

static void test_a_phase_begins_anew(void **state)
{
    struct house *house = *state;
    struct peer *peer = connect_one(house, 0, ALICE, CONNECTION_NEW);
    struct peer *other = connect_one(house, 0, BOB, CONNECTION_NEW);
    for (int i = 0; i < 3; i++) {
        pass(house, 59);
        enter(house, peer, CONNECTION_ANSWERING);
        connections_end_overdue(&house->connections);
    }
    assert_false(is_ended(peer));
    assert_true(is_ended(other));
}

static void test_the_time_of_the_dismissed_does_not_begin_anew(void **state)
{
    struct house *house = *state;
    struct peer *peer = connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    connections_dismiss(&house->connections);
    pass(house, 3);
    enter(house, peer, CONNECTION_ANSWERING);
    connections_dismiss(&house->connections);
    pass(house, 2.1);
    connections_end_overdue(&house->connections);
    assert_true(is_ended(peer));
}

/* The requests that the client has sent are read, then the end of the connection; answers are still
 * written. */
static void assert_ends_after(const struct peer *peer, const char *sent)
{
    char bytes[16];
    ssize_t length = (ssize_t)strlen(sent);
    assert_int_equal(recv(peer->ends[0], bytes, sizeof bytes, 0), length);
    assert_memory_equal(bytes, sent, strlen(sent));
    assert_int_equal(recv(peer->ends[0], bytes, sizeof bytes, 0), 0);
    assert_int_equal(send(peer->ends[0], "answer", 6, 0), 6);
    assert_int_equal(recv(peer->ends[1], bytes, sizeof bytes, 0), 6);
}

static bool is_kept(const struct peer *peer)
{
    char byte;
    return recv(peer->ends[0], &byte, 1, MSG_PEEK) == -1;
}

static void test_a_dismissed_connection_ends_after_what_it_has_asked(void **state)
{
    struct house *house = *state;
    struct peer *idle = connect_one(house, 0, ALICE, CONNECTION_IDLE);
    struct peer *answering = connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    struct peer *fresh = connect_one(house, 0, BOB, CONNECTION_NEW);
    assert_int_equal(send(idle->ends[1], "request", 7, 0), 7);
    connections_dismiss(&house->connections);
    assert_ends_after(idle, "request");
    assert_true(is_kept(answering) &&
                is_kept(fresh)); /* these are still to ask, or to be answered */
    assert_int_equal(send(answering->ends[1], "next", 4, 0), 4);
    enter(house, answering, CONNECTION_IDLE);
    assert_ends_after(answering, "next");
    enter(house, fresh, CONNECTION_ANSWERING);
    assert_true(is_kept(fresh));
}

static void test_a_half_closed_connection_ends_after_what_it_has_asked(void **state)
{
    struct house *house = *state;
    struct peer *half = connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    struct peer *whole = connect_one(house, 0, ALICE, CONNECTION_ANSWERING);
    assert_int_equal(send(half->ends[1], "next", 4, 0), 4);
    assert_int_equal(shutdown(half->ends[1], SHUT_WR), 0);
    enter(house, half, CONNECTION_IDLE);
    enter(house, whole, CONNECTION_IDLE);
    assert_ends_after(half, "next");
    assert_true(is_kept(whole));
}

static struct peer *read_body(struct house *house, uint64_t client, struct body *body)
{
    struct peer *peer = connect_one(house, 0, client, CONNECTION_ANSWERING);
    peer->connection->body = body;
    return peer;
}

static void test_all_readers_of_the_oldest_body_are_ended(void **state)
{
    static struct body bodies[4];
    struct house *house = *state;
    read_body(house, ALICE, &bodies[0]);
    enter(house, &house->peers[0], CONNECTION_IDLE); /* it has read all of it */
    read_body(house, ALICE, NULL);                   /* a short text */
    struct peer *first = read_body(house, BOB, &bodies[1]);
    struct peer *newer = read_body(house, BOB, &bodies[2]);
    struct peer *second = read_body(house, FIRST_OF_MANY, &bodies[1]);
    connections_end_oldest_body(&house->connections, &bodies[3]);
    assert_true(is_ended(first) && is_ended(second));
    assert_int_equal(count_ended(house), 2);
    connections_end_oldest_body(&house->connections, &bodies[2]); /* that is the present one */
    assert_int_equal(count_ended(house), 2);
    connections_end_oldest_body(&house->connections, &bodies[3]);
    assert_true(is_ended(newer));
    assert_int_equal(count_ended(house), 3);
}

static void test_there_are_none_before_the_first_and_after_the_last(void **state)
{
    struct house *house = *state;
    assert_true(connections_are_none(&house->connections));
    struct peer *peer = connect_one(house, 0, ALICE, CONNECTION_NEW);
    assert_false(connections_are_none(&house->connections));
    disconnect(house, peer);
    assert_true(connections_are_none(&house->connections));
}

#define in_house(test) cmocka_unit_test_setup_teardown(test, make_house, leave_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_house(test_one_client_has_a_sixteenth_of_the_places),
        in_house(test_a_client_with_its_share_makes_room_itself),
        in_house(test_requests_under_way_make_no_room_for_their_client),
        in_house(test_when_all_places_are_taken_the_longest_waiting_makes_room),
        in_house(test_then_an_answer_that_takes_more_than_a_second),
        in_house(test_a_new_connection_has_time_to_send_its_request),
        in_house(test_a_check_of_a_password_makes_no_room),
        in_house(test_a_connection_that_was_ended_has_no_place),
        in_house(test_each_phase_has_its_time),
        in_house(test_a_phase_begins_anew),
        in_house(test_the_time_of_the_dismissed_does_not_begin_anew),
        in_house(test_a_dismissed_connection_ends_after_what_it_has_asked),
        in_house(test_a_half_closed_connection_ends_after_what_it_has_asked),
        in_house(test_all_readers_of_the_oldest_body_are_ended),
        in_house(test_there_are_none_before_the_first_and_after_the_last),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
