// SPDX-License-Identifier: Apache-2.0
/*
 * Connections that are taken from a listening socket, or left there for want of descriptors or
 * room. The daemon that gets them is real, and has its turns from the test.
 */
#include "web/acceptor.h"

#include "await.h"
#include "http_client.h"
#include "skip.h"
#include "web/listen_socket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 10073, PLACES = 32, TAKEN_AT_ONCE = CONNECTIONS_PER_TURN, WAIT = 1000, NUMBER = 1 };

static struct stage {
    struct publication *publication;
    struct http_site site;
    struct http_daemon daemon;
    struct acceptor acceptor;
    struct rlimit files;
} stage;

static int raise_stage(void **state)
{
    (void)state;
    char error[256];
    stage = (struct stage){.publication = publication_create()};
    assert_true(http_site_init(&stage.site, "/metrics", stage.publication, &system_clock));
    stage.acceptor.number = NUMBER;
    stage.acceptor.fd = listen_socket_open("127.0.0.1:10073", error, sizeof error);
    getrlimit(RLIMIT_NOFILE, &stage.files);
    return stage.acceptor.fd >= 0 && http_daemon_start(&stage.daemon, NUMBER + 1, PLACES,
                                                       &stage.site, -1, &system_clock)
               ? 0
               : -1;
}

static int strike_stage(void **state)
{
    (void)state;
    setrlimit(RLIMIT_NOFILE, &stage.files);
    http_daemon_stop(&stage.daemon);
    close(stage.acceptor.fd);
    publication_destroy(stage.publication);
    return 0;
}

/* From another address each time: each is a client of its own. */
static int connect_one(void)
{
    static int client;
    char source[32];
    snprintf(source, sizeof source, "127.0.1.%d", ++client);
    int fd = http_connect(source, "127.0.0.1", PORT);
    assert_true(fd >= 0);
    return fd;
}

static int is_answered(void *client)
{
    char byte;
    http_daemon_run(&stage.daemon);
    ssize_t got = recv(*(int *)client, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 ? -ECONNRESET : got > 0;
}

static void assert_answered(int client)
{
    static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(client, request, strlen(request), MSG_NOSIGNAL), strlen(request));
    assert_int_equal(await_until(is_answered, &client), 0);
}

static bool waits_to_be_taken(void)
{
    struct pollfd state = {.fd = stage.acceptor.fd, .events = POLLIN};
    return poll(&state, 1, 0) > 0;
}

static void test_connections_are_taken_and_served(void **state)
{
    (void)state;
    int clients[2] = {connect_one(), connect_one()}, wait = WAIT;
    assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait), stage.acceptor.fd);
    assert_int_equal(wait, WAIT);
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_false(waits_to_be_taken());
    assert_int_equal(stage.daemon.connections.counts[NUMBER], 2);
    for (int i = 0; i < 2; i++) {
        assert_answered(clients[i]);
        close(clients[i]);
    }
}

/* The lowest descriptor that is free: those that exist are below. */
static rlim_t first_free_descriptor(void)
{
    int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);
    assert_true(fd >= 0);
    close(fd);
    return (rlim_t)fd;
}

static void test_without_descriptors_it_pauses(void **state)
{
    (void)state;
    int client = connect_one(), wait = WAIT;
    const struct rlimit used_up = {first_free_descriptor(), stage.files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &used_up);
    int64_t silent_until = 0;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait),
                         stage.acceptor.fd);
        assert_int_equal(wait, WAIT);
        acceptor_take(&stage.acceptor, &stage.daemon);
        assert_true(waits_to_be_taken());
        assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait), -1);
        assert_in_range(wait, 1, WAIT / 10);
        wait = WAIT;
        assert_true(stage.acceptor.silent_until > clock_now(&system_clock));
        assert_true(i == 0 || stage.acceptor.silent_until == silent_until); /* warned once */
        silent_until = stage.acceptor.silent_until;
    }
    setrlimit(RLIMIT_NOFILE, &stage.files);
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_false(waits_to_be_taken());
    assert_answered(client);
    close(client);
}

static void test_a_shorter_wait_stays(void **state)
{
    (void)state;
    int wait = 7;
    stage.acceptor.short_of_resources = true;
    assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait), -1);
    assert_int_equal(wait, 7);
}

/* All places are for checks of passwords, which cannot be ended. */
static void test_without_room_connections_are_left(void **state)
{
    (void)state;
    struct connection *held[PLACES];
    int client = connect_one(), wait = WAIT;
    for (int i = 0; i < PLACES; i++) {
        held[i] = connections_add(&stage.daemon.connections, NUMBER, -1, (uint64_t)i + 1);
        assert_non_null(held[i]);
        connections_enter(&stage.daemon.connections, held[i], CONNECTION_SUSPENDED);
    }
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_true(waits_to_be_taken());
    assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait), -1);
    assert_in_range(wait, 1, WAIT / 10);
    connections_remove(&stage.daemon.connections, held[0]);
    assert_int_equal(acceptor_poll_fd(&stage.acceptor, &stage.daemon, &wait), stage.acceptor.fd);
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_false(waits_to_be_taken());
    assert_answered(client);
    for (int i = 1; i < PLACES; i++)
        connections_remove(&stage.daemon.connections, held[i]);
    close(client);
}

/* However many come, those that exist have their turns. */
static void test_a_turn_takes_a_limited_number(void **state)
{
    (void)state;
    int clients[TAKEN_AT_ONCE + 1];
    for (int i = 0; i <= TAKEN_AT_ONCE; i++)
        clients[i] = connect_one();
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_true(waits_to_be_taken());
    acceptor_take(&stage.acceptor, &stage.daemon);
    assert_false(waits_to_be_taken());
    for (int i = 0; i <= TAKEN_AT_ONCE; i++)
        close(clients[i]);
}

#define staged(test) cmocka_unit_test_setup_teardown(test, raise_stage, strike_stage)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        staged(test_connections_are_taken_and_served),
        staged(test_without_descriptors_it_pauses),
        staged(test_a_shorter_wait_stays),
        staged(test_without_room_connections_are_left),
        staged(test_a_turn_takes_a_limited_number),
    };
    return cmocka_run_group_tests_name("acceptor", tests, NULL, NULL);
}
