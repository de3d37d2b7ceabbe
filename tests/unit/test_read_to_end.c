// SPDX-License-Identifier: Apache-2.0
/*
 * Reading to the end, whatever the pieces are that the kernel returns.
 */
#include "base/read_to_end.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A descriptor that gives "abc" and "def", one at each read(). */
static int open_pieces(void)
{
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(send(ends[1], "abc", 3, 0), 3);
    assert_int_equal(send(ends[1], "def", 3, 0), 3);
    close(ends[1]);
    return ends[0];
}

static void test_pieces_are_joined(void **state)
{
    (void)state;
    for (size_t size = 7; size <= 8; size++) {
        char bytes[9] = "--------";
        int fd = open_pieces();
        assert_int_equal(read_to_end(fd, bytes, size), 6);
        assert_string_equal(bytes, "abcdef--");
        close(fd);
    }
}

static void test_no_more_is_read_than_there_is_room(void **state)
{
    (void)state;
    char bytes[9] = "--------";
    int fd = open_pieces();
    assert_int_equal(read_to_end(fd, bytes, 5), 5);
    assert_string_equal(bytes, "abcde---");
    close(fd);
    fd = open_pieces();
    assert_int_equal(read_to_end(fd, bytes, 6), 6);
    assert_int_equal(read_to_end(fd, bytes, 0), 0);
    close(fd);
}

static void test_an_error_is_a_negative_errno(void **state)
{
    (void)state;
    char byte;
    int fd = open("/", O_RDONLY | O_CLOEXEC);
    assert_int_equal(read_to_end(fd, &byte, 1), -EISDIR);
    close(fd);
    assert_int_equal(read_to_end(-1, &byte, 1), -EBADF);
}

static int write_end;

static void write_late(int signal)
{
    (void)signal;
    if (write(write_end, "late", 4) == 4)
        close(write_end);
}

static void test_a_signal_is_no_error(void **state)
{
    (void)state;
    int ends[2];
    char bytes[9] = "--------";
    const struct sigaction action = {.sa_handler = write_late}; /* no SA_RESTART */
    const struct itimerval soon = {.it_value = {.tv_usec = 10000}};
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    write_end = ends[1];
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &soon, NULL), 0);
    assert_int_equal(read_to_end(ends[0], bytes, 8), 4);
    assert_string_equal(bytes, "late----");
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_are_joined),
        cmocka_unit_test(test_no_more_is_read_than_there_is_room),
        cmocka_unit_test(test_an_error_is_a_negative_errno),
        cmocka_unit_test(test_a_signal_is_no_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
