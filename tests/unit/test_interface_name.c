// SPDX-License-Identifier: Apache-2.0
/*
 * Names of network interfaces, from each of the two sources.
 */
#include "kernel/interface_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint32_t gone = 2000000000;

static void assert_name(uint32_t index, const char *expected)
{
    char name[INTERFACE_NAME_SIZE] = "-", through[INTERFACE_NAME_SIZE] = "-";
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    interface_name_read(index, name);
    interface_name_read_through(fd, index, through);
    close(fd);
    assert_string_equal(name, expected);
    assert_string_equal(through, expected);
}

static void test_an_index_has_its_name(void **state)
{
    (void)state;
    assert_name(if_nametoindex("lo"), "lo");
}

static void test_no_index_has_no_name(void **state)
{
    (void)state;
    assert_name(0, "");
}

static void test_an_interface_that_is_gone_keeps_its_number(void **state)
{
    (void)state;
    assert_name(gone, "2000000000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_index_has_its_name),
        cmocka_unit_test(test_no_index_has_no_name),
        cmocka_unit_test(test_an_interface_that_is_gone_keeps_its_number),
    };
    return cmocka_run_group_tests_name("interface name", tests, NULL, NULL);
}
