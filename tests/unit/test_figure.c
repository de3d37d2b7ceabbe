// SPDX-License-Identifier: Apache-2.0
/*
 * Numbers as a person reads them, and text on its way into HTML.
 */
#include "status/figure.h"
#include "status/html_writer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>

/* The space that keeps a number and its unit together. */
#define S "\u202f"

static void test_counts_have_commas(void **state)
{
    (void)state;
    assert_string_equal(figure_count(0).text, "0");
    assert_string_equal(figure_count(999).text, "999");
    assert_string_equal(figure_count(1000).text, "1,000");
    assert_string_equal(figure_count(28232).text, "28,232");
    assert_string_equal(figure_count(123456).text, "123,456");
    assert_string_equal(figure_count(1234567).text, "1,234,567");
    assert_string_equal(figure_count(UINT64_MAX).text, "18,446,744,073,709,551,615");
}

static void test_shares_have_the_digits_that_matter(void **state)
{
    (void)state;
    assert_string_equal(figure_share(0).text, "0" S "%");
    assert_string_equal(figure_share(0.00007).text, "0.007" S "%");
    assert_string_equal(figure_share(0.0004).text, "0.04" S "%");
    assert_string_equal(figure_share(0.0123).text, "1.2" S "%");
    assert_string_equal(figure_share(0.07).text, "7" S "%");
    assert_string_equal(figure_share(0.29).text, "29" S "%");
    assert_string_equal(figure_share(0.5).text, "50" S "%");
    assert_string_equal(figure_share(0.978).text, "97" S "%");
}

static void test_only_all_of_it_is_a_hundred_percent(void **state)
{
    (void)state;
    assert_string_equal(figure_share(0.996).text, "99.6" S "%");
    assert_string_equal(figure_share(28231.0 / 28232).text, "99.9" S "%");
    assert_string_equal(figure_share(1).text, "100" S "%");
    assert_string_equal(figure_share(0.4999).text, "49" S "%");
    assert_string_equal(figure_share(12).text, "1200" S "%");
}

static void test_durations_have_the_units_that_matter(void **state)
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
        {0.0996, "100" S "ms"},
        {0.35, "0.35" S "s"},
        {1, "1" S "s"},
        {2.44, "2.4" S "s"},
        {42.9, "42" S "s"},
        {60, "1" S "min 0" S "s"},
        {3599, "59" S "min 59" S "s"},
        {7500, "2" S "h 5" S "min"},
        {277200, "3" S "d 5" S "h"},
        {86400.0 * 1000, "1000" S "d 0" S "h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(figure_duration(cases[i].seconds).text, cases[i].text);
}

static void test_ages_are_told_to_a_tenth_of_a_second(void **state)
{
    (void)state;
    assert_string_equal(figure_age(-1).text, "0" S "s");
    assert_string_equal(figure_age(0.0999).text, "0" S "s");
    assert_string_equal(figure_age(0.19).text, "0.1" S "s");
    assert_string_equal(figure_age(7.06).text, "7" S "s");
    assert_string_equal(figure_age(61).text, "1" S "min 1" S "s");
}

static void test_addresses_have_brackets_before_a_port(void **state)
{
    (void)state;
    struct ip_address address = {{0}};
    inet_pton(AF_INET, "192.0.2.1", &address);
    assert_string_equal(figure_address(IP_FAMILY_IPV4, &address).text, "192.0.2.1");
    assert_string_equal(figure_endpoint(IP_FAMILY_IPV4, &address, 443).text, "192.0.2.1:443");
    static const char longest[] = "2001:db8:1234:5678:9abc:def0:1234:5678";
    inet_pton(AF_INET6, longest, &address);
    assert_string_equal(figure_address(IP_FAMILY_IPV6, &address).text, longest);
    assert_string_equal(figure_endpoint(IP_FAMILY_IPV6, &address, 65535).text,
                        "[2001:db8:1234:5678:9abc:def0:1234:5678]:65535");
}

static void assert_written(void (*write)(struct buffer *out, const char *text), const char *text,
                           const char *expected)
{
    struct buffer out = {0};
    write(&out, text);
    buffer_append(&out, "", 1);
    assert_string_equal(out.data, expected);
    buffer_free(&out);
}

static void test_text_cannot_become_markup(void **state)
{
    (void)state;
    assert_written(html_text, "", "");
    assert_written(html_text, "plain ü", "plain ü");
    assert_written(html_text, "<b a='1' c=\"2\">&amp;",
                   "&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;amp;");
    assert_written(html_text, "<<", "&lt;&lt;");
    assert_written(html_text, "a\nb\x01\x7f",
                   "a\ufffd"
                   "b\ufffd\ufffd");
}

static void test_addresses_may_break_after_colons(void **state)
{
    (void)state;
    assert_written(html_breakable, "192.0.2.1", "192.0.2.1");
    assert_written(html_breakable, "[::1]:80", "[:<wbr>:<wbr>1]:<wbr>80");
    assert_written(html_breakable, "<:>:", "&lt;:<wbr>&gt;:<wbr>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_have_commas),
        cmocka_unit_test(test_shares_have_the_digits_that_matter),
        cmocka_unit_test(test_only_all_of_it_is_a_hundred_percent),
        cmocka_unit_test(test_durations_have_the_units_that_matter),
        cmocka_unit_test(test_ages_are_told_to_a_tenth_of_a_second),
        cmocka_unit_test(test_addresses_have_brackets_before_a_port),
        cmocka_unit_test(test_text_cannot_become_markup),
        cmocka_unit_test(test_addresses_may_break_after_colons),
    };
    return cmocka_run_group_tests_name("figures", tests, NULL, NULL);
}
