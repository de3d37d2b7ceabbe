// SPDX-License-Identifier: Apache-2.0
#include "measure/histogram.h"

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
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    assert_ptr_equal(histogram.bounds, bounds);
    assert_int_equal(histogram.bound_count, BOUNDS);
    assert_buckets(&histogram, (uint64_t[]){0, 0, 0, 0, 0});
    assert_int_equal(histogram.count, 0);
    assert_true(histogram.sum == 0);
}

static void test_a_value_equal_to_a_bound_is_at_most_it(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    for (size_t i = 0; i < BOUNDS; i++)
        histogram_observe(&histogram, bounds[i]);
    assert_buckets(&histogram, (uint64_t[]){1, 1, 1, 1, 0});
}

static void test_a_value_just_above_a_bound_is_in_the_next_bucket(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    for (size_t i = 0; i < BOUNDS; i++)
        histogram_observe(&histogram, nextafter(bounds[i], INFINITY));
    assert_buckets(&histogram, (uint64_t[]){0, 1, 1, 1, 1});
}

static void test_the_outer_buckets_take_all_values_beyond(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    histogram_observe(&histogram, -5);
    histogram_observe(&histogram, 1e300);
    histogram_observe(&histogram, 100.5);
    assert_buckets(&histogram, (uint64_t[]){1, 0, 0, 0, 2});
}

static void test_sum_and_count_include_every_value(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    histogram_observe(&histogram, 0.5);
    histogram_observe(&histogram, 2);
    histogram_observe(&histogram, 1000);
    assert_int_equal(histogram.count, 3);
    assert_true(histogram.sum == 1002.5);
}

static void test_without_bounds_there_is_one_bucket(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(NULL, 0, HISTOGRAM_OF_COUNTS);
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
    struct histogram histogram = histogram_make(most, HISTOGRAM_MAX_BOUNDS, HISTOGRAM_OF_COUNTS);
    for (int i = 0; i <= HISTOGRAM_MAX_BOUNDS; i++)
        histogram_observe(&histogram, i);
    for (int i = 0; i <= HISTOGRAM_MAX_BOUNDS; i++)
        assert_int_equal(histogram.buckets[i], 1);
}

/* The bounds of native buckets, from the definition of Prometheus' schemas. */
static double native_bound(int bucket)
{
    return exp2(bucket / 8.0);
}

static void test_a_power_of_two_ends_its_native_bucket(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    for (int doubling = 0; doubling < 34; doubling++) {
        histogram_observe(&histogram, ldexp(1, doubling));
        histogram_observe(&histogram, nextafter(ldexp(1, doubling), INFINITY));
        assert_int_equal(histogram.native_buckets[8 * doubling], 1);
        if (8 * doubling + 1 < HISTOGRAM_NATIVE_BUCKETS)
            assert_int_equal(histogram.native_buckets[8 * doubling + 1], 1);
    }
}

static void test_native_buckets_hold_the_values_between_their_bounds(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < 2000; i++) {
        struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_SHARES);
        double value = (double)seeded_between(&random, 1, 65535) / 65535;
        histogram_observe(&histogram, value);
        int bucket = 0;
        while (bucket < HISTOGRAM_NATIVE_BUCKETS && histogram.native_buckets[bucket] == 0)
            bucket++;
        assert_in_range(bucket, 0, HISTOGRAM_NATIVE_BUCKETS - 1);
        bucket += HISTOGRAM_OF_SHARES;
        assert_true(value > native_bound(bucket - 1) && value <= native_bound(bucket));
    }
}

static void test_zeros_are_counted_separately(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    histogram_observe(&histogram, 0);
    histogram_observe(&histogram, 0);
    histogram_observe(&histogram, 1);
    assert_int_equal(histogram.zeros, 2);
    assert_int_equal(histogram.native_buckets[0], 1);
}

static void test_the_outer_native_buckets_take_all_values_beyond(void **state)
{
    (void)state;
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
    histogram_observe(&histogram, 0.001);
    histogram_observe(&histogram, 1e300);
    assert_int_equal(histogram.native_buckets[0], 1);
    assert_int_equal(histogram.native_buckets[HISTOGRAM_NATIVE_BUCKETS - 1], 1);
}

static void test_random_values_are_counted_correctly(void **state)
{
    (void)state;
    enum { VALUES = 2000 };
    struct seeded random = seeded_start();
    struct histogram histogram = histogram_make(bounds, BOUNDS, HISTOGRAM_OF_COUNTS);
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
        cmocka_unit_test(test_the_outer_buckets_take_all_values_beyond),
        cmocka_unit_test(test_sum_and_count_include_every_value),
        cmocka_unit_test(test_without_bounds_there_is_one_bucket),
        cmocka_unit_test(test_the_most_bounds_leave_room_for_infinity),
        cmocka_unit_test(test_a_power_of_two_ends_its_native_bucket),
        cmocka_unit_test(test_native_buckets_hold_the_values_between_their_bounds),
        cmocka_unit_test(test_zeros_are_counted_separately),
        cmocka_unit_test(test_the_outer_native_buckets_take_all_values_beyond),
        cmocka_unit_test(test_random_values_are_counted_correctly),
    };
    return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
