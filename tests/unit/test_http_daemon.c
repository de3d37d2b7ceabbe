// SPDX-License-Identifier: Apache-2.0
/*
 * What connections meet at a real server: which of them make room, when they end, and how many
 * pages they can hold.
 */
#include "web/http_daemon.h"

#include "await.h"
#include "http_client.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of 256 places, a client has a sixteenth. A page of this many destinations is half a MiB: more
 * than the buffers of both ends of a connection. */
enum { SHARE = 16, DESTINATIONS = 5000, MEBIBYTE = 1 << 20 };

#define HEALTHY "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define METRICS "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

static struct publication *publication;
static struct web_server *web;
static atomic_int_least64_t ahead; /* how far the server's clock is */

static int64_t read_clock(void *context)
{
    (void)context;
    return clock_now(&system_clock) + ahead;
}

static const struct clock web_clock = {.monotonic = read_clock};

/* Replace the page by another large one. Its body is made here: that takes time, of which the web
 * thread has little. Returns the body's size in memory. */
static size_t publish_page(void)
{
    struct page *page = small_web_page(DESTINATIONS, &system_clock);
    struct body *body = page_body(page, PAGE_TEXT, false);
    assert_non_null(body);
    size_t size = body->bytes.capacity;
    body_release(body);
    publication_put(publication, page);
    return size;
}

static int start_web(void **state)
{
    (void)state;
    publication = publication_create();
    publish_page();
    web = small_web_start(publication, &web_clock, NULL);
    return web ? 0 : -1;
}

static int stop_web(void **state)
{
    (void)state;
    web_server_stop(web);
    publication_destroy(publication);
    return body_bytes_alive() == 0 ? 0 : -1;
}

static int connect_from(const char *source)
{
    int fd = http_connect(source, "127.0.0.1", SMALL_WEB_PORT);
    assert_true(fd >= 0);
    return fd;
}

