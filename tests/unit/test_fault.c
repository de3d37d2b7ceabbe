// SPDX-License-Identifier: Apache-2.0
#include "base/fault.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#define for_each_reason(reason) for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++)

/* The description of this fault, valid until the next call. */
static const char *describe(enum fault_reason reason, int error_number, const char *subject)
{
    static char text[256];
    memset(text, '?', sizeof text);
    const struct fault fault = {reason, error_number, subject};
    fault_describe(&fault, text, sizeof text);
    assert_non_null(memchr(text, '\0', sizeof text));
    return text;
}

static void assert_mentions(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not mention %s", text, part);
}

static void test_each_reason_has_a_name_for_a_label(void **state)
{
    (void)state;
    for_each_reason(reason)
    {
        const char *name = fault_reason_name(reason);
        assert_non_null(name);
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
    }
}

static void test_no_two_reasons_have_the_same_name(void **state)
{
    (void)state;
    for_each_reason(one)
    {
        for_each_reason(other)
        {
            if (one != other)
                assert_string_not_equal(fault_reason_name(one), fault_reason_name(other));
        }
    }
}

static void test_each_description_is_one_line(void **state)
{
    (void)state;
    static const int errors[] = {0, ENOENT, EPERM, EAFNOSUPPORT, ECONNREFUSED, 99999, -1};
    for_each_reason(reason)
    {
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
            const char *text = describe(reason, errors[i], "net/sockstat");
            assert_true(strlen(text) > 0);
            assert_null(strchr(text, '\n'));
        }
    }
}

static void test_no_two_reasons_have_the_same_description(void **state)
{
    (void)state;
    for_each_reason(one)
    {
        char text[256];
        strcpy(text, describe(one, 0, NULL));
        for_each_reason(other)
        {
            if (one != other)
                assert_string_not_equal(text, describe(other, 0, NULL));
        }
    }
}

static void test_a_description_has_the_text_of_the_error(void **state)
{
    (void)state;
    static const int errors[] = {EMFILE, ENOENT, EACCES, EBUSY, ETIMEDOUT};
    for_each_reason(reason)
    {
        for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
            assert_mentions(describe(reason, errors[i], NULL), strerror(errors[i]));
    }
}

static void test_no_error_number_is_not_success(void **state)
{
    (void)state;
    for_each_reason(reason) assert_null(strstr(describe(reason, 0, NULL), strerror(0)));
}

static void test_a_description_names_its_subject(void **state)
{
    (void)state;
    for_each_reason(reason)
    {
        assert_mentions(describe(reason, EACCES, "net/sockstat"), "net/sockstat");
        assert_mentions(describe(reason, 0, "net/sockstat"), "net/sockstat");
        assert_null(strstr(describe(reason, 0, NULL), "(null)"));
    }
}

static void test_some_errors_have_a_hint(void **state)
{
    (void)state;
    static const int forbidden[] = {EAFNOSUPPORT, EPERM, EACCES};    /* by a sandbox */
    static const int missing[] = {ENOENT, EOPNOTSUPP, ECONNREFUSED}; /* modules not loaded */
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++)
        assert_mentions(describe(FAULT_NETLINK_OPEN, forbidden[i], NULL), "AF_NETLINK");
    for (size_t i = 0; i < sizeof missing / sizeof missing[0]; i++) {
        assert_mentions(describe(FAULT_NETLINK_SEND, missing[i], NULL), "tcp_diag");
        assert_mentions(describe(FAULT_NETLINK_REFUSED, missing[i], NULL), "tcp_diag");
    }
    assert_mentions(describe(FAULT_NETLINK_OPEN, EPROTONOSUPPORT, NULL), "CONFIG_SOCK_DIAG");
}

static void test_a_hint_does_not_hide_the_error(void **state)
{
    (void)state;
    assert_mentions(describe(FAULT_NETLINK_OPEN, EPERM, NULL), strerror(EPERM));
    assert_mentions(describe(FAULT_NETLINK_REFUSED, ENOENT, NULL), strerror(ENOENT));
}

static void test_other_errors_have_no_hint(void **state)
{
    (void)state;
    assert_null(strstr(describe(FAULT_NETLINK_OPEN, EMFILE, NULL), "AF_NETLINK"));
    assert_null(strstr(describe(FAULT_NETLINK_REFUSED, EBUSY, NULL), "tcp_diag"));
    assert_null(strstr(describe(FAULT_PROC_READ, ENOENT, "net/sockstat"), "tcp_diag"));
}

static void test_a_description_is_truncated_to_the_buffer(void **state)
{
    (void)state;
    char whole[256];
    strcpy(whole, describe(FAULT_NETLINK_REFUSED, ENOENT, "sock_diag"));
    const struct fault fault = {FAULT_NETLINK_REFUSED, ENOENT, "sock_diag"};
    for (size_t size = 1; size <= strlen(whole) + 1; size++) {
        char text[256];
        memset(text, '?', sizeof text);
        fault_describe(&fault, text, size);
        assert_int_equal(text[size], '?');
        assert_int_equal(strlen(text), size - 1);
        assert_memory_equal(text, whole, size - 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_reason_has_a_name_for_a_label),
        cmocka_unit_test(test_no_two_reasons_have_the_same_name),
        cmocka_unit_test(test_each_description_is_one_line),
        cmocka_unit_test(test_no_two_reasons_have_the_same_description),
        cmocka_unit_test(test_a_description_has_the_text_of_the_error),
        cmocka_unit_test(test_no_error_number_is_not_success),
        cmocka_unit_test(test_a_description_names_its_subject),
        cmocka_unit_test(test_some_errors_have_a_hint),
        cmocka_unit_test(test_a_hint_does_not_hide_the_error),
        cmocka_unit_test(test_other_errors_have_no_hint),
        cmocka_unit_test(test_a_description_is_truncated_to_the_buffer),
    };
    return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
