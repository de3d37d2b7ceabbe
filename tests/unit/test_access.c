// SPDX-License-Identifier: Apache-2.0
/*
 * Which requests are let in, and with which headers they are answered: by a web server with a
 * configuration.
 */
#include "http_client.h"
#include "scratch.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEN    "0123456789"
#define EIGHTY TEN TEN TEN TEN TEN TEN TEN TEN

/* Their passwords: "wonderland", "builder", and 80 bytes. */
#define ALICE "  alice: $2b$04$DYh4Ns.BTP./Z3aP8ZcVIu5pdO18xk1CWwvaIbcpQx0RJAZSwwLWm\n"
#define BOB   "  bob: $2b$04$TIQ9sYfnyLxYLiiuOwGfBOZt6mfPhLtEUjduGVu3yqquos37ApWZ.\n"
#define LONG  "  long: $2b$04$UlJQ5IZaTmhfLvk8mR2louvgAkymfk1eBZ1netldUnxhtV6SAnU3G\n"
#define USERS "basic_auth_users:\n" ALICE BOB LONG

static struct publication *publication;
static struct web_server *web;

static void start_web(const char *config)
{
    publication = publication_create();
    web = small_web_start(publication, &system_clock, config ? small_web_config(config) : NULL);
    assert_non_null(web);
}

static int stop_web(void **state)
{
    (void)state;
    web_server_stop(web);
    publication_destroy(publication);
    return 0;
}

/* Ask with one more header, "" for none. */
static struct http_reply ask(const char *header)
{
    char request[1024];
    struct http_reply reply;
    snprintf(request, sizeof request,
             "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%s\r\n", header);
    int fd = http_connect(NULL, "127.0.0.1", SMALL_WEB_PORT);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd, request, &reply), 0);
    close(fd);
    return reply;
}

static int status_with(const char *header)
{
    struct http_reply reply = ask(header);
    int status = reply.status;
    http_reply_free(&reply);
    return status;
}

/* The status that a user gets with a password. */
static int status_of(const char *user, const char *password)
{
    char plain[256], header[512];
    gnutls_datum_t encoded;
    int length = snprintf(plain, sizeof plain, "%s:%s", user, password);
    assert_int_equal(gnutls_base64_encode2(
                         &(gnutls_datum_t){(unsigned char *)plain, (unsigned)length}, &encoded),
                     0);
    snprintf(header, sizeof header, "Authorization: Basic %.*s\r\n", (int)encoded.size,
             (const char *)encoded.data);
    gnutls_free(encoded.data);
    return status_with(header);
}

static void configure(const char *text)
{
    char error[256];
    assert_true(web_server_configure(web, small_web_config(text), error, sizeof error));
}

static void test_without_users_everyone_is_let_in(void **state)
{
    (void)state;
    start_web(NULL);
    assert_int_equal(status_with(""), 200);
    assert_int_equal(status_of("alice", "rabbit"), 200);
    stop_web(state);
    start_web("");
    assert_int_equal(status_with(""), 200);
}

static void test_users_are_let_in_with_their_password(void **state)
{
    (void)state;
    start_web(USERS);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(status_of("alice", "wonderland"), 200);
        assert_int_equal(status_of("alice", "builder"), 401);
        assert_int_equal(status_of("bob", "builder"), 200);
        assert_int_equal(status_of("carol", "wonderland"), 401);
        assert_int_equal(status_with(""), 401);
        assert_int_equal(status_with("Authorization: Bearer wonderland\r\n"), 401);
    }
    struct http_reply reply = ask("");
    assert_non_null(strstr(reply.head, "\r\nWWW-Authenticate: Basic realm="));
    http_reply_free(&reply);
}

