// SPDX-License-Identifier: Apache-2.0
/*
 * Clients that hold on to the web server's places, by the thousand: a scrape from another address
 * is still answered within the ten seconds that Prometheus gives it.
 */
#include "await.h"
#include "daemon_check.h"
#include "http_client.h"
#include "skip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Far more clients than have room at once: 256 connections, sixteen of each. */
enum { PORT = 10073, CLIENTS = 50 };
#ifdef __SANITIZE_THREAD__ /* ten times slower, in the tenth of a CPU that the web thread may take \
                            */
enum { CONNECTIONS = 500 };
#else
enum { CONNECTIONS = 2000 };
#endif

#define REQUEST "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static struct daemon exporter;
static int attackers[CONNECTIONS];
static pthread_t trickler; /* a thread that uses these, while trickling */
static bool trickling;
static atomic_bool over; /* it is to end */

static int start_daemon(void **state)
{
    (void)state;
    daemon_start_ready(&exporter, (const char *[]){NULL}, NULL);
    return 0;
}

static int stop_daemon(void **state)
{
    (void)state;
    if (trickling) {
        atomic_store(&over, true);
        pthread_join(trickler, NULL);
        trickling = false;
    }
    for (int i = 0; i < CONNECTIONS; i++) {
        if (attackers[i] > 0)
            close(attackers[i]);
        attackers[i] = 0;
    }
    daemon_assert_end(&exporter, SIGTERM, 0);
    return 0;
}

/* The address of attacker number `client`, 127.0.1.0 and on. */
static struct sockaddr_in client_address(int client)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 255 + (uint32_t)client),
    };
}

/* A connection of each attacker in turn; they are not waited for. */
static void attack(void)
{
    const struct sockaddr_in server = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < CONNECTIONS; i++) {
        struct sockaddr_in source = client_address(i % CLIENTS);
        attackers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        assert_true(attackers[i] > 0);
        assert_int_equal(bind(attackers[i], (struct sockaddr *)&source, sizeof source), 0);
        assert_true(connect(attackers[i], (const struct sockaddr *)&server, sizeof server) == 0 ||
                    errno == EINPROGRESS);
    }
}

/* Send `text` on each attacker's connection that still is one. Returns how many took it. */
static int say(const char *text)
{
    int heard = 0;
    for (int i = 0; i < CONNECTIONS; i++)
        heard += send(attackers[i], text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text);
    return heard;
}

static void assert_scraped_from(const char *source)
{
    struct http_reply reply;
    int fd = http_connect(source, "127.0.0.1", PORT);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd, REQUEST, &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_free(&reply);
    close(fd);
}

static void assert_scraped(void)
{
    assert_scraped_from("127.0.9.9");
    assert_scraped_from("127.0.9.9");
}

/* Has the server ended this connection? */
static bool is_ended(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return got == 0 || (got < 0 && errno != EAGAIN);
}

static int has_its_share(void *context)
{
    unsigned open = 0;
    for (int i = 0; i < *(int *)context; i++)
        open += !is_ended(attackers[i]);
    return open <= 16;
}

/* Older idle connections of the client make room, or the new one is turned away. */
static void test_one_client_has_a_sixteenth_of_the_places(void **state)
{
    (void)state;
    int connected = 40;
    struct http_reply reply;
    for (int i = 0; i < connected; i++) {
        attackers[i] = http_connect("127.0.7.1", "127.0.0.1", PORT);
        assert_true(attackers[i] > 0);
    }
    assert_int_equal(await_until(has_its_share, &connected), 0);
    assert_scraped();
    unsigned answered = 0;
    for (int i = 0; i < connected; i++) {
        if (is_ended(attackers[i]))
            continue;
        assert_int_equal(http_exchange(attackers[i], REQUEST, &reply), 0);
        assert_int_equal(reply.status, 200);
        http_reply_free(&reply);
        answered++;
    }
    assert_int_equal(answered, 16);
}

static void test_connections_that_say_nothing(void **state)
{
    (void)state;
    attack();
    assert_scraped();
}

static void test_half_requests(void **state)
{
    (void)state;
    attack();
    assert_true(say("GET /metrics HTTP/1.1\r\nHost: loc") > 0);
    assert_scraped();
}

static void test_idle_connections_after_a_request(void **state)
{
    (void)state;
    attack();
    assert_true(say("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n") > 0);
    assert_scraped();
}

