// SPDX-License-Identifier: Apache-2.0
/*
 * Who is closed and who is waited for, by a clock of the test's own. Each connection is a real
 * socket, whose other end sees it shut down.
 */
#include "web/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LIMIT = 8, CROWD = 6 };

struct peer {
    struct connection *connection;
    int ends[2]; /* the served one, the client's */
};

struct house {
    int64_t time;
    struct clock clock;
    struct connections connections;
    struct peer peers[LIMIT + 1];
    int count;
};

static int64_t tell_time(void *context)
{
    return *(int64_t *)context;
}

static int make_house(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    if (!house)
        return -1;
    house->clock = (struct clock){.monotonic = tell_time, .context = &house->time};
    connections_init(&house->connections, LIMIT, &house->clock);
    *state = house;
    return 0;
}

static void pass(struct house *house, double seconds)
{
    house->time += (int64_t)(seconds * (double)NANOSECONDS_PER_SECOND);
}

/* One more, a moment after the last. */
static struct peer *connect_one(struct house *house, enum connection_phase phase)
{
    struct peer *peer = &house->peers[house->count++];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, peer->ends), 0);
    pass(house, 0.001);
    peer->connection = connections_add(&house->connections, peer->ends[0]);
    assert_non_null(peer->connection);
    if (phase != CONNECTION_NEW)
        connections_enter(&house->connections, peer->connection, phase);
    return peer;
}

static int leave_house(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < house->count; i++) {
        if (house->peers[i].connection)
            connections_remove(&house->connections, house->peers[i].connection);
        close(house->peers[i].ends[0]);
        close(house->peers[i].ends[1]);
    }
    connections_release(&house->connections);
    free(house);
    return 0;
}

static bool is_shut(const struct peer *peer)
{
    char byte;
    return recv(peer->ends[1], &byte, 1, 0) == 0;
}

static int count_shut(const struct house *house)
{
    int count = 0;
    for (int i = 0; i < house->count; i++)
        count += is_shut(&house->peers[i]);
    return count;
}

static void test_a_first_request_has_ten_seconds(void **state)
{
    struct house *house = *state;
    struct peer *early = connect_one(house, CONNECTION_NEW);
    pass(house, 5);
    struct peer *late = connect_one(house, CONNECTION_NEW);
    pass(house, 4.9);
    connections_close_overdue(&house->connections);
    assert_int_equal(count_shut(house), 0);
    pass(house, 0.2);
    connections_close_overdue(&house->connections);
    assert_true(is_shut(early));
    assert_false(is_shut(late));
}

static void test_an_answer_has_a_minute_and_the_next_request_more(void **state)
{
    struct house *house = *state;
    struct peer *answering = connect_one(house, CONNECTION_ANSWERING);
    struct peer *idle = connect_one(house, CONNECTION_IDLE);
    struct peer *suspended = connect_one(house, CONNECTION_SUSPENDED);
    pass(house, 59);
    connections_close_overdue(&house->connections);
    assert_int_equal(count_shut(house), 0);
    pass(house, 2);
    connections_close_overdue(&house->connections);
    assert_true(is_shut(answering));
    assert_false(is_shut(idle));
    pass(house, 15);
    connections_close_overdue(&house->connections);
    assert_true(is_shut(idle));
    assert_false(is_shut(suspended));
}

static void test_a_phase_begins_anew(void **state)
{
    struct house *house = *state;
    struct peer *peer = connect_one(house, CONNECTION_NEW);
    pass(house, 9);
    connections_enter(&house->connections, peer->connection, CONNECTION_ANSWERING);
    pass(house, 9);
    connections_close_overdue(&house->connections);
    assert_false(is_shut(peer));
}

static void test_in_a_crowd_the_longest_idle_makes_room(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < CROWD; i++) {
        assert_true(connections_are_kept(&house->connections));
        connect_one(house, i % 2 ? CONNECTION_NEW : CONNECTION_IDLE);
        assert_int_equal(count_shut(house), 0);
    }
    assert_false(connections_are_kept(&house->connections));
    connections_enter(&house->connections, house->peers[0].connection, CONNECTION_IDLE);
    connect_one(house, CONNECTION_NEW); /* the second is the one longest idle now */
    assert_true(is_shut(&house->peers[1]));
    assert_int_equal(count_shut(house), 1);
    connect_one(house, CONNECTION_NEW); /* the one that goes anyway makes no room again */
    assert_true(is_shut(&house->peers[2]));
    assert_int_equal(count_shut(house), 2);
}

static void test_in_a_crowd_answers_have_a_second(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < CROWD; i++)
        connect_one(house, i % 2 ? CONNECTION_SUSPENDED : CONNECTION_ANSWERING);
    connect_one(house, CONNECTION_ANSWERING);
    assert_int_equal(count_shut(house), 0);
    pass(house, 1.1);
    connect_one(house, CONNECTION_ANSWERING);
    assert_true(is_shut(&house->peers[0])); /* seven were there, two more than is comfortable */
    assert_true(is_shut(&house->peers[2]));
    assert_int_equal(count_shut(house), 2);
}