/* Go's bcrypt takes the first 72 bytes, and so do the exporters that use it. */
static void test_the_first_72_bytes_of_a_password_decide(void **state)
{
    (void)state;
    start_web(USERS);
    assert_int_equal(status_of("long", EIGHTY), 200);
    assert_int_equal(status_of("long", EIGHTY "and more"), 200);
    assert_int_equal(status_of("long", TEN TEN TEN TEN TEN TEN TEN "01"), 200);
    assert_int_equal(status_of("long", TEN TEN TEN TEN TEN TEN TEN "01x"), 200);
    assert_int_equal(status_of("long", TEN TEN TEN TEN TEN TEN TEN "0"), 401);
}

static void *find_no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void test_without_memory_no_password_is_called_wrong(void **state)
{
    (void)state;
    start_web(USERS);
    const gnutls_alloc_function usual = gnutls_malloc;
    assert_int_equal(status_of("alice", "wonderland"), 200);
    gnutls_malloc = find_no_memory;
    int status = status_with("Authorization: Basic YWxpY2U6d29uZGVybGFuZA==\r\n");
    gnutls_malloc = usual;
    assert_int_equal(status, 503);
    assert_int_equal(status_of("alice", "wonderland"), 200);
}

static void test_new_users_take_the_place_of_the_old(void **state)
{
    (void)state;
    start_web(USERS);
    assert_int_equal(status_of("alice", "wonderland"), 200);
    assert_int_equal(status_of("bob", "builder"), 200);
    configure("basic_auth_users:\n  bob: "
              "$2b$04$fD5sukzvlwbQpUHyHQuS9eD3I1A77eq1m1duy4lJvHjJ9QDU6k.7C\n" ALICE);
    assert_int_equal(status_of("alice", "wonderland"), 200);
    assert_int_equal(status_of("bob", "builder"), 401);
    assert_int_equal(status_of("bob", "mirror"), 200);
    configure("basic_auth_users:\n" BOB);
    assert_int_equal(status_of("alice", "wonderland"), 401);
}

/* Where `header` ("\r\nName: value\r\n") is in the only line of that name. */
static void assert_header(const char *head, const char *header)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(header, ":") + 1, header);
    const char *line = strstr(head, name);
    if (!line || !strstr(head, header) || strstr(line + 1, name))
        fail_msg("not once%s in %s", header, head);
}

static void test_every_answer_has_headers_that_protect_a_browser(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "\r\nContent-Security-Policy: default-src 'none'; style-src 'sha256-",
        "\r\nX-Content-Type-Options: nosniff\r\n",
        "\r\nX-Frame-Options: DENY\r\n",
        "\r\nReferrer-Policy: no-referrer\r\n",
        "\r\nCross-Origin-Resource-Policy: same-origin\r\n",
        "\r\nCross-Origin-Opener-Policy: same-origin\r\n",
        "\r\nCache-Control: no-store\r\n",
    };
    start_web(USERS);
    struct http_reply reply = ask("");
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_header(reply.head, headers[i]);
    http_reply_free(&reply);
}

static void test_configured_headers_replace_those(void **state)
{
    (void)state;
    start_web("http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n");
    struct http_reply reply = ask("");
    assert_header(reply.head, "\r\nX-Frame-Options: sameorigin\r\n");
    assert_header(reply.head, "\r\nX-Content-Type-Options: nosniff\r\n");
    http_reply_free(&reply);
    configure("http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=600\n");
    reply = ask("");
    assert_header(reply.head, "\r\nX-Frame-Options: DENY\r\n");
    assert_header(reply.head, "\r\nStrict-Transport-Security: max-age=600\r\n");
    http_reply_free(&reply);
}

#define with_web(test) cmocka_unit_test_teardown(test, stop_web)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_web(test_without_users_everyone_is_let_in),
        with_web(test_users_are_let_in_with_their_password),
        with_web(test_the_first_72_bytes_of_a_password_decide),
        with_web(test_without_memory_no_password_is_called_wrong),
        with_web(test_new_users_take_the_place_of_the_old),
        with_web(test_every_answer_has_headers_that_protect_a_browser),
        with_web(test_configured_headers_replace_those),
    };
    return cmocka_run_group_tests_name("access", tests, scratch_make, scratch_remove);
}
