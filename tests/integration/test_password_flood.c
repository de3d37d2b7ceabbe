// SPDX-License-Identifier: Apache-2.0
/*
 * Wrong passwords from many addresses, at a cost of bcrypt that keeps them waiting: a client whose
 * password is known is still answered.
 */
#include "await.h"
#include "daemon_check.h"
#include "http_client.h"
#include "scratch.h"
#include "skip.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 10073, CONNECTIONS = 64 };

/* The password "secret", of which a check takes four seconds at a fifth of a CPU. */
#define HASH "$2b$14$0uqXNV8ALAIN.lx9uQhRReOoKpIasoe6NoJyFAR90QtA6frAnrXn2"

static struct daemon exporter;

static int connections[CONNECTIONS]; /* each waits for an answer */

/* A request of `user` with `password`. */
static void write_request(char *request, size_t size, const char *user, const char *password,
                          const char *connection)
{
    char credentials[64];
    gnutls_datum_t encoded;
    int length = snprintf(credentials, sizeof credentials, "%s:%s", user, password);
    const gnutls_datum_t plain = {(unsigned char *)credentials, (unsigned)length};
    if (gnutls_base64_encode2(&plain, &encoded) < 0)
        encoded = (gnutls_datum_t){0};
    snprintf(request, size,
             "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic %.*s\r\n"
             "Connection: %s\r\n\r\n",
             (int)encoded.size, (const char *)encoded.data, connection);
    gnutls_free(encoded.data);
}

/* The status of the answer that `source` gets, or -errno. */
static int ask(const char *source, const char *user, const char *password)
{
    char request[512];
    struct http_reply reply = {0};
    write_request(request, sizeof request, user, password, "close");
    int fd = http_connect(source, "127.0.0.1", PORT);
    if (fd < 0)
        return fd;
    int error = http_exchange(fd, request, &reply);
    close(fd);
    int status = reply.status;
    http_reply_free(&reply);
    return error ? error : status;
}

static int start_with_few_places(void **state)
{
    (void)state;
    scratch_write_text("web.yml", "basic_auth_users:\n  user0: " HASH "\n");
    char file[256];
    snprintf(file, sizeof file, "--web.config.file=%s", scratch_path("web.yml"));
    daemon_start_ready(&exporter, (const char *[]){file, "--web.max-connections=32", NULL}, NULL);
    return 0;
}

/* The exporter first: it answers the requests that wait for a check. */
static int stop_flooded(void **state)
{
    (void)state;
    daemon_assert_end(&exporter, SIGTERM, 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i] > 0)
            close(connections[i]);
    }
    return 0;
}

/* Is the password known? On a busy machine its check may outlast a request: ask again. */
static int is_known(void *context)
{
    (void)context;
    int status = ask("127.0.2.1", "user0", "secret");
    if (status == -EAGAIN || status == 503)
        return 0;
    return status == 200 ? 1 : -EBADMSG;
}

/* More connections than there are places, each with a check that takes seconds. */
static void test_waiting_requests_leave_places(void **state)
{
    (void)state;
    assert_int_equal(await_until(is_known, NULL), 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        char source[32], password[32], request[512];
        snprintf(source, sizeof source, "127.0.1.%d", 1 + i / 2);
        snprintf(password, sizeof password, "%d", i);
        write_request(request, sizeof request, "user0", password, "keep-alive");
        connections[i] = http_connect(source, "127.0.0.1", PORT);
        assert_true(connections[i] > 0);
        send(connections[i], request, strlen(request), MSG_NOSIGNAL);
    }
    for (int i = 0; i < 5; i++)
        assert_int_equal(ask("127.0.2.1", "user0", "secret"), 200);
}

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waiting_requests_leave_places, start_with_few_places,
                                        stop_flooded),
    };
    return cmocka_run_group_tests_name("password flood", tests, scratch_make, scratch_remove);
}
