// SPDX-License-Identifier: Apache-2.0
/*
 * What is answered at which path, and how that is counted: by a web server with one page.
 */
#include "web/http_head.h"
#include "web/http_site.h"

#include "http_client.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_int_least64_t now;
static struct publication *publication;
static struct web_server *web;

static int64_t read_now(void *context)
{
    (void)context;
    return atomic_load(&now);
}

static const struct clock test_clock = {
    .monotonic = read_now, .unix_time = read_now, .thread_cpu = read_now};

static int start_web(void **state)
{
    (void)state;
    atomic_store(&now, NANOSECONDS_PER_SECOND);
    publication = publication_create();
    publication_put(publication, small_web_page(3, &test_clock));
    web = small_web_start(publication, &test_clock, NULL);
    return web ? 0 : -1;
}

static int stop_web(void **state)
{
    (void)state;
    web_server_stop(web);
    publication_destroy(publication);
    return 0;
}

/* The answer to a request for `target`, with more header lines. */
static struct http_reply ask(const char *method, const char *target, const char *headers)
{
    char request[HTTP_HEAD_MAX + 256];
    struct http_reply reply;
    snprintf(request, sizeof request,
             "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", method, target,
             headers);
    int fd = http_connect(NULL, "127.0.0.1", SMALL_WEB_PORT);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd, request, &reply), 0);
    close(fd);
    return reply;
}

static void assert_answer(const char *method, const char *target, int status, const char *text)
{
    struct http_reply reply = ask(method, target, "");
    if (reply.status != status || !strstr(reply.body, text))
        fail_msg("%s %s: %d\n%s", method, target, reply.status, reply.body);
    http_reply_free(&reply);
}

static void test_what_is_at_each_path(void **state)
{
    (void)state;
    assert_answer("GET", "/metrics", 200, "# HELP sockdiag_tcp_sockets ");
    assert_answer("GET", "/", 200, "<!DOCTYPE html>");
    assert_answer("GET", "/-/healthy", 200, "Healthy.\n");
    assert_answer("GET", "/-/ready", 200, "Ready.\n");
    assert_answer("GET", "/metrics?name=value", 200, "# HELP sockdiag_tcp_sockets ");
    assert_answer("GET", "/metrics/", 404, "Not found.\n");
    assert_answer("GET", "/nowhere", 404, "Not found.\n");
    assert_answer("DELETE", "/nowhere", 404, "Not found.\n");
    assert_answer("POST", "/metrics", 405, "Method not allowed.\n");
    assert_answer("OPTIONS", "/", 405, "Method not allowed.\n");
}

static void test_a_target_may_be_a_whole_uri(void **state)
{
    (void)state;
    assert_answer("GET", "HTTP://localhost:10073/-/ready", 200, "Ready.\n");
    assert_answer("GET", "HTTPS://localhost/-/healthy?x=y", 200, "Healthy.\n");
    assert_answer("GET", "http://localhost", 200, "<!DOCTYPE html>");
    assert_answer("GET", "http://localhost/nowhere", 404, "Not found.\n");
    assert_answer("GET", "ftp://localhost/metrics", 404, "Not found.\n");
}

static void assert_has(const struct http_reply *reply, const char *header)
{
    if (!strstr(reply->head, header))
        fail_msg("no %s in %s", header, reply->head);
}

static void test_a_wrong_method_learns_the_right_ones(void **state)
{
    (void)state;
    struct http_reply reply = ask("PUT", "/-/ready", "");
    assert_int_equal(reply.status, 405);
    assert_has(&reply, "\r\nAllow: GET, HEAD");
    http_reply_free(&reply);
}

static void test_head_is_answered_without_a_body(void **state)
{
    (void)state;
    struct http_reply whole = ask("GET", "/metrics", ""), head = ask("HEAD", "/metrics", "");
    char length[64];
    snprintf(length, sizeof length, "\r\nContent-Length: %zu", whole.body_length);
    assert_int_equal(head.status, 200);
    assert_has(&head, length);
    assert_int_equal(head.body_length, 0);
    http_reply_free(&whole);
    http_reply_free(&head);
}

