// SPDX-License-Identifier: Apache-2.0
/*
 * The range of ephemeral ports and the reserved ones, from files as the kernel writes them and as
 * it should not.
 */
#include "kernel/procfs.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANGE    "sys/net/ipv4/ip_local_port_range"
#define RESERVED "sys/net/ipv4/ip_local_reserved_ports"

static void put(const char *name, const char *text)
{
    scratch_write(name, text, strlen(text));
}

static int make_root(void **state)
{
    static const char *const folders[] = {"sys", "sys/net", "sys/net/ipv4"};
    if (scratch_make(state) != 0)
        return -1;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(mkdir(scratch_path(folders[i]), 0700), 0);
    put(RANGE, "32768\t60999\n");
    put(RESERVED, "\n");
    return 0;
}

static struct port_settings read_good(void)
{
    static struct port_settings settings;
    struct fault fault;
    memset(&settings, 0xff, sizeof settings); /* what was there before does not matter */
    assert_true(procfs_read_port_settings(scratch_directory(), &settings, &fault));
    return settings;
}

static struct fault read_bad(void)
{
    struct port_settings settings;
    struct fault fault;
    assert_false(procfs_read_port_settings(scratch_directory(), &settings, &fault));
    return fault;
}

static void assert_range(const char *text, unsigned low, unsigned high)
{
    put(RANGE, text);
    struct port_settings settings = read_good();
    assert_int_equal(settings.low, low);
    assert_int_equal(settings.high, high);
}

static void test_the_range_is_two_ports(void **state)
{
    (void)state;
    assert_range("32768\t60999\n", 32768, 60999);
    assert_range("1 65535\n", 1, 65535);
    assert_range("0  \t 0", 0, 0);
    assert_range("40000\t40000\n", 40000, 40000);
}

static void test_any_other_range_is_a_parse_fault(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "\n",
        "32768\n",
        "32768\t\n",
        "\t60999\n",
        "60999\t32768\n",
        "-1\t60999\n",
        "+1\t60999\n",
        "32768\t65536\n",
        "65536\t65537\n",
        "1\n2\n",
        "1\t2\t3\n",
        "1\t2x\n",
        "x\t2\n",
        ":\t2\n",
        "1\t99999999999999999999999\n",
        "1,2\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put(RANGE, texts[i]);
        struct fault fault = read_bad();
        assert_int_equal(fault.reason, FAULT_PROC_PARSE);
        assert_string_equal(fault.subject, RANGE);
    }
}

static void assert_reserved(const char *text, unsigned count, unsigned first, unsigned last)
{
    put(RESERVED, text);
    struct port_settings settings = read_good();
    assert_int_equal(port_set_count(&settings.reserved), count);
    assert_true(count == 0 || port_set_has(&settings.reserved, (uint16_t)first));
    assert_true(count == 0 || port_set_has(&settings.reserved, (uint16_t)last));
}

static void test_reserved_ports_are_ports_and_ranges(void **state)
{
    (void)state;
    assert_reserved("\n", 0, 0, 0);
    assert_reserved("", 0, 0, 0);
    assert_reserved("8080\n", 1, 8080, 8080);
    assert_reserved("8080", 1, 8080, 8080);
    assert_reserved("8080,9148-9150\n", 4, 8080, 9150);
    assert_reserved("9148-9150,8080\n", 4, 8080, 9148);
    assert_reserved("5-5\n", 1, 5, 5);
    assert_reserved("0-65535\n", 65536, 0, 65535);
}

static void test_any_other_list_is_a_parse_fault(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "x\n",     "80-\n", "-80\n",    "80,\n",      ",80\n",    "80-79\n", "65536\n",
        "80 81\n", "80;\n", "80--81\n", "80-81-82\n", "80,,82\n", "/\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        put(RESERVED, texts[i]);
        struct fault fault = read_bad();
        assert_int_equal(fault.reason, FAULT_PROC_PARSE);
        assert_string_equal(fault.subject, RESERVED);
    }
}

static void test_the_longest_list_is_read_whole(void **state)
{
    (void)state;
    enum { SIZE = 32768 * 6 + 1 };
    char *text = malloc(SIZE);
    size_t length = 0;
    assert_non_null(text);
    for (unsigned port = 1; port < 65536; port += 2)
        length += (size_t)snprintf(text + length, SIZE - length, port > 1 ? ",%u" : "%u", port);
    assert_reserved(text, 32768, 1, 65535);
    free(text);
}

static void test_a_missing_file_is_a_read_fault(void **state)
{
    (void)state;
    static const char *const names[] = {RESERVED, RANGE};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(unlink(scratch_path(names[i])), 0);
        struct fault fault = read_bad();
        assert_int_equal(fault.reason, FAULT_PROC_READ);
        assert_int_equal(fault.error_number, ENOENT);
        assert_string_equal(fault.subject, names[i]);
    }
}

#define with_root(test) cmocka_unit_test_setup_teardown(test, make_root, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_root(test_the_range_is_two_ports),
        with_root(test_any_other_range_is_a_parse_fault),
        with_root(test_reserved_ports_are_ports_and_ranges),
        with_root(test_any_other_list_is_a_parse_fault),
        with_root(test_the_longest_list_is_read_whole),
        with_root(test_a_missing_file_is_a_read_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
