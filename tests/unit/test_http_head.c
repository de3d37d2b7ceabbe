// SPDX-License-Identifier: Apache-2.0
/*
 * Which heads of requests are refused, and how: by a web server with libmicrohttpd in it, because
 * that is what reads them.
 */
#include "web/http_head.h"

#include "http_client.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct publication *publication;
static struct web_server *web;

static int start_web(void **state)
{
    (void)state;
    publication = publication_create();
    web = small_web_start(publication, &system_clock, NULL);
    return web ? 0 : -1;
}

static int stop_web(void **state)
{
    (void)state;
    web_server_stop(web);
    publication_destroy(publication);
    return 0;
}

/* Read until the end of the connection, which must have been announced. A second status line where
 * the body should be, or a body of another length, is no answer. */
static int status_of(const char *request)
{
    struct http_reply reply;
    int fd = http_connect(NULL, "127.0.0.1", SMALL_WEB_PORT);
    assert_true(fd >= 0);
    int error = http_exchange(fd, request, &reply);
    close(fd);
    if (error)
        fail_msg("error %d after %.200s", error, request);
    const char *length = strstr(reply.head, "\r\nContent-Length: ");
    assert_non_null(length);
    assert_int_equal(strtoul(length + 18, NULL, 10), reply.body_length);
    assert_int_not_equal(strncmp(reply.body, "HTTP/1.", 7), 0);
    assert_non_null(strcasestr(reply.head, "\r\nConnection: close"));
    int status = reply.status;
    http_reply_free(&reply);
    return status;
}

static void assert_statuses(const char *const requests[], size_t count, int status)
{
    for (size_t i = 0; i < count; i++) {
        int answer = status_of(requests[i]);
        if (answer != status)
            fail_msg("%d after %s", answer, requests[i]);
    }
}

#define GET   "GET /-/healthy HTTP/1.1\r\n"
#define POST  "POST /-/healthy HTTP/1.1\r\n"
#define HOST  "Host: localhost\r\n"
#define CLOSE "Connection: close\r\n"

/* Each without "Connection: close". Behind it are five bytes, which are a body without a chunk,
 * too, and a second request, which must not be answered: the connection ends. */
static void test_what_servers_read_differently_is_refused(void **state)
{
    (void)state;
#define NEXT "\r\n0\r\n\r\n" GET HOST CLOSE "\r\n"
    static const char *const requests[] = {
        POST HOST "Content-Length: 4\r\nContent-Length: 5\r\n" NEXT,
        POST HOST "Content-Length: 5\r\nContent-Length: 5\r\n" NEXT,
        POST HOST "Content-Length: 5\r\ncontent-length: 4\r\n" NEXT,
        POST HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" NEXT,
        POST HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" NEXT,
        POST HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" NEXT,
        POST HOST "Transfer-Encoding : chunked\r\n" NEXT,
        POST HOST "Content-Length : 5\r\n" NEXT,
        GET HOST "X-Some\t: thing\r\n" NEXT,
        GET HOST "X Some: thing\r\n" NEXT,
        GET NEXT,
        GET HOST HOST NEXT,
        GET "Host : localhost\r\n" NEXT,
        "GET /-/healthy HTTP/1.0\r\n" HOST HOST NEXT,
    };
    static const char *const codings[] = {"gzip", "gzip, chunked", ""};
    assert_statuses(requests, sizeof requests / sizeof requests[0], 400);
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        char request[512];
        snprintf(request, sizeof request, POST HOST "Transfer-Encoding: %s\r\n" NEXT, codings[i]);
        int answer = status_of(request);
        assert_true(answer == 400 || answer == 501); /* of libmicrohttpd 1.0.10 */
    }
}

static void test_what_all_servers_read_alike_is_answered(void **state)
{
    (void)state;
    static const char *const requests[] = {
        GET HOST CLOSE "\r\n",
        GET "host: localhost\r\n" CLOSE "\r\n",
        GET "Host:\r\n" CLOSE "\r\n",
        "GET /-/healthy HTTP/1.0\r\n\r\n",
        "GET /-/healthy HTTP/1.0\r\n" HOST "\r\n",
        GET HOST CLOSE "!#$%&'*+-.^_`|~09azAZ: a field's name\r\n\r\n",
        GET HOST CLOSE "Content-Length: 4\r\n\r\nbody",
        GET HOST CLOSE "Transfer-Encoding: Chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    };
    assert_statuses(requests, sizeof requests / sizeof requests[0], 200);
}

/* A request with a head of `size` bytes. */
static const char *make_request(size_t size)
{
    static const char frame[] = GET HOST CLOSE "X-Fill: \r\n\r\n";
    static char request[65536];
    int fill = (int)(size - strlen(frame));
    snprintf(request, sizeof request, GET HOST CLOSE "X-Fill: %0*d\r\n\r\n", fill, 0);
    assert_int_equal(strlen(request), size);
    return request;
}

static void test_a_head_may_have_16384_bytes(void **state)
{
    (void)state;
    static const size_t refused[] = {16385, 20000, 33000, 64000};
    assert_int_equal(status_of(make_request(8192)), 200);
    assert_int_equal(status_of(make_request(16384)), 200);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(status_of(make_request(refused[i])), 431);
}

/* A browser sends the cookies of a host to all its ports. */
static const char *make_cookies(int count, int length)
{
    static char request[65536];
    int used = snprintf(request, sizeof request, GET HOST CLOSE "Cookie: ");
    for (int i = 0; i < count; i++)
        used += snprintf(request + used, sizeof request - (size_t)used, "%sc%03d=%0*d",
                         i ? "; " : "", i, length, i);
    snprintf(request + used, sizeof request - (size_t)used, "\r\n\r\n");
    assert_true(strlen(request) <= HTTP_HEAD_MAX);
    return request;
}

static void test_many_cookies_and_parameters_are_answered(void **state)
{
    (void)state;
    assert_int_equal(status_of(make_cookies(20, 250)), 200);
    assert_int_equal(status_of(make_cookies(30, 250)), 200);
    assert_int_equal(status_of(make_cookies(150, 24)), 200);
    assert_int_equal(status_of(make_cookies(2, 4000)), 200);

    static char request[16384];
    int used = snprintf(request, sizeof request, "GET /-/healthy?");
    for (int i = 0; i < 400; i++)
        used += snprintf(request + used, sizeof request - (size_t)used, "&a%d=b", i);
    snprintf(request + used, sizeof request - (size_t)used, " HTTP/1.1\r\n" HOST CLOSE "\r\n");
    assert_int_equal(status_of(request), 200);
}

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_servers_read_differently_is_refused),
        cmocka_unit_test(test_what_all_servers_read_alike_is_answered),
        cmocka_unit_test(test_a_head_may_have_16384_bytes),
        cmocka_unit_test(test_many_cookies_and_parameters_are_answered),
    };
    return cmocka_run_group_tests_name("http head", tests, start_web, stop_web);
}