static void assert_answered(int fd, const char *request)
{
    struct http_reply reply;
    assert_int_equal(http_ask(fd, request, &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_free(&reply);
}

static void say(int fd, const char *request)
{
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
}

/* Wait until something comes, which is left there. Returns 0 for the end of the connection. */
static ssize_t await_byte(int fd)
{
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK);
}

static void test_a_client_makes_room_by_its_longest_idle_connection(void **state)
{
    (void)state;
    int fds[SHARE], other = connect_from("127.0.2.1");
    assert_answered(other, HEALTHY);
    for (int i = 0; i < SHARE; i++) {
        fds[i] = connect_from("127.0.1.1");
        assert_answered(fds[i], HEALTHY);
    }
    assert_answered(fds[0], HEALTHY);
    int one_more = connect_from("127.0.1.1");
    assert_answered(one_more, HEALTHY);
    assert_int_equal(await_byte(fds[1]), 0);
    assert_answered(other, HEALTHY);
    for (int i = 0; i < SHARE; i++) {
        if (i != 1)
            assert_answered(fds[i], HEALTHY);
        close(fds[i]);
    }
    close(one_more);
    close(other);
    assert_int_equal(web_server_rejections(web), 0);
}

static void test_a_client_with_all_its_answers_under_way_is_turned_away(void **state)
{
    (void)state;
    int fds[SHARE];
    for (int i = 0; i < SHARE; i++) {
        fds[i] = connect_from("127.0.1.1");
        say(fds[i], METRICS);
        assert_int_equal(await_byte(fds[i]), 1);
    }
    int one_more = connect_from("127.0.1.1");
    assert_int_equal(await_byte(one_more), 0);
    assert_int_equal(web_server_rejections(web), 1);
    int other = connect_from("127.0.2.1");
    assert_answered(other, METRICS);
    assert_answered(fds[0], ""); /* the rest of it */
    for (int i = 0; i < SHARE; i++)
        close(fds[i]);
    close(one_more);
    close(other);
}

static void test_an_idle_connection_ends_after_75_seconds(void **state)
{
    (void)state;
    int fd = connect_from("127.0.1.1");
    struct pollfd end = {.fd = fd, .events = POLLIN};
    assert_answered(fd, HEALTHY);
    int ended = poll(&end, 1, 0);
    assert_int_equal(ended, 0);
    /* Twice: the server may still be about to notice that its answer is complete. */
    for (int i = 0; i < 2 && ended == 0; i++) {
        ahead += 76 * NANOSECONDS_PER_SECOND;
        ended = poll(&end, 1, 5000);
    }
    assert_int_equal(ended, 1);
    assert_int_equal(await_byte(fd), 0);
    close(fd);
}

static void test_a_half_closed_connection_ends_after_its_answers(void **state)
{
    (void)state;
    static const struct {
        const char *requests;
        int more; /* answers after the first */
    } cases[] = {{HEALTHY, 0}, {HEALTHY HEALTHY, 1}, {METRICS, 0}, {METRICS HEALTHY METRICS, 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_reply reply;
        int fd = connect_from("127.0.1.1"), more = 0;
        say(fd, cases[i].requests);
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_int_equal(http_exchange(fd, "", &reply), 0); /* until its end */
        for (const char *at = reply.body; (at = strstr(at, "HTTP/1.1 200 OK\r\n")); at++)
            more++;
        assert_int_equal(reply.status, 200);
        assert_int_equal(more, cases[i].more);
        http_reply_free(&reply);
        close(fd);
    }
}

static void test_the_body_of_a_request_is_read_and_dropped(void **state)
{
    (void)state;
    int fd = connect_from("127.0.1.1");
    for (int i = 0; i < 3; i++) {
        assert_answered(fd,
                        "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 16\r\n\r\n"
                        "sixteen bytes...");
        assert_answered(fd, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n"
                            "Transfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n");
    }
    close(fd);
}

static int is_bounded(void *limit)
{
    return body_bytes_alive() <= *(size_t *)limit;
}

/* Each client reads nothing of a page of its own. */
static void test_slow_readers_hold_eight_mebibytes_of_old_pages(void **state)
{
    (void)state;
    enum { CLIENTS = 40, ADDRESSES = 8 };
    int fds[CLIENTS], ended = 0;
    for (int i = 0; i < CLIENTS; i++) {
        size_t limit = 8 * MEBIBYTE + publish_page();
        char source[32];
        snprintf(source, sizeof source, "127.0.1.%d", 1 + i % ADDRESSES);
        fds[i] = connect_from(source);
        say(fds[i], METRICS);
        assert_int_equal(await_byte(fds[i]), 1);
        assert_int_equal(await_until(is_bounded, &limit), 0);
    }
    assert_true(body_bytes_alive() > 4 * MEBIBYTE); /* no more are ended than need be */
    int fresh = connect_from("127.0.2.1");
    assert_answered(fresh, METRICS);
    struct http_reply reply = {0};
    while (ended < CLIENTS && http_ask(fds[ended], "", &reply) != 0)
        ended++; /* from the oldest on */
    assert_in_range(ended, CLIENTS / 2, CLIENTS - 1);
    http_reply_free(&reply);
    for (int i = 0; i < CLIENTS; i++)
        close(fds[i]);
    close(fresh);
}

#define with_web(test) cmocka_unit_test_setup_teardown(test, start_web, stop_web)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_web(test_a_client_makes_room_by_its_longest_idle_connection),
        with_web(test_a_client_with_all_its_answers_under_way_is_turned_away),
        with_web(test_an_idle_connection_ends_after_75_seconds),
        with_web(test_a_half_closed_connection_ends_after_its_answers),
        with_web(test_the_body_of_a_request_is_read_and_dropped),
        with_web(test_slow_readers_hold_eight_mebibytes_of_old_pages),
    };
    return cmocka_run_group_tests_name("http daemon", tests, NULL, NULL);
}
