// SPDX-License-Identifier: Apache-2.0
/*
 * The history of a count against a plain list of all observations.
 */
#include "measure/history.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>

static const int64_t slot = HISTORY_SLOT_LENGTH;

static void assert_at(const struct history *history, size_t age, uint64_t expected)
{
    uint64_t highest;
    if (!history_read(history, age, &highest))
        fail_msg("slot %zu is unknown", age);
    assert_int_equal(highest, expected);
}

static void assert_unknown(const struct history *history, size_t age)
{
    uint64_t highest;
    if (history_read(history, age, &highest))
        fail_msg("slot %zu has %" PRIu64, age, highest);
}

static void test_an_empty_history_has_no_values(void **state)
{
    (void)state;
    struct history history = {0};
    for (size_t age = 0; age < HISTORY_SLOTS; age++)
        assert_unknown(&history, age);
}

static void test_a_slot_has_its_highest(void **state)
{
    (void)state;
    struct history history = {0};
    history_observe(&history, 7 * slot, 5);
    history_observe(&history, 7 * slot + 1, 9);
    history_observe(&history, 8 * slot - 1, 3);
    assert_at(&history, 0, 9);
    history_observe(&history, 8 * slot, 4);
    assert_at(&history, 0, 4);
    assert_at(&history, 1, 9);
}

static void test_zero_is_not_unknown(void **state)
{
    (void)state;
    struct history history = {0};
    history_observe(&history, 0, 0);
    assert_at(&history, 0, 0);
    for (size_t age = 1; age < HISTORY_SLOTS; age++)
        assert_unknown(&history, age);
}

static void test_skipped_slots_are_unknown(void **state)
{
    (void)state;
    struct history history = {0};
    history_observe(&history, 10 * slot, 1);
    history_observe(&history, 13 * slot, 2);
    assert_at(&history, 0, 2);
    assert_unknown(&history, 1);
    assert_unknown(&history, 2);
    assert_at(&history, 3, 1);
    assert_unknown(&history, 4);
}

static void test_values_a_quarter_of_an_hour_old_are_forgotten(void **state)
{
    (void)state;
    struct history history = {0};
    history_observe(&history, 0, 7);
    history_observe(&history, (HISTORY_SLOTS - 1) * slot, 1);
    assert_at(&history, HISTORY_SLOTS - 1, 7);
    history_observe(&history, HISTORY_SLOTS * slot, 1);
    assert_at(&history, 0, 1);
    assert_unknown(&history, HISTORY_SLOTS - 1);
}

static void test_a_long_gap_forgets_everything(void **state)
{
    (void)state;
    struct history history = {0};
    for (int64_t i = 0; i < 3 * HISTORY_SLOTS; i++)
        history_observe(&history, i * slot, 100);
    history_observe(&history, INT64_MAX, 1);
    assert_at(&history, 0, 1);
    for (size_t age = 1; age < HISTORY_SLOTS; age++)
        assert_unknown(&history, age);
}

static void test_a_value_of_64_bits_is_stored(void **state)
{
    (void)state;
    struct history history = {0};
    history_observe(&history, 12345 * slot, UINT64_MAX);
    assert_at(&history, 0, UINT64_MAX);
}

enum { OBSERVATIONS = 300 };

struct observation {
    int64_t slot;
    uint64_t value;
};

/* The highest in one slot; false if there was none. */
static bool find_highest(const struct observation *seen, size_t count, int64_t number,
                         uint64_t *highest)
{
    bool any = false;
    *highest = 0;
    for (size_t i = 0; i < count; i++) {
        if (seen[i].slot != number)
            continue;
        any = true;
        if (seen[i].value > *highest)
            *highest = seen[i].value;
    }
    return any;
}

static void compare_with_list(const struct history *history, const struct observation *seen,
                              size_t count)
{
    for (size_t age = 0; age < HISTORY_SLOTS; age++) {
        uint64_t expected;
        if (find_highest(seen, count, seen[count - 1].slot - (int64_t)age, &expected))
            assert_at(history, age, expected);
        else
            assert_unknown(history, age);
    }
}

static void test_random_times_agree_with_a_list(void **state)
{
    (void)state;
    static const int64_t longest_steps[] = {0, slot / 5, 3 * slot, HISTORY_SLOTS * slot,
                                            4 * HISTORY_SLOTS * slot};
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 20; turn++) {
        struct history history = {0};
        struct observation seen[OBSERVATIONS];
        int64_t now = seeded_between(&random, 0, 100 * slot);
        /* Long steps are rare, otherwise there would be only gaps. */
        for (size_t i = 0; i < OBSERVATIONS; i++) {
            int64_t kind = seeded_between(&random, 0, 60);
            now += seeded_between(&random, 0, longest_steps[kind < 5 ? kind : 1 + kind % 2]);
            seen[i] = (struct observation){now / slot, (uint64_t)seeded_between(&random, 0, 1000)};
            history_observe(&history, now, seen[i].value);
            compare_with_list(&history, seen, i + 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_history_has_no_values),
        cmocka_unit_test(test_a_slot_has_its_highest),
        cmocka_unit_test(test_zero_is_not_unknown),
        cmocka_unit_test(test_skipped_slots_are_unknown),
        cmocka_unit_test(test_values_a_quarter_of_an_hour_old_are_forgotten),
        cmocka_unit_test(test_a_long_gap_forgets_everything),
        cmocka_unit_test(test_a_value_of_64_bits_is_stored),
        cmocka_unit_test(test_random_times_agree_with_a_list),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
