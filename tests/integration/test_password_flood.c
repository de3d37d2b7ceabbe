// SPDX-License-Identifier: Apache-2.0
/*
 * Wrong passwords from many addresses at once, at the real cost of bcrypt: a scrape with the right
 * one is still answered within the ten seconds that Prometheus gives it.
 */
#include "await.h"
#include "base/clock.h"
#include "daemon.h"
#include "http_client.h"
#include "scratch.h"
#include "skip.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 10073, CLIENTS = 8, FLOODERS = 2 * CLIENTS, SCRAPERS = 6, CONNECTIONS = 64 };

/* The password "secret". The second takes sixteen times as long: four seconds, at a fifth of a CPU.
 */
#define USUAL_HASH     "$2b$10$OcGLKc5ZbbAL3OoO5yHQLuvUu/Pv8pPEDX1A1pS74GTEtSV4Lbjyu"
#define EXPENSIVE_HASH "$2b$14$0uqXNV8ALAIN.lx9uQhRReOoKpIasoe6NoJyFAR90QtA6frAnrXn2"

static struct daemon exporter;

struct flooder {
    pthread_t thread;
    int number;
};
static struct flooder flooders[FLOODERS];
static int flooding; /* how many threads there are */
static atomic_bool over;
static atomic_int wrong, busy;       /* answers that they got: 401, 503 */
static int connections[CONNECTIONS]; /* each waits for one answer */

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

static void *ask_ever_new(void *context)
{
    const struct flooder *flooder = context;
    char source[32], password[32];
    snprintf(source, sizeof source, "127.0.1.%d", 1 + flooder->number % CLIENTS);
    for (int i = 0; !atomic_load(&over); i++) {
        snprintf(password, sizeof password, "%d-%d", flooder->number, i);
        int status = ask(source, "user0", password);
        atomic_fetch_add(&wrong, status == 401);
        atomic_fetch_add(&busy, status == 503);
    }
    return NULL;
}

static void start_flood(void)
{
    for (int i = 0; i < FLOODERS; i++) {
        flooders[i].number = i;
        assert_int_equal(pthread_create(&flooders[i].thread, NULL, ask_ever_new, &flooders[i]), 0);
        flooding++;
    }
}

static int has_begun(void *context)
{
    return atomic_load((atomic_int *)context) > 0;
}

static int start_exporter(const char *hash, const char *flag)
{
    char config[1024] = "basic_auth_users:\n";
    for (int i = 0; i < SCRAPERS; i++) {
        size_t length = strlen(config);
        snprintf(config + length, sizeof config - length, "  user%d: %s\n", i, hash);
    }
    scratch_write_text("web.yml", config);
    char file[256];
    snprintf(file, sizeof file, "--web.config.file=%s", scratch_path("web.yml"));
    if (daemon_start(&exporter, (const char *[]){file, flag, NULL}, NULL) != 0)
        return -1;
    if (daemon_await_message(&exporter, "READY=1"))
        return 0;
    daemon_end(&exporter, SIGKILL, NULL, 0); /* after a setup that fails there is no teardown */
    return -1;
}

static int start_as_usual(void **state)
{
    (void)state;
    return start_exporter(USUAL_HASH, "--web.max-connections=256");
}

static int start_with_few_places(void **state)
{
    (void)state;
    return start_exporter(EXPENSIVE_HASH, "--web.max-connections=32");
}

/* The exporter first: it answers the requests that wait for a check. */
static int stop(void **state)
{
    (void)state;
    atomic_store(&over, true);
    int code = daemon_end(&exporter, SIGTERM, NULL, 0);
    while (flooding > 0)
        pthread_join(flooders[--flooding].thread, NULL);
    for (int i = 0; i < CONNECTIONS; i++) {
        if (connections[i] > 0)
            close(connections[i]);
    }
    return code;
}

static double now(void)
{
    return (double)clock_now(&system_clock) / NANOSECONDS_PER_SECOND;
}

/* Each scraper has a user of its own, whose password the exporter has not seen yet: it waits for
 * the checks of those before it, one for each address that floods, and later not at all. */
static void test_first_scrapes_in_a_flood(void **state)
{
    (void)state;
    start_flood();
    assert_int_equal(await_until(has_begun, &busy), 0);
    for (int i = 0; i < SCRAPERS; i++) {
        char source[32], user[32];
        snprintf(source, sizeof source, "127.0.2.%d", 1 + i);
        snprintf(user, sizeof user, "user%d", i);
        double start = now();
        assert_int_equal(ask(source, user, "secret"), 200);
        print_message("a first scrape after %.1f s\n", now() - start);
        for (int j = 0; j < 5; j++)
            assert_int_equal(ask(source, user, "secret"), 200);
        atomic_store(&busy, 0);
        assert_int_equal(await_until(has_begun, &busy), 0); /* it goes on */
    }
    assert_true(atomic_load(&wrong) > 0);
}

/* More than have a place, each with a check that takes seconds. */
static void test_checks_that_wait_leave_places(void **state)
{
    (void)state;
    assert_int_equal(ask("127.0.2.1", "user0", "secret"), 200);
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
        cmocka_unit_test_setup_teardown(test_first_scrapes_in_a_flood, start_as_usual, stop),
        cmocka_unit_test_setup_teardown(test_checks_that_wait_leave_places, start_with_few_places,
                                        stop),
    };
    return cmocka_run_group_tests_name("password flood", tests, scratch_make, scratch_remove);
}
