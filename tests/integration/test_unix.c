// SPDX-License-Identifier: Apache-2.0
/*
 * UNIX sockets against the kernel and ss: accept queues up to the limit and one beyond, names of
 * all kinds, sockets by type and state.
 */
#include "capture.h"
#include "kernel_version.h"
#include "netns.h"
#include "scratch.h"
#include "skip.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { BACKLOG = 3, MOST = 4000 };

static struct capture capture;

/* All sockets of a test. */
static int sockets[MOST];
static unsigned socket_count;

static int keep(int fd)
{
    assert_true(fd >= 0 && socket_count < MOST);
    return sockets[socket_count++] = fd;
}

static int close_all(void **state)
{
    while (socket_count > 0)
        close(sockets[--socket_count]);
    return scratch_remove(state);
}

struct address {
    struct sockaddr_un name;
    socklen_t length;
};

/* A path, or an abstract name with its first NUL. */
static struct address make_address(const char *name, size_t length)
{
    struct address address = {{.sun_family = AF_UNIX},
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)};
    assert_true(length <= sizeof address.name.sun_path);
    memcpy(address.name.sun_path, name, length);
    return address;
}

static int open_socket(int type)
{
    return keep(socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static int listen_at(const struct address *address, int type, int backlog)
{
    int fd = open_socket(type);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address->name, address->length), 0);
    assert_int_equal(listen(fd, backlog), 0);
    return fd;
}

/* 0 or the errno. */
static int connect_to(const struct address *address, int type)
{
    int fd = open_socket(type);
    return connect(fd, (const struct sockaddr *)&address->name, address->length) == 0 ? 0 : errno;
}

static void assert_queue(const char *path, unsigned length, unsigned limit)
{
    capture_take(&capture);
    for (size_t i = 0; i < capture.snapshot.unix_row_count; i++) {
        const struct unix_listener_row *row = &capture.unix_rows[i];
        if (strcmp(row->path, path) != 0)
            continue;
        assert_int_equal(row->queue_length, length);
        assert_int_equal(row->queue_limit, limit);
        assert_int_equal(row->queue_peak, length);
        return;
    }
    fail_msg("no listener at %s", path);
}

static void fill_queue(const struct address *address, const char *path, int type)
{
    int listener = listen_at(address, type, BACKLOG);
    for (unsigned length = 0; length <= BACKLOG + 1; length++) {
        assert_queue(path, length, BACKLOG);
        assert_int_equal(connect_to(address, type), length <= BACKLOG ? 0 : EAGAIN);
    }
    assert_queue(path, BACKLOG + 1, BACKLOG);
    keep(accept(listener, NULL, NULL));
    assert_queue(path, BACKLOG, BACKLOG);
}

static void test_a_queue_fills_to_its_limit_and_one_beyond(void **state)
{
    (void)state;
    const char *path = scratch_path("php-fpm.sock");
    struct address address = make_address(path, strlen(path));
    fill_queue(&address, path, SOCK_STREAM);
    address = make_address("\0abstract", 9);
    fill_queue(&address, "@abstract", SOCK_SEQPACKET);
    assert_int_equal(capture.snapshot.unix_row_count, 2);
    assert_int_equal(capture.snapshot.unix_sockets.other_queue_length, 0);
}

static void test_the_limit_is_at_most_somaxconn(void **state)
{
    (void)state;
    struct address address = make_address("\0a", 2);
    int error = netns_sysctl_write("core/somaxconn", "2");
    if (error)
        skip(); /* a kernel that does not show it in a namespace */
    listen_at(&address, SOCK_STREAM, 100);
    assert_queue("@a", 0, 2);
    assert_int_equal(netns_sysctl_write("core/somaxconn", "4096"), 0);
}

/* The longest path has no NUL at its end. */
static void test_names_of_all_kinds(void **state)
{
    (void)state;
    char longest[sizeof((struct sockaddr_un *)0)->sun_path + 1] = "";
    assert_int_equal(chdir(scratch_directory()), 0);
    memset(longest, 'x', sizeof longest - 1);
    struct address addresses[] = {
        make_address(longest, sizeof longest - 1),
        make_address("\0\xff\n\0", 4),
        make_address("a b\"\\", 5),
        make_address("\xc3\xa9", 2),
        make_address("", 0), /* the kernel chooses an abstract name (unix(7), autobind) */
    };
    for (size_t i = 0; i < sizeof addresses / sizeof addresses[0]; i++)
        listen_at(&addresses[i], SOCK_STREAM, BACKLOG);
    assert_queue(longest, 0, BACKLOG);
    assert_queue("@\\xff\\x0a@", 0, BACKLOG);
    assert_queue("a b\"\\", 0, BACKLOG);
    assert_queue("\xc3\xa9", 0, BACKLOG);
    assert_int_equal(capture.snapshot.unix_row_count, 5);
    assert_int_equal(chdir("/"), 0);
}

static void keep_first_row(void *context, const struct snapshot *snapshot)
{
    assert_true(snapshot->has_unix);
    assert_int_equal(snapshot->unix_row_count, 1);
    assert_int_equal(snapshot->unix_sockets.sockets[UNIX_SOCKET_STREAM][UNIX_SOCKET_LISTEN], 1);
    *(struct unix_listener_row *)context = snapshot->unix_rows[0];
}

