// SPDX-License-Identifier: Apache-2.0
/*
 * What a host costs in series: the page of the program with its default flags, on a host where
 * each list of rows is full and ten TCP listeners exist.
 */
#include "daemon_check.h"
#include "exposition_check.h"
#include "http_client.h"
#include "skip.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* docs/metrics.md tells the most that a page has. Four of them, limits of memory and of orphans,
 * are not readable in a namespace of its own. */
enum {
    MOST_SERIES = 650,
    UNREADABLE = 4,
    LISTENERS = 10,
    DESTINATIONS = 12,
    UDP_SOCKETS = 7,
    UNIX_LISTENERS = 7
};

enum { PORT = 10073, FIRST_PORT = 2000, FIRST_UDP_PORT = 3000, MOST_SOCKETS = 128 };

static int sockets[MOST_SOCKETS];
static unsigned socket_count;
static struct daemon exporter;

static int keep(int fd)
{
    assert_true(fd >= 0 && socket_count < MOST_SOCKETS);
    return sockets[socket_count++] = fd;
}

static int close_all(void **daemon)
{
    while (socket_count > 0)
        close(sockets[--socket_count]);
    return daemon_end_what_runs(daemon);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int bind_socket(int type, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = keep(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static int connect_socket(int type, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = keep(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* One is the program's own. */
static void make_listeners(void)
{
    for (uint16_t i = 0; i < LISTENERS - 1; i++)
        assert_int_equal(listen(bind_socket(SOCK_STREAM, FIRST_PORT + i), 128), 0);
}

static void make_destinations(void)
{
    for (uint16_t i = 0; i < DESTINATIONS; i++) {
        struct sockaddr_in address = loopback(FIRST_PORT);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i); /* local address and remote one */
        int fd = keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        address.sin_port = 0;
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        address = loopback(FIRST_PORT);
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
        connect_socket(SOCK_DGRAM, (uint16_t)(FIRST_UDP_PORT + i));
    }
}

/* With a datagram that waits. */
static void make_udp_sockets(void)
{
    for (uint16_t i = 0; i < UDP_SOCKETS; i++) {
        bind_socket(SOCK_DGRAM, FIRST_UDP_PORT + 100 + i);
        int sender = connect_socket(SOCK_DGRAM, (uint16_t)(FIRST_UDP_PORT + 100 + i));
        assert_int_equal(send(sender, "x", 1, 0), 1);
    }
}

static void make_unix_listeners(void)
{
    for (char i = 0; i < UNIX_LISTENERS; i++) {
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {'\0', (char)('a' + i)}};
        int fd = keep(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        socklen_t length = offsetof(struct sockaddr_un, sun_path) + 2;
        assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
        assert_int_equal(listen(fd, 5), 0);
    }
}

/* Lines of the page that begin with `prefix`; with "", all series. */
static unsigned count_series(const struct http_reply *page, const char *prefix)
{
    unsigned count = 0;
    for (const char *line = page->body; *line; line = strchr(line, '\n') + 1)
        count += *line != '#' && strncmp(line, prefix, strlen(prefix)) == 0;
    return count;
}

static void get(struct http_reply *page, const char *path)
{
    assert_int_equal(http_request(PORT, "GET", path, page), 0);
    assert_int_equal(page->status, 200);
}

static void test_the_default_page_is_small(void **state)
{
    (void)state;
    struct http_reply page;
    unsigned turns = 0;
    char why[256];
    make_listeners();
    make_destinations();
    make_udp_sockets();
    make_unix_listeners();
    daemon_start_ready(&exporter, (const char *[]){NULL}, NULL);
    /* Until the detail sample is on the page, and then with the requests of all before. */
    get(&page, "/");
    do {
        http_reply_free(&page);
        assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
        get(&page, "/metrics");
    } while (count_series(&page, "sockdiag_unix_") == 0 && ++turns < 100);
    assert_int_equal(count_series(&page, "sockdiag_listener_accept_queue_limit{"), LISTENERS);
    assert_int_equal(count_series(&page, "sockdiag_destination_ephemeral_ports_used{"), 2 * 10);
    assert_int_equal(count_series(&page, "sockdiag_udp_"), 2 + 2 * 5);
    assert_int_equal(count_series(&page, "sockdiag_unix_"), 8 + 1 + 3 * 5);
    unsigned series = count_series(&page, "");
    print_message("%u series, and %d\n", series, UNREADABLE);
    assert_in_range(series, 500, MOST_SERIES - UNREADABLE);
    assert_int_equal(count_series(&page, "sockdiag_tcp_memory_limit_bytes"), 0);
    if (!exposition_is_valid(page.body, page.body_length, why, sizeof why))
        fail_msg("%s", why);
    http_reply_free(&page);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate_setup_teardown(test_the_default_page_is_small, NULL, close_all,
                                                 &exporter),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
