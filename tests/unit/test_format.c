// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers and addresses as text for the status page.
 */
#include "status/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>

/* The space between a number and its unit. */
#define S "\u202f"

static void test_counts_have_commas(void **state)
{
    (void)state;
    assert_string_equal(format_count(0).text, "0");
    assert_string_equal(format_count(999).text, "999");
    assert_string_equal(format_count(1000).text, "1,000");
    assert_string_equal(format_count(28232).text, "28,232");
    assert_string_equal(format_count(123456).text, "123,456");
    assert_string_equal(format_count(1234567).text, "1,234,567");
    assert_string_equal(format_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void test_shares_have_their_significant_digits(void **state)
{
    (void)state;
    assert_string_equal(format_share(0).text, "0" S "%");
    assert_string_equal(format_share(0.00007).text, "0.007" S "%");
    assert_string_equal(format_share(0.0004).text, "0.04" S "%");
    assert_string_equal(format_share(0.00567).text, "0.56" S "%");
    assert_string_equal(format_share(0.0123).text, "1.2" S "%");
    assert_string_equal(format_share(0.0567).text, "5.6" S "%");
    assert_string_equal(format_share(0.07).text, "7" S "%");
    assert_string_equal(format_share(0.123).text, "12" S "%");
    assert_string_equal(format_share(0.29).text, "29" S "%");
    assert_string_equal(format_share(0.5).text, "50" S "%");
    assert_string_equal(format_share(0.978).text, "97" S "%");
}

static void test_only_the_whole_is_a_hundred_percent(void **state)
{
    (void)state;
    assert_string_equal(format_share(0.996).text, "99.6" S "%");
    assert_string_equal(format_share(28231.0 / 28232).text, "99.9" S "%");
    assert_string_equal(format_share(1).text, "100" S "%");
    assert_string_equal(format_share(0.4999).text, "49" S "%");
    assert_string_equal(format_share(12).text, "1200" S "%");
}

static void test_durations_have_their_significant_units(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {
        {-3, "0" S "s"},
        {0, "0" S "s"},
        {0.0000124, "12" S "µs"},
        {0.000412, "412" S "µs"},
        {0.0023, "2.3" S "ms"},
        {0.0099, "9.9" S "ms"},
        {0.0101, "10" S "ms"},
        {0.0996, "100" S "ms"},
        {0.1, "0.1" S "s"},
        {0.35, "0.35" S "s"},
        {1, "1" S "s"},
        {2.44, "2.4" S "s"},
        {42.1, "42" S "s"},
        {59.4, "59" S "s"},
        {60, "1" S "min 0" S "s"},
        {3599, "59" S "min 59" S "s"},
        {3600, "1" S "h 0" S "min"},
        {7500, "2" S "h 5" S "min"},
        {86399, "23" S "h 59" S "min"},
        {86400, "1" S "d 0" S "h"},
        {172799, "1" S "d 23" S "h"},
        {277200, "3" S "d 5" S "h"},
        {86400.0 * 1000, "1000" S "d 0" S "h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(format_duration(cases[i].seconds).text, cases[i].text);
}

static void test_ages_are_truncated_to_tenths_of_a_second(void **state)
{
    (void)state;
    assert_string_equal(format_ago(100, 101).text, "0" S "s ago");
    assert_string_equal(format_ago(100.0999, 100).text, "0" S "s ago");
    assert_string_equal(format_ago(100.19, 100).text, "0.1" S "s ago");
    assert_string_equal(format_ago(107.06, 100).text, "7" S "s ago");
    assert_string_equal(format_ago(161, 100).text, "1" S "min 1" S "s ago");
    assert_string_equal(format_ago(100, 0).text, "none yet");
}

static void test_nouns_have_a_plural(void **state)
{
    (void)state;
    assert_string_equal(format_plural(0, "port").text, "0 ports");
    assert_string_equal(format_plural(1, "destination").text, "1 destination");
    assert_string_equal(format_plural(2, "destination").text, "2 destinations");
    assert_string_equal(format_plural(UINT64_MAX, "connection attempt").text,
                        "18,446,744,073,709,551,615 connection attempts");
}

static void test_bytes_have_binary_units(void **state)
{
    (void)state;
    assert_string_equal(format_bytes(0).text, "0\u202f"
                                              "B");
    assert_string_equal(format_bytes(1023).text, "1023\u202f"
                                                 "B");
    assert_string_equal(format_bytes(1024).text, "1\u202fKiB");
    assert_string_equal(format_bytes(1536).text, "1.5\u202fKiB");
    assert_string_equal(format_bytes(1000 * 1024).text, "1000\u202fKiB");
    assert_string_equal(format_bytes(1023 * 1024).text, "1023\u202fKiB");
    assert_string_equal(format_bytes(1 << 20).text, "1\u202fMiB");
    assert_string_equal(format_bytes(UINT64_MAX).text, "16\u202f"
                                                       "EiB");
}

static void test_periods_are_whole_minutes_or_durations(void **state)
{
    (void)state;
    assert_string_equal(format_period(60).text, "minute");
    assert_string_equal(format_period(120).text, "2 minutes");
    assert_string_equal(format_period(3540).text, "59 minutes");
    assert_string_equal(format_period(3600).text, "1\u202fh 0\u202fmin");
    assert_string_equal(format_period(90).text, "1\u202fmin 30\u202fs");
    assert_string_equal(format_period(12).text, "12\u202fs");
    assert_string_equal(format_period(0).text, "0\u202fs");
}

static void test_unknown_values_are_a_question_mark(void **state)
{
    (void)state;
    assert_string_equal(format_share(-1).text, "?");
    assert_string_equal(format_known(false, 7).text, "?");
    assert_string_equal(format_known(true, 1007).text, "1,007");
}

static void test_addresses_have_brackets_before_a_port(void **state)
{
    (void)state;
    struct ip_address address = {{0}};
    inet_pton(AF_INET, "192.0.2.1", &address);
    assert_string_equal(format_address(IP_FAMILY_IPV4, &address).text, "192.0.2.1");
    assert_string_equal(format_address_port(IP_FAMILY_IPV4, &address, 443).text, "192.0.2.1:443");
    static const char longest[] = "2001:db8:1234:5678:9abc:def0:1234:5678";
    inet_pton(AF_INET6, longest, &address);
    assert_string_equal(format_address(IP_FAMILY_IPV6, &address).text, longest);
    assert_string_equal(format_address_port(IP_FAMILY_IPV6, &address, 65535).text,
                        "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_have_commas),
        cmocka_unit_test(test_shares_have_their_significant_digits),
        cmocka_unit_test(test_only_the_whole_is_a_hundred_percent),
        cmocka_unit_test(test_durations_have_their_significant_units),
        cmocka_unit_test(test_ages_are_truncated_to_tenths_of_a_second),
        cmocka_unit_test(test_nouns_have_a_plural),
        cmocka_unit_test(test_bytes_have_binary_units),
        cmocka_unit_test(test_periods_are_whole_minutes_or_durations),
        cmocka_unit_test(test_unknown_values_are_a_question_mark),
        cmocka_unit_test(test_addresses_have_brackets_before_a_port),
    };
    return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
