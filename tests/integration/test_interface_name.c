// SPDX-License-Identifier: Apache-2.0
/*
 * Names of interfaces that would break a page: the loopback device of the test's own namespace gets
 * them.
 */
#include "kernel/interface_name.h"

#include "netns.h"
#include "skip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LOOPBACK = 1 };

static int fd;

/* Only a device that is down can be renamed. */
static void rename_loopback(const char *name)
{
    struct ifreq down = {0}, change = {0};
    assert_non_null(if_indextoname(LOOPBACK, down.ifr_name));
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &down), 0);
    memcpy(change.ifr_name, down.ifr_name, IF_NAMESIZE);
    strcpy(change.ifr_newname, name);
    assert_int_equal(ioctl(fd, SIOCSIFNAME, &change), 0);
}

static void assert_reads(uint32_t index, const char *expected)
{
    char name[INTERFACE_NAME_SIZE];
    interface_name_read(index, name);
    assert_string_equal(name, expected);
    interface_name_read_through(fd, index, name);
    assert_string_equal(name, expected);
}

static void test_names(void **state)
{
    (void)state;
    assert_reads(LOOPBACK, "lo");
    rename_loopback("!a~\"\\b{c}012345");
    assert_reads(LOOPBACK, "!a~\"\\b{c}012345");
    assert_reads(0, "");
}

static void test_numbers_instead_of_names(void **state)
{
    (void)state;
    static const char *const names[] = {"\xff", "l\xc3\xbc", "a\x1b[31m", "a\x7f"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        rename_loopback(names[i]);
        assert_reads(LOOPBACK, "1");
    }
    assert_reads(17, "17"); /* there is none */
}

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_numbers_instead_of_names),
    };
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int failed = cmocka_run_group_tests_name("interface_name", tests, NULL, NULL);
    close(fd);
    return failed;
}