static void test_a_queue_that_was_emptied_leaves_its_peak(void **state)
{
    (void)state;
    static const struct kernel_access kernel = {.open_sock_diag = sock_diag_open_netlink,
                                                .proc_root = "/proc"};
    static const struct sampler_options options = {
        .interval = NANOSECONDS_PER_SECOND,
        .detail_interval = NANOSECONDS_PER_SECOND,
        .cpu_share = 1,
        .peak_window = 600 * NANOSECONDS_PER_SECOND,
        .collect_unix = true,
        .unix_top = 5,
    };
    struct unix_listener_row row = {0};
    struct fault fault;
    struct sampler *sampler =
        sampler_create(&options, &kernel, &system_clock, keep_first_row, &row);
    struct address address = make_address("\0a", 2);
    int listener = listen_at(&address, SOCK_STREAM, BACKLOG);
    for (unsigned length = 0; length <= BACKLOG; length++)
        assert_int_equal(connect_to(&address, SOCK_STREAM), 0);
    for (unsigned left = BACKLOG + 1;; left--) {
        assert_true(sampler_take(sampler, SAMPLE_DETAIL, &fault));
        sampler_publish(sampler);
        assert_string_equal(row.path, "@a");
        assert_int_equal(row.queue_length, left);
        assert_int_equal(row.queue_peak, BACKLOG + 1);
        if (left == 0)
            break;
        keep(accept(listener, NULL, NULL));
    }
    sampler_destroy(sampler);
}

/* A program that restarts, while its predecessor ends: both listen at one path. */
static void test_listeners_of_one_path_are_one(void **state)
{
    (void)state;
    const char *path = scratch_path("again.sock");
    struct address address = make_address(path, strlen(path));
    listen_at(&address, SOCK_STREAM, BACKLOG);
    assert_int_equal(connect_to(&address, SOCK_STREAM), 0);
    assert_int_equal(connect_to(&address, SOCK_STREAM), 0);
    assert_int_equal(unlink(path), 0);
    listen_at(&address, SOCK_STREAM, BACKLOG);
    assert_int_equal(connect_to(&address, SOCK_STREAM), 0);
    assert_queue(path, 2, BACKLOG);
    assert_int_equal(capture.snapshot.unix_row_count, 1);
}

static unsigned count_by_ss(const char *arguments)
{
    char command[96], line[512];
    unsigned lines = 0;
    snprintf(command, sizeof command, "ss -H -n %s", arguments);
    FILE *ss = popen(command, "re");
    assert_non_null(ss);
    while (fgets(line, sizeof line, ss))
        lines++;
    assert_int_equal(pclose(ss), 0);
    return lines;
}

/* Datagram sockets that are connected are "unconnected" before Linux 5.15. */
static bool exists(int type, int state)
{
    return type != UNIX_SOCKET_DATAGRAM || state == UNIX_SOCKET_UNCONNECTED ||
           (state == UNIX_SOCKET_ESTABLISHED && kernel_is_at_least(5, 15));
}

/* Many: the kernel's answer takes several datagrams. */
static void test_sockets_by_type_and_state_are_those_of_ss(void **state)
{
    (void)state;
    static const struct {
        int type;
        const char *family;
    } types[UNIX_SOCKET_TYPES] = {[UNIX_SOCKET_STREAM] = {SOCK_STREAM, "unix_stream"},
                                  [UNIX_SOCKET_DATAGRAM] = {SOCK_DGRAM, "unix_dgram"},
                                  [UNIX_SOCKET_SEQPACKET] = {SOCK_SEQPACKET, "unix_seqpacket"}};
    static const char *const states[UNIX_SOCKET_STATES] = {"listening", "established",
                                                           "unconnected"};
    for (int type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (int i = 0; i < 100 + 20 * type; i++) {
            char name[16];
            int length = snprintf(name, sizeof name, "%cb%d-%d", 0, type, i);
            struct address address = make_address(name, (size_t)length);
            int pair[2];
            assert_int_equal(socketpair(AF_UNIX, types[type].type | SOCK_CLOEXEC, 0, pair), 0);
            keep(pair[0]);
            keep(pair[1]);
            open_socket(types[type].type);
            if (type != UNIX_SOCKET_DATAGRAM && i % 3 == 0)
                listen_at(&address, types[type].type, BACKLOG);
        }
    }
    capture_take(&capture);
    uint64_t total = 0;
    for (int type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (int s = 0; s < UNIX_SOCKET_STATES; s++) {
            char arguments[64];
            snprintf(arguments, sizeof arguments, "-f unix state %s -A %s", states[s],
                     types[type].family);
            uint64_t counted = capture.snapshot.unix_sockets.sockets[type][s];
            assert_int_equal(counted, count_by_ss(arguments));
            total += counted;
            assert_int_equal(counted > 0, exists(type, s));
        }
    }
    assert_true(capture.snapshot.samples[SAMPLE_DETAIL].sockets_read == (double)total);
}

#define UNIX_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIX_TEST(test_a_queue_fills_to_its_limit_and_one_beyond),
        UNIX_TEST(test_a_queue_that_was_emptied_leaves_its_peak),
        UNIX_TEST(test_the_limit_is_at_most_somaxconn),
        UNIX_TEST(test_names_of_all_kinds),
        UNIX_TEST(test_listeners_of_one_path_are_one),
        UNIX_TEST(test_sockets_by_type_and_state_are_those_of_ss),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