/* The Content-Type of the metrics for a client with these header lines. */
static void assert_negotiated(const char *headers, const char *content_type, bool compressed)
{
    struct http_reply reply = ask("GET", "/metrics", headers);
    char line[128];
    snprintf(line, sizeof line, "\r\nContent-Type: %s", content_type);
    assert_has(&reply, line);
    assert_has(&reply, "\r\nVary: Accept, Accept-Encoding");
    assert_int_equal(strstr(reply.head, "\r\nContent-Encoding: gzip") != NULL, compressed);
    assert_int_equal(memcmp(reply.body, "\x1f\x8b", 2) == 0, compressed);
    http_reply_free(&reply);
}

static void test_a_client_gets_what_it_accepts(void **state)
{
    (void)state;
#define OPENMETRICS "application/openmetrics-text; version=1.0.0"
    assert_negotiated("", "text/plain", false);
    assert_negotiated("Accept-Encoding: gzip\r\n", "text/plain", true);
    assert_negotiated("Accept: " OPENMETRICS "\r\n", OPENMETRICS, false);
    /* the first line counts, as in Go's exporters */
    assert_negotiated("X: y\r\naccept: " OPENMETRICS "\r\nAccept: text/plain\r\n", OPENMETRICS,
                      false);
}

static void test_an_old_page_is_not_shown(void **state)
{
    (void)state;
    static const char *const paths[] = {"/", "/metrics", "/-/ready"};
    atomic_fetch_add(&now, 3600 * NANOSECONDS_PER_SECOND + 1);
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct http_reply reply = ask("GET", paths[i], "");
        assert_int_equal(reply.status, 503);
        assert_has(&reply, "\r\nRetry-After: 1");
        assert_int_equal(strstr(reply.head, "\r\nRefresh: 5") != NULL, i == 0);
        http_reply_free(&reply);
    }
    assert_answer("GET", "/-/healthy", 200, "Healthy.\n");
}

static uint64_t count_of(const char *handler, unsigned code)
{
    struct request_count counts[REQUEST_COUNTS_MAX];
    size_t count = web_server_requests(web, counts);
    assert_in_range(count, 1, REQUEST_COUNTS_MAX);
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (counts[i].code == code && strcmp(counts[i].handler, handler) == 0)
            sum += counts[i].requests;
    }
    return sum;
}

static uint64_t count_all(void)
{
    struct request_count counts[REQUEST_COUNTS_MAX];
    uint64_t sum = 0;
    for (size_t i = web_server_requests(web, counts); i > 0; i--)
        sum += counts[i - 1].requests;
    return sum;
}

static void test_each_request_is_counted_once(void **state)
{
    (void)state;
    static char large[HTTP_HEAD_MAX];
    static const struct {
        const char *method, *target, *headers, *handler;
        unsigned code;
    } cases[] = {
        {"GET", "/metrics", "", "/metrics", 200},
        {"GET", "/metrics", "", "/metrics", 200},
        {"HEAD", "/metrics?x", "", "/metrics", 200},
        {"POST", "/metrics", "", "/metrics", 405},
        {"GET", "/", "", "/", 200},
        {"GET", "/-/healthy", "", "/-/healthy", 200},
        {"GET", "/-/ready", "", "/-/ready", 200},
        {"GET", "/nowhere", "", "other", 404},
        {"GET", "/metrics", large, "other", 431},
    };
    memset(large, 'X', sizeof large - 5);
    memcpy(large + sizeof large - 5, ":\r\n", 4);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t before = count_of(cases[i].handler, cases[i].code);
        assert_int_equal(count_all(), i);
        struct http_reply reply = ask(cases[i].method, cases[i].target, cases[i].headers);
        http_reply_free(&reply);
        assert_int_equal(count_of(cases[i].handler, cases[i].code), before + 1);
        assert_int_equal(count_all(), i + 1);
    }
    assert_int_equal(web_server_rejections(web), 0);
}

#define with_web(test) cmocka_unit_test_setup_teardown(test, start_web, stop_web)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_web(test_what_is_at_each_path),
        with_web(test_a_target_may_be_a_whole_uri),
        with_web(test_a_wrong_method_learns_the_right_ones),
        with_web(test_head_is_answered_without_a_body),
        with_web(test_a_client_gets_what_it_accepts),
        with_web(test_an_old_page_is_not_shown),
        with_web(test_each_request_is_counted_once),
    };
    return cmocka_run_group_tests_name("http site", tests, NULL, NULL);
}
