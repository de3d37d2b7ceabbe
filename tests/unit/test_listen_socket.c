// SPDX-License-Identifier: Apache-2.0
/*
 * Listening sockets, opened or passed by systemd, and the buffers of the connections from them.
 */
#include "web/listen_socket.h"

#include "http_client.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT = 10073, PASSED = 3 /* SD_LISTEN_FDS_START */, ROOM = 4 };

/* What getaddrinfo() returns next, once, if it is not 0. */
static int resolver_failure;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *req,
                struct addrinfo **pai)
{
    static int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    int failure = resolver_failure;
    resolver_failure = 0;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    return failure ? failure : next(name, service, req, pai);
}

static int open_socket(const char *address)
{
    char error[256];
    int fd = listen_socket_open(address, error, sizeof error);
    if (fd < 0)
        fail_msg("%s", error);
    return fd;
}

static int get_size(int fd, int option)
{
    int size;
    socklen_t length = sizeof size;
    assert_int_equal(getsockopt(fd, SOL_SOCKET, option, &size, &length), 0);
    return size;
}

/* What a client can make the kernel hold for a connection: it sends all that it can and reads
 * nothing of what comes back. */
static void assert_buffers_are_bounded(int listening)
{
    static char bytes[65536];
    int client = http_connect(NULL, "127.0.0.1", PORT);
    int served = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
    assert_true(client >= 0 && served >= 0);
    while (send(client, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        ;
    while (send(served, bytes, sizeof bytes, MSG_NOSIGNAL) > 0)
        ;
    assert_in_range(get_size(served, SO_SNDBUF), 1, 64 * 1024);
    assert_in_range(get_size(served, SO_RCVBUF), 1, 16 * 1024);
    close(client);
    close(served);
}

static void test_buffers_are_bounded(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1:10073", ":10073"};
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++) {
        int fd = open_socket(addresses[i]);
        assert_buffers_are_bounded(fd);
        close(fd);
    }
}

/* A socket of TCP that listens as systemd's do: it blocks, and has the kernel's buffers. */
static int open_elsewhere(int type, bool listens)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, type, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    if (listens)
        assert_int_equal(listen(fd, 16), 0);
    return fd;
}

/* Let `fd` look like the only socket that systemd passed. Closes it. */
static void pass_socket(int fd)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    assert_int_equal(dup2(fd, PASSED), PASSED);
    if (fd != PASSED)
        close(fd);
}

static void test_a_socket_of_systemd_is_taken(void **state)
{
    (void)state;
    int fds[ROOM];
    char error[256];
    pass_socket(open_elsewhere(SOCK_STREAM, true));
    assert_int_equal(listen_sockets_passed(), 1);
    assert_int_equal(listen_sockets_inherit(fds, ROOM, error, sizeof error), 1);
    assert_int_equal(fds[0], PASSED);
    assert_true(fcntl(fds[0], F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
    assert_buffers_are_bounded(fds[0]);
    close(fds[0]);
}

static void refused(const char *part)
{
    int fds[ROOM];
    char error[256] = "";
    assert_int_equal(listen_sockets_inherit(fds, ROOM, error, sizeof error), 0);
    if (!strstr(error, part))
        fail_msg("not \"%s\": %s", part, error);
}

static void test_what_is_no_socket_of_systemd(void **state)
{
    (void)state;
    pass_socket(open_elsewhere(SOCK_STREAM, false));
    refused("socket 3 is not a listening TCP socket");
    close(PASSED);
    pass_socket(open_elsewhere(SOCK_DGRAM, false));
    refused("socket 3 is not a listening TCP socket");
    close(PASSED);
    refused("socket 3 is not a listening TCP socket");
    setenv("LISTEN_FDS", "5", 1);
    refused("5 sockets are more than 4");
    setenv("LISTEN_PID", "1", 1); /* they were for another process */
    assert_int_equal(listen_sockets_passed(), 0);
    refused("systemd passed no socket");
}

static void test_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *address, *host, *port; /* NULL: it is none */
    } cases[] = {
        {"localhost:80", "localhost", "80"},
        {":10073", "", "10073"},
        {"[::1]:0", "::1", "0"},
        {"[fe80::1%lo]:1", "fe80::1%lo", "1"},
        {"host:65535", "host", "65535"},
        {"host:65536", NULL, NULL},
        {"host:000080", NULL, NULL},
        {"host:", NULL, NULL},
        {"host", NULL, NULL},
        {"host:http", NULL, NULL},
        {"host:+1", NULL, NULL},
        {"host: 1", NULL, NULL},
        {"host:80:90", NULL, NULL},
        {"host]:80", NULL, NULL},
        {"[host:80", NULL, NULL},
        {"[::1]80", NULL, NULL},
        {"[::1]:80x", NULL, NULL},
        {"::1:80", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char host[LISTEN_HOST_SIZE], port[LISTEN_PORT_SIZE];
        bool is_address = listen_address_split(cases[i].address, host, port);
        if (is_address != (cases[i].host != NULL))
            fail_msg("\"%s\"", cases[i].address);
        if (is_address) {
            assert_string_equal(host, cases[i].host);
            assert_string_equal(port, cases[i].port);
        }
    }
}

static void test_a_socket_is_described_by_where_it_listens(void **state)
{
    (void)state;
    char text[128];
    int fd = open_socket("127.0.0.1:10073");
    listen_socket_describe(fd, text, sizeof text);
    assert_string_equal(text, "127.0.0.1:10073");
    close(fd);
    fd = open_socket("[::1]:10073");
    listen_socket_describe(fd, text, sizeof text);
    assert_string_equal(text, "[::1]:10073");
    close(fd);
}

/* Not for want of IPv6: it would listen on IPv4 alone for as long as it runs. */
static void test_a_lack_of_memory_is_no_lack_of_a_family(void **state)
{
    (void)state;
    static const int failures[] = {EAI_MEMORY, EAI_SYSTEM};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        char error[256];
        resolver_failure = failures[i];
        assert_int_equal(listen_socket_open(":10073", error, sizeof error), -1);
        assert_non_null(strstr(error, gai_strerror(failures[i])));
    }
}

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buffers_are_bounded),
        cmocka_unit_test(test_a_socket_of_systemd_is_taken),
        cmocka_unit_test(test_what_is_no_socket_of_systemd),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_a_lack_of_memory_is_no_lack_of_a_family),
        cmocka_unit_test(test_a_socket_is_described_by_where_it_listens),
    };
    return cmocka_run_group_tests_name("listen socket", tests, NULL, NULL);
}
