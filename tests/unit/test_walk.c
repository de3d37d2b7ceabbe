// SPDX-License-Identifier: Apache-2.0
/*
 * A walk through a door whose files are the test's own. Walks of real namespaces:
 * tests/integration/test_netns_walk.c.
 */
#include "namespaces/walk.h"

#include "sockdiag/sock_diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file to read with this text. */
static int open_text(const char *text)
{
    int fd = memfd_create("text", MFD_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Walk with these settings; with a `socket` of -1 it is refused. */
static bool walk(int socket, const char *range, const char *limit, struct walk_result *result,
                 struct fault *fault)
{
    struct netns_door door = {
        .descriptors = {socket, open_text(range), open_text(""), open_text(limit)}};
    struct port_usage *scratch = port_usage_create(true);
    assert_non_null(scratch);
    bool good = walk_sockets(scratch, &door, result, fault);
    port_usage_destroy(scratch);
    netns_door_close(&door);
    return good;
}

static int open_socket(void)
{
    int fd = sock_diag_open_netlink(NULL);
    assert_true(fd >= 0);
    return fd;
}

static void test_settings_that_cannot_be_read_are_a_fault(void **state)
{
    (void)state;
    struct walk_result result;
    struct fault fault = {0};
    assert_false(walk(open_socket(), "many ports\n", "5\n", &result, &fault));
    assert_int_equal(fault.reason, FAULT_PROC_PARSE);
    assert_false(result.has_time_wait_limit);
}

static void test_a_socket_that_is_gone_is_a_fault(void **state)
{
    (void)state;
    struct walk_result result;
    struct fault fault = {0};
    assert_false(walk(-1, "32768 60999\n", "5\n", &result, &fault));
    assert_int_equal(fault.reason, FAULT_NETLINK_OPEN);
    assert_int_equal(fault.error_number, EBADF);
}

static void test_limits_of_time_wait(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool known;
        uint64_t limit;
    } cases[] = {{"262144\n", true, 262144}, {"0\n", true, 0}, {"-1\n", false, 0},
                 {"none\n", false, 0},       {"", false, 0},   {"1", true, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct walk_result result;
        struct fault fault = {0};
        assert_true(walk(open_socket(), "32768 60999\n", cases[i].text, &result, &fault));
        assert_int_equal(result.has_time_wait_limit, cases[i].known);
        assert_int_equal(result.time_wait_limit, cases[i].limit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_that_cannot_be_read_are_a_fault),
        cmocka_unit_test(test_a_socket_that_is_gone_is_a_fault),
        cmocka_unit_test(test_limits_of_time_wait),
    };
    return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
