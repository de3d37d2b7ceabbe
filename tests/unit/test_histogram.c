// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/histogram.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static const double bounds[] = {0, 1, 10, 100};
enum { BOUNDS = sizeof bounds / sizeof bounds[0] };

static void assert_buckets(const struct histogram *histogram, const uint64_t expected[BOUNDS + 1])
{
    for (size_t i = 0; i <= BOUNDS; i++)
        assert_int_equal(histogram->buckets[i], expected[i]);
}

static void test_a_new_histogram_is_empty(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    assert_ptr_equal(histogram.bounds, bounds);
    assert_int_equal(histogram.bound_count, BOUNDS);
    assert_buckets(&histogram, (uint64_t[]){0, 0, 0, 0, 0});
    assert_int_equal(histogram.count, 0);
    assert_true(histogram.sum == 0);
}

static void test_a_value_equal_to_a_bound_is_at_most_it(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    for (size_t i = 0; i < BOUNDS; i++)
        histogram_observe(&histogram, bounds[i]);
    assert_buckets(&histogram, (uint64_t[]){1, 1, 1, 1, 0});
}

static void test_a_value_just_above_a_bound_is_in_the_next_bucket(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    for (size_t i = 0; i < BOUNDS; i++)
        histogram_observe(&histogram, nextafter(bounds[i], INFINITY));
    assert_buckets(&histogram, (uint64_t[]){0, 1, 1, 1, 1});
}

static void test_the_ends_take_whatever_is_beyond(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    histogram_observe(&histogram, -5);
    histogram_observe(&histogram, 1e300);
    histogram_observe(&histogram, INFINITY);
    assert_buckets(&histogram, (uint64_t[]){1, 0, 0, 0, 2});
}

static void test_sum_and_count_take_in_every_value(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    histogram_observe(&histogram, 0.5);
    histogram_observe(&histogram, 2);
    histogram_observe(&histogram, 1000);
    assert_int_equal(histogram.count, 3);
    assert_true(histogram.sum == 1002.5);
}

static void test_without_bounds_there_is_one_bucket(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(NULL, 0);
    histogram_observe(&histogram, -1);
    histogram_observe(&histogram, 1);
    assert_int_equal(histogram.buckets[0], 2);
    assert_int_equal(histogram.count, 2);
}

static void test_the_most_bounds_leave_room_for_infinity(void **state)
{
    (void)state;
    double most[HISTOGRAM_MAX_BOUNDS];
    for (int i = 0; i < HISTOGRAM_MAX_BOUNDS; i++)
        most[i] = i;
    struct histogram histogram = histogram_make(most, HISTOGRAM_MAX_BOUNDS);
    for (int i = 0; i <= HISTOGRAM_MAX_BOUNDS; i++)
        histogram_observe(&histogram, i);
    for (int i = 0; i <= HISTOGRAM_MAX_BOUNDS; i++)
        assert_int_equal(histogram.buckets[i], 1);
}

static void test_any_values_are_counted_as_by_hand(void **state)
{
    (void)state;
    enum { VALUES = 2000 };
    struct seeded random = seeded_start();
    struct histogram histogram = histogram_make(bounds, BOUNDS);
    uint64_t at_most[BOUNDS] = {0};
    for (int i = 0; i < VALUES; i++) {
        double value = (double)seeded_between(&random, -20, 240) / 2;
        histogram_observe(&histogram, value);
        for (size_t b = 0; b < BOUNDS; b++)
            at_most[b] += value <= bounds[b];
    }
    uint64_t so_far = 0;
    for (size_t b = 0; b < BOUNDS; b++) {
        so_far += histogram.buckets[b];
        assert_int_equal(so_far, at_most[b]);
    }
    assert_int_equal(so_far + histogram.buckets[BOUNDS], VALUES);
    assert_int_equal(histogram.count, VALUES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_new_histogram_is_empty),
        cmocka_unit_test(test_a_value_equal_to_a_bound_is_at_most_it),
        cmocka_unit_test(test_a_value_just_above_a_bound_is_in_the_next_bucket),
        cmocka_unit_test(test_the_ends_take_whatever_is_beyond),
        cmocka_unit_test(test_sum_and_count_take_in_every_value),
        cmocka_unit_test(test_without_bounds_there_is_one_bucket),
        cmocka_unit_test(test_the_most_bounds_leave_room_for_infinity),
        cmocka_unit_test(test_any_values_are_counted_as_by_hand),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
