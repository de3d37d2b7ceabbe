// SPDX-License-Identifier: Apache-2.0
/*
 * The names of UNIX sockets as text: any bytes become valid UTF-8 on one line.
 */
#include "measure/unix_path.h"
#include "seeded.h"
#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LONGEST = 108 };

static void assert_text(const char *name, size_t length, const char *expected)
{
    char text[UNIX_PATH_SIZE];
    memset(text, 'x', sizeof text);
    unix_path_write(text, name, length);
    assert_string_equal(text, expected);
    for (size_t i = strlen(text); i < sizeof text; i++)
        assert_int_equal(text[i], 0); /* texts are compared as whole arrays */
}

static void test_paths_stay_as_they_are(void **state)
{
    (void)state;
    assert_text("", 0, "");
    assert_text("/run/php/php8.2-fpm.sock", 24, "/run/php/php8.2-fpm.sock");
    assert_text("/run/a b\"c\\x2d", 14, "/run/a b\"c\\x2d");
    assert_text("/run/sock-and-more", 9, "/run/sock");
}

static void test_abstract_names_begin_with_an_at_sign(void **state)
{
    (void)state;
    assert_text("\0/tmp/dbus", 10, "@/tmp/dbus");
    assert_text("\0", 1, "@");
    assert_text("\0a\0b\0\0", 6, "@a@b@@");
}

static void test_controls_are_escaped(void **state)
{
    (void)state;
    assert_text("/a\nb\x7f\x01 ~", 8, "/a\\x0ab\\x7f\\x01 ~");
}

/* The bounds of every form of RFC 3629. */
static void test_characters_of_utf8_stay(void **state)
{
    (void)state;
    static const char *const whole[] = {
        "\xc2\x80",         "\xdf\xbf",         "\xe0\xa0\x80",     "\xe0\xbf\xbf",
        "\xe1\x80\x80",     "\xec\xbf\xbf",     "\xed\x80\x80",     "\xed\x9f\xbf",
        "\xee\x80\x80",     "\xef\xbf\xbf",     "\xf0\x90\x80\x80", "\xf0\xbf\xbf\xbf",
        "\xf1\x80\x80\x80", "\xf3\xbf\xbf\xbf", "\xf4\x80\x80\x80", "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        assert_text(whole[i], strlen(whole[i]), whole[i]);
}

static void test_other_bytes_are_escaped(void **state)
{
    (void)state;
    assert_text("\x80", 1, "\\x80");
    assert_text("\xc1\xbf", 2, "\\xc1\\xbf");
    assert_text("\xe0\x9f\xbf", 3, "\\xe0\\x9f\\xbf");
    assert_text("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
    assert_text("\xf0\x8f\xbf\xbf", 4, "\\xf0\\x8f\\xbf\\xbf");
    assert_text("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
    assert_text("\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80");
    assert_text("\xe2\x82/", 3, "\\xe2\\x82/"); /* a half character before another */
    assert_text("\xf1\x80\x80/", 4, "\\xf1\\x80\\x80/");
    assert_text("\xf1\x80\xc0\x80", 4, "\\xf1\\x80\\xc0\\x80");
    assert_text("\xe2\x82\xac", 2, "\\xe2\\x82"); /* and at the end */
    assert_text("\xff", 1, "\\xff");
}

static void test_the_longest_name_fits(void **state)
{
    (void)state;
    char name[LONGEST], expected[UNIX_PATH_SIZE];
    memset(name, 0xff, sizeof name);
    for (size_t i = 0; i < LONGEST; i++)
        memcpy(expected + 4 * i, "\\xff", 5);
    assert_text(name, sizeof name, expected);
}

static void test_any_bytes_become_one_line_of_utf8(void **state)
{
    (void)state;
    /* The ends of ranges are likely, so that whole characters are. */
    static const char likely[] = "\x80\xbf\xc2\xdf\xe0\xa0\xed\x9f\xee\xf0\x90\xf4\x8f/";
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 100000; turn++) {
        char name[LONGEST], text[UNIX_PATH_SIZE];
        size_t length = (size_t)seeded_between(&random, 0, LONGEST);
        for (size_t i = 0; i < length; i++)
            name[i] = seeded_bits(&random) % 2 ? (char)seeded_bits(&random)
                                               : likely[seeded_bits(&random) % (sizeof likely - 1)];
        unix_path_write(text, name, length);
        size_t written = strlen(text);
        assert_true(written <= 4 * length);
        assert_true(utf8_is_valid(text, written));
        for (size_t i = 0; i < written; i++)
            assert_true((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_stay_as_they_are),
        cmocka_unit_test(test_abstract_names_begin_with_an_at_sign),
        cmocka_unit_test(test_controls_are_escaped),
        cmocka_unit_test(test_characters_of_utf8_stay),
        cmocka_unit_test(test_other_bytes_are_escaped),
        cmocka_unit_test(test_the_longest_name_fits),
        cmocka_unit_test(test_any_bytes_become_one_line_of_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