/* They ask for much and read nothing of it. */
static void test_answers_that_nobody_reads(void **state)
{
    (void)state;
    attack();
    for (int i = 0; i < 20; i++)
        say("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_scraped();
}

/* One more byte whenever the connections take it: a timeout of inactivity never comes. */
static void *trickle(void *context)
{
    (void)context;
    say("GET /metrics HTTP/1.1\r\nX-Slow: ");
    while (!atomic_load(&over)) {
        say("x");
        poll(NULL, 0, 50);
    }
    return NULL;
}

static void test_requests_that_never_end(void **state)
{
    (void)state;
    attack();
    trickling = pthread_create(&trickler, NULL, trickle, NULL) == 0;
    assert_true(trickling);
    assert_scraped();
}

/* Connections that speak as soon as they are there, so that all places are taken at once. */
static void test_bodies_that_never_come(void **state)
{
    (void)state;
    static const char request[] = "POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
                                  "Content-Length: 1000000\r\n\r\n";
    for (int i = 0; i < 500; i++) {
        char source[32];
        snprintf(source, sizeof source, "127.0.7.%d", 1 + i % CLIENTS);
        attackers[i] = http_connect(source, "127.0.0.1", PORT);
        assert_true(attackers[i] > 0);
        send(attackers[i], request, sizeof request - 1, MSG_NOSIGNAL);
    }
    assert_scraped();
}

static void test_heads_that_are_too_large(void **state)
{
    (void)state;
    enum { SIZE = 100000 };
    char *request = malloc(SIZE);
    assert_non_null(request);
    int length = snprintf(request, SIZE, "GET /metrics HTTP/1.1\r\nX-Large: ");
    memset(request + length, 'x', (size_t)(SIZE - length));
    memcpy(request + SIZE - 5, "\r\n\r\n", 5);
    for (int i = 0; i < 50; i++) {
        struct http_reply reply;
        int fd = http_connect(NULL, "127.0.0.1", PORT);
        assert_true(fd >= 0);
        if (http_exchange(fd, request, &reply) == 0) { /* or it is just cut off */
            assert_in_range(reply.status, 400, 499);
            http_reply_free(&reply);
        }
        close(fd);
    }
    free(request);
    assert_scraped();
}

enum { SCRAPERS = 24, SCRAPES = 25 };

struct scraper {
    pthread_t thread;
    int number;
    int failed;  /* counted: cmocka's asserts are for the main thread only */
    int problem; /* of the last that failed: an HTTP status, or -errno */
};

static void *scrape_repeatedly(void *context)
{
    struct scraper *scraper = context;
    char source[32];
    snprintf(source, sizeof source, "127.0.8.%d", scraper->number);
    for (int i = 0; i < SCRAPES; i++) {
        struct http_reply reply = {0};
        int fd = http_connect(source, "127.0.0.1", PORT);
        int error = fd;
        if (fd >= 0)
            error = http_exchange(fd, REQUEST, &reply);
        if (reply.status != 200) {
            scraper->failed++;
            scraper->problem = error < 0 ? error : reply.status;
        }
        http_reply_free(&reply);
        if (fd >= 0)
            close(fd);
    }
    return NULL;
}

static void test_many_scrapers_at_once(void **state)
{
    (void)state;
    struct scraper scrapers[SCRAPERS] = {0};
    for (int i = 0; i < SCRAPERS; i++) {
        scrapers[i].number = i + 1;
        assert_int_equal(pthread_create(&scrapers[i].thread, NULL, scrape_repeatedly, &scrapers[i]),
                         0);
    }
    for (int i = 0; i < SCRAPERS; i++)
        pthread_join(scrapers[i].thread, NULL);
    for (int i = 0; i < SCRAPERS; i++) {
        if (scrapers[i].failed > 0)
            fail_msg("%d of %d scrapes failed, the last with %d", scrapers[i].failed, SCRAPES,
                     scrapers[i].problem);
    }
}

#define with_daemon(test) cmocka_unit_test_setup_teardown(test, start_daemon, stop_daemon)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    const struct CMUnitTest tests[] = {
        with_daemon(test_one_client_has_a_sixteenth_of_the_places),
        with_daemon(test_connections_that_say_nothing),
        with_daemon(test_half_requests),
        with_daemon(test_idle_connections_after_a_request),
        with_daemon(test_answers_that_nobody_reads),
        with_daemon(test_requests_that_never_end),
        with_daemon(test_bodies_that_never_come),
        with_daemon(test_heads_that_are_too_large),
        with_daemon(test_many_scrapers_at_once),
    };
    return cmocka_run_group_tests_name("abuse", tests, NULL, NULL);
}
