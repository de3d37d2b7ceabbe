// SPDX-License-Identifier: Apache-2.0
/*
 * The sliding peak against a plain list of all observations.
 */
#include "measure/peak_window.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <inttypes.h>

static const int64_t minute = INT64_C(60000000000);
static const int64_t slot = INT64_C(1000000000); /* of a window of a minute */

static void test_an_empty_window_has_no_peak(void **state)
{
    (void)state;
    struct peak_window peak = {0};
    assert_true(peak_window_read(&peak) == 0);
}

static void test_the_peak_is_the_highest_not_the_last(void **state)
{
    (void)state;
    struct peak_window peak = {0};
    peak_window_observe(&peak, minute, 5 * slot, 7);
    peak_window_observe(&peak, minute, 5 * slot, 9);
    peak_window_observe(&peak, minute, 5 * slot, 3);
    assert_true(peak_window_read(&peak) == 9);
    peak_window_observe(&peak, minute, 6 * slot, 2);
    assert_true(peak_window_read(&peak) == 9);
}

static void test_reading_does_not_reset(void **state)
{
    (void)state;
    struct peak_window peak = {0};
    peak_window_observe(&peak, minute, 0, 7);
    for (int i = 0; i < 3; i++)
        assert_true(peak_window_read(&peak) == 7);
}

static void test_a_value_of_53_bits_is_exact(void **state)
{
    (void)state;
    struct peak_window peak = {0};
    peak_window_observe(&peak, minute, 0, 9007199254740991.0);
    assert_true(peak_window_read(&peak) == 9007199254740991.0);
}

/* The peak at `now`, if 9 was observed at `seen` and only zeros after. */
static double peak_at(int64_t seen, int64_t now, int64_t step)
{
    struct peak_window peak = {0};
    peak_window_observe(&peak, minute, seen, 9);
    for (int64_t time = seen + step; time < now; time += step)
        peak_window_observe(&peak, minute, time, 0);
    peak_window_observe(&peak, minute, now, 0);
    return peak_window_read(&peak);
}

static void test_a_value_is_remembered_for_the_whole_window(void **state)
{
    (void)state;
    static const int64_t steps[] = {200000000, 1000000000, 7000000000, 600000000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (int64_t seen = 1000 * slot; seen < 1001 * slot; seen += slot / 4 - 1) {
            assert_true(peak_at(seen, seen + minute - 1, steps[i]) == 9);
            assert_true(peak_at(seen, seen + minute, steps[i]) == 9);
        }
        assert_true(peak_at(1001 * slot - 1, 1001 * slot - 1 + minute, steps[i]) == 9);
    }
}

static void test_a_value_is_forgotten_at_most_one_slot_later(void **state)
{
    (void)state;
    static const int64_t steps[] = {200000000, 1000000000, 7000000000, 600000000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        for (int64_t seen = 1000 * slot; seen < 1001 * slot; seen += slot / 4 - 1)
            assert_true(peak_at(seen, seen + minute + slot, steps[i]) == 0);
    }
}

static void test_a_long_gap_forgets_everything(void **state)
{
    (void)state;
    struct peak_window peak = {0};
    for (int64_t time = 0; time < 2 * minute; time += slot / 2)
        peak_window_observe(&peak, minute, time, 100);
    peak_window_observe(&peak, minute, INT64_MAX, 1);
    assert_true(peak_window_read(&peak) == 1);
}

static void test_the_first_time_is_arbitrary(void **state)
{
    (void)state;
    static const int64_t times[] = {0, 1, INT64_C(86400000000000) * 3650, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        struct peak_window peak = {0};
        peak_window_observe(&peak, minute, times[i], 4);
        assert_true(peak_window_read(&peak) == 4);
    }
}

enum { OBSERVATIONS = 400 };

struct observation {
    int64_t at;
    uint64_t value;
};

/* The highest of the observations that are at most `age` old at the time of the last one. */
static uint64_t highest_up_to(const struct observation *seen, size_t count, int64_t age)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < count; i++) {
        if (seen[count - 1].at - seen[i].at <= age && seen[i].value > highest)
            highest = seen[i].value;
    }
    return highest;
}

/* Observe at random times; after each, the peak must lie between that of the window and that of
 * the window and a slot. A slot is a whole number of nanoseconds: if the window is not a multiple
 * of the slots, `rounding` nanoseconds of it may be missing. */
static void compare_with_list(struct seeded *random, int64_t window, int64_t rounding)
{
    struct observation seen[OBSERVATIONS];
    struct peak_window peak = {0};
    const int64_t slot_length = window / PEAK_WINDOW_SLOTS;
    const int64_t longest_steps[] = {0, 1, slot_length / 3, 3 * slot_length, window, 5 * window};
    int64_t now = seeded_between(random, 0, 100 * window);
    for (size_t i = 0; i < OBSERVATIONS; i++) {
        now += seeded_between(random, 0, longest_steps[seeded_between(random, 0, 5)]);
        seen[i] = (struct observation){now, (uint64_t)seeded_between(random, 0, 1000)};
        peak_window_observe(&peak, window, now, (double)seen[i].value);

        uint64_t highest = (uint64_t)peak_window_read(&peak);
        uint64_t least = highest_up_to(seen, i + 1, window - rounding);
        uint64_t most = highest_up_to(seen, i + 1, window + slot_length - 1);
        if (highest < least || highest > most)
            fail_msg("window %" PRId64 ", observation %zu: %" PRIu64 ", not %" PRIu64
                     " to %" PRIu64,
                     window, i, highest, least, most);
    }
}

static void test_random_times_agree_with_a_list(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 100; turn++) {
        int64_t slot_length = (int64_t)seeded_magnitude(&random, 1, (double)minute);
        compare_with_list(&random, PEAK_WINDOW_SLOTS * slot_length, 0);
    }
}

static void test_a_window_of_any_length_loses_only_nanoseconds(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int turn = 0; turn < 100; turn++)
        compare_with_list(&random, seeded_between(&random, slot, 24 * 60 * minute),
                          PEAK_WINDOW_SLOTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_window_has_no_peak),
        cmocka_unit_test(test_the_peak_is_the_highest_not_the_last),
        cmocka_unit_test(test_reading_does_not_reset),
        cmocka_unit_test(test_a_value_of_53_bits_is_exact),
        cmocka_unit_test(test_a_value_is_remembered_for_the_whole_window),
        cmocka_unit_test(test_a_value_is_forgotten_at_most_one_slot_later),
        cmocka_unit_test(test_a_long_gap_forgets_everything),
        cmocka_unit_test(test_the_first_time_is_arbitrary),
        cmocka_unit_test(test_random_times_agree_with_a_list),
        cmocka_unit_test(test_a_window_of_any_length_loses_only_nanoseconds),
    };
    return cmocka_run_group_tests_name("peak window", tests, NULL, NULL);
}
