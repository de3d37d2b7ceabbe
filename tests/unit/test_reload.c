// SPDX-License-Identifier: Apache-2.0
/*
 * When the web configuration is read again, second by second.
 */
#include "reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/*
 * Each character of `seconds` is the event of one second, and that of `expected` below it is R if
 * the files must be read:
 *
 *     .  nothing           r  a request           c  changed files       b  both
 */
static void assert_reloads(const char *seconds, const char *expected)
{
    struct reload reload = {0};
    assert_int_equal(strlen(seconds), strlen(expected));
    for (size_t i = 0; seconds[i]; i++) {
        bool requested = strchr("rb", seconds[i]), changed = strchr("cb", seconds[i]);
        bool due = reload_is_due(&reload, requested, changed);
        if (due != (expected[i] == 'R'))
            fail_msg("second %zu of %s: %s", i, seconds, due ? "read" : "not read");
    }
}

static void test_files_that_do_not_change_are_not_read(void **state)
{
    (void)state;
    assert_reloads("...", "...");
}

static void test_a_request_has_effect_once(void **state)
{
    (void)state;
    assert_reloads("r..", "R..");
    assert_reloads(".r.r", ".R.R");
    assert_reloads("rr.", "RR.");
}

static void test_changed_files_get_another_second(void **state)
{
    (void)state;
    assert_reloads("cc..", ".R..");
    assert_reloads("c...", "....");
    assert_reloads("c.c.", "....");
    assert_reloads("c.cc", "...R");
}

static void test_files_that_change_while_they_are_read_get_another_second(void **state)
{
    (void)state;
    assert_reloads("cccc", ".R.R");
    assert_reloads("bc.", "R..");
    assert_reloads("bcc", "R.R");
}

static void test_a_request_does_not_wait_for_changed_files(void **state)
{
    (void)state;
    assert_reloads("b.", "R.");
    assert_reloads("cr.", ".R.");
    assert_reloads("cb.", ".R.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_that_do_not_change_are_not_read),
        cmocka_unit_test(test_a_request_has_effect_once),
        cmocka_unit_test(test_changed_files_get_another_second),
        cmocka_unit_test(test_files_that_change_while_they_are_read_get_another_second),
        cmocka_unit_test(test_a_request_does_not_wait_for_changed_files),
    };
    return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