/* At the limit nobody new is let in, so that cannot be what makes room. */
static void test_a_crowd_makes_room_without_anybody_new(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < CROWD; i++)
        connect_one(house, CONNECTION_IDLE);
    connections_close_overdue(&house->connections); /* each may ask yet */
    assert_int_equal(count_shut(house), 0);
    pass(house, 1.1);
    connections_close_overdue(&house->connections);
    assert_true(is_shut(&house->peers[0]));
    assert_int_equal(count_shut(house), 1);
}

struct move {
    struct house *house;
    struct peer *peer;
};

static void *finish(void *context)
{
    struct move *move = context;
    connections_enter(&move->house->connections, move->peer->connection, CONNECTION_IDLE);
    return NULL;
}

static void test_idle_is_when_no_request_is_under_way(void **state)
{
    struct house *house = *state;
    assert_true(connections_await_idle(&house->connections, 0));
    struct peer *peer = connect_one(house, CONNECTION_NEW);
    assert_false(connections_await_idle(&house->connections, 0));
    connections_enter(&house->connections, peer->connection, CONNECTION_SUSPENDED);
    assert_false(connections_await_idle(&house->connections, 0));
    connections_enter(&house->connections, peer->connection, CONNECTION_ANSWERING);
    assert_false(connections_await_idle(&house->connections, 0));

    pthread_t thread;
    struct move move = {house, peer};
    assert_int_equal(pthread_create(&thread, NULL, finish, &move), 0);
    assert_true(connections_await_idle(&house->connections, INT64_MAX));
    pthread_join(thread, NULL);
}

static void test_who_is_dismissed_may_have_asked_already(void **state)
{
    struct house *house = *state;
    struct peer *idle = connect_one(house, CONNECTION_IDLE);
    struct peer *answering = connect_one(house, CONNECTION_ANSWERING);
    char bytes[2];
    assert_int_equal(send(idle->ends[1], "x", 1, 0), 1);
    assert_true(connections_are_kept(&house->connections));
    connections_dismiss(&house->connections);
    assert_false(connections_are_kept(&house->connections));
    assert_int_equal(recv(idle->ends[0], bytes, sizeof bytes, 0), 1); /* what it had asked */
    assert_int_equal(recv(idle->ends[0], bytes, sizeof bytes, 0), 0);
    assert_int_equal(send(idle->ends[0], "y", 1, 0), 1); /* and the answer */
    assert_int_equal(recv(idle->ends[1], bytes, sizeof bytes, 0), 1);
    assert_int_equal(recv(answering->ends[0], bytes, sizeof bytes, 0), -1);

    /* Who had been asked for an answer before is dismissed with it. */
    connections_enter(&house->connections, answering->connection, CONNECTION_IDLE);
    assert_int_equal(recv(answering->ends[0], bytes, sizeof bytes, 0), 0);

    /* All are waited for until they are gone. */
    struct peer *peers[] = {idle, answering};
    for (int i = 0; i < 2; i++) {
        assert_false(connections_await_idle(&house->connections, 0));
        connections_remove(&house->connections, peers[i]->connection);
        peers[i]->connection = NULL;
    }
    assert_true(connections_await_idle(&house->connections, 0));
}

static void test_who_is_new_is_not_waited_for_long(void **state)
{
    struct house *house = *state;
    connect_one(house, CONNECTION_NEW);
    pass(house, 1);
    connect_one(house, CONNECTION_NEW);
    connect_one(house, CONNECTION_IDLE);
    pass(house, 1.5);
    assert_false(connections_await_idle(&house->connections, 0)); /* the second */
    pass(house, 1);
    assert_true(connections_await_idle(&house->connections, 0));
    connect_one(house, CONNECTION_ANSWERING);
    pass(house, 10);
    assert_false(connections_await_idle(&house->connections, 0));
}

static void test_resumed_is_when_none_is_suspended(void **state)
{
    struct house *house = *state;
    connect_one(house, CONNECTION_ANSWERING);
    connections_await_resumed(&house->connections);
    struct peer *peer = connect_one(house, CONNECTION_SUSPENDED);
    pthread_t thread;
    struct move move = {house, peer};
    assert_int_equal(pthread_create(&thread, NULL, finish, &move), 0);
    connections_await_resumed(&house->connections);
    pthread_join(thread, NULL);
    assert_int_equal(peer->connection->phase, CONNECTION_IDLE);
}

#define in_house(test) cmocka_unit_test_setup_teardown(test, make_house, leave_house)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_house(test_a_first_request_has_ten_seconds),
        in_house(test_an_answer_has_a_minute_and_the_next_request_more),
        in_house(test_a_phase_begins_anew),
        in_house(test_in_a_crowd_the_longest_idle_makes_room),
        in_house(test_in_a_crowd_answers_have_a_second),
        in_house(test_a_crowd_makes_room_without_anybody_new),
        in_house(test_idle_is_when_no_request_is_under_way),
        in_house(test_who_is_dismissed_may_have_asked_already),
        in_house(test_who_is_new_is_not_waited_for_long),
        in_house(test_resumed_is_when_none_is_suspended),
    };
    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
