// SPDX-License-Identifier: Apache-2.0
/*
 * The arithmetic that keeps sampling within its share of a CPU.
 */
#include "sample/budget.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#define MILLISECOND INT64_C(1000000)
#define SECOND      INT64_C(1000000000)

/* The error from rounding to whole nanoseconds and to doubles. */
static const double rounding = 1 + 1e-6;

static const struct sample_intervals defaults = {.count = SECOND, .detail = 5 * SECOND};

static struct sample_intervals stretch(double cpu_share, double overhead, int64_t count_cost,
                                       int64_t detail_cost)
{
    return budget_stretch(cpu_share, overhead, defaults,
                          (struct sample_costs){count_cost, detail_cost});
}

static void assert_intervals(struct sample_intervals seen, int64_t count, int64_t detail)
{
    assert_int_equal(seen.count, count);
    assert_int_equal(seen.detail, detail);
}

/* The share of `cost` at each `interval`. */
static double share(int64_t cost, int64_t interval)
{
    return (double)cost / (double)interval;
}

/* The rest for the samples, as described in the header. */
static double available(double cpu_share, double overhead)
{
    return cpu_share - fmin(overhead, cpu_share / 2);
}

static void test_wanted_intervals_are_kept_when_cheap(void **state)
{
    (void)state;
    assert_intervals(stretch(0.02, 0, 0, 0), SECOND, 5 * SECOND);
    assert_intervals(stretch(0.02, 0, MILLISECOND, MILLISECOND), SECOND, 5 * SECOND);
    assert_intervals(stretch(0.02, 0, 10 * MILLISECOND, 49 * MILLISECOND), SECOND, 5 * SECOND);
}

static void test_an_expensive_count_sample_is_stretched_to_three_quarters(void **state)
{
    (void)state;
    /* 75 ms at 1.5 % is once in 5 s. */
    assert_int_equal(stretch(0.02, 0, 74 * MILLISECOND, 0).count, 5 * SECOND);
    assert_int_equal(stretch(0.02, 0, 76 * MILLISECOND, 0).count, 6 * SECOND);
}

static void test_an_expensive_detail_sample_gets_the_rest(void **state)
{
    (void)state;
    /* 10 ms a second is 1 %; 1 % is left. */
    struct sample_intervals seen = stretch(0.02, 0, 10 * MILLISECOND, SECOND);
    assert_int_equal(seen.count, SECOND);
    assert_in_range(seen.detail, 100 * SECOND - 1000, 100 * SECOND + 1000);
}

static void test_a_detail_sample_gets_a_quarter_at_least(void **state)
{
    (void)state;
    /* 0.5 %, and the part that the count sample cannot use because it needs whole seconds. */
    struct sample_intervals seen = stretch(0.02, 0, 75 * MILLISECOND - 1000, SECOND);
    assert_in_range(seen.detail, 199 * SECOND, 200 * SECOND);
}

static void test_overhead_is_part_of_the_share(void **state)
{
    (void)state;
    struct sample_intervals seen = stretch(0.03, 0.01, 75 * MILLISECOND - 1000, SECOND);
    assert_int_equal(seen.count, 5 * SECOND);
    assert_in_range(seen.detail, 199 * SECOND, 200 * SECOND);
}

static void test_overhead_takes_half_of_the_share_at_most(void **state)
{
    (void)state;
    struct sample_intervals half = stretch(0.04, 0.02, 75 * MILLISECOND, SECOND);
    static const double overheads[] = {0.021, 0.04, 0.5, 1e9, (double)INFINITY};
    for (size_t i = 0; i < sizeof overheads / sizeof overheads[0]; i++) {
        struct sample_intervals seen = stretch(0.04, overheads[i], 75 * MILLISECOND, SECOND);
        assert_intervals(seen, half.count, half.detail);
    }
}

/* A random budget with random intervals and costs. */
struct draw {
    double cpu_share;
    double overhead;
    struct sample_intervals wanted;
    struct sample_costs costs;
};

static int64_t draw_cost(struct seeded *random)
{
    bool is_free = seeded_between(random, 0, 9) == 0;
    return is_free ? 0 : (int64_t)seeded_magnitude(random, 1, 100e9);
}

static struct draw draw(struct seeded *random)
{
    double cpu_share = seeded_magnitude(random, 0.0001, 1);
    bool no_overhead = seeded_between(random, 0, 3) == 0;
    return (struct draw){
        .cpu_share = cpu_share,
        .overhead = no_overhead ? 0 : cpu_share * seeded_magnitude(random, 1e-4, 3),
        .wanted = {(int64_t)seeded_magnitude(random, 10e6, 3600e9),
                   (int64_t)seeded_magnitude(random, 100e6, 86400e9)},
        .costs = {draw_cost(random), draw_cost(random)},
    };
}

static struct sample_intervals stretch_drawn(const struct draw *draw)
{
    return budget_stretch(draw->cpu_share, draw->overhead, draw->wanted, draw->costs);
}

enum { DRAWS = 100000 };

static void test_any_costs_stay_within_the_share(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct sample_intervals seen = stretch_drawn(&d);
        double used = share(d.costs.count, seen.count) + share(d.costs.detail, seen.detail);
        if (used > available(d.cpu_share, d.overhead) * rounding)
            fail_msg("share %g, overhead %g: costs %lld and %lld use %g", d.cpu_share, d.overhead,
                     (long long)d.costs.count, (long long)d.costs.detail, used);
    }
}

static void test_no_interval_is_shorter_than_wanted(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct sample_intervals seen = stretch_drawn(&d);
        assert_true(seen.count >= d.wanted.count);
        assert_true(seen.detail >= d.wanted.detail);
    }
}

static void test_a_stretched_count_is_a_whole_multiple(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        assert_int_equal(stretch_drawn(&d).count % d.wanted.count, 0);
    }
}

static void test_count_samples_are_stretched_no_more_than_needed(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        int64_t count = stretch_drawn(&d).count;
        double limit = 0.75 * available(d.cpu_share, d.overhead);
        assert_true(share(d.costs.count, count) <= limit * rounding);
        if (count > d.wanted.count)
            assert_true(share(d.costs.count, count - d.wanted.count) * rounding >= limit);
    }
}

static void test_detail_samples_are_stretched_no_more_than_needed(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct sample_intervals seen = stretch_drawn(&d);
        if (seen.detail == d.wanted.detail)
            continue;
        double used = share(d.costs.count, seen.count) + share(d.costs.detail, seen.detail);
        assert_true(used * rounding >= available(d.cpu_share, d.overhead));
    }
}

static void test_count_has_priority(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        int64_t count = stretch_drawn(&d).count;
        d.costs.detail = draw_cost(&random);
        d.wanted.detail = (int64_t)seeded_magnitude(&random, 100e6, 86400e9);
        assert_int_equal(stretch_drawn(&d).count, count);
    }
}

static void test_extremes_give_intervals_that_can_be_added_to_a_clock(void **state)
{
    (void)state;
    static const int64_t costs[] = {0, 1, SECOND, INT64_MAX / 2, INT64_MAX};
    static const double shares[] = {1, 0.0001, 1e-12, 1e-300};
    static const double overheads[] = {0, 1e-300, 1, 1e300};
    const int64_t century = INT64_C(36525) * 86400 * SECOND;
    for (size_t i = 0; i < 5 * 5 * 4 * 4; i++) {
        struct sample_intervals seen =
            stretch(shares[i / 25 % 4], overheads[i / 100], costs[i % 5], costs[i / 5 % 5]);
        assert_in_range(seen.count, SECOND, century);
        assert_in_range(seen.detail, 5 * SECOND, century);
    }
}

static void test_free_samples_are_never_stretched(void **state)
{
    (void)state;
    assert_intervals(stretch(1e-12, 0, 0, 0), SECOND, 5 * SECOND);
    assert_intervals(stretch(0.0001, 5, 0, 0), SECOND, 5 * SECOND);
    assert_int_equal(stretch(0.0001, 0, 0, INT64_MAX).count, SECOND);
}

static void test_the_first_cost_is_expected(void **state)
{
    (void)state;
    assert_int_equal(budget_expect(0, 12345), 12345);
    assert_int_equal(budget_expect(0, 0), 0);
}

static void test_a_rise_is_expected_at_once(void **state)
{
    (void)state;
    assert_int_equal(budget_expect(100, 101), 101);
    assert_int_equal(budget_expect(1, INT64_MAX), INT64_MAX);
}

static void test_a_fall_is_expected_for_the_most_part(void **state)
{
    (void)state;
    assert_int_equal(budget_expect(SECOND, 0), SECOND / 8);
    assert_int_equal(budget_expect(900, 100), 200);
    assert_int_equal(budget_expect(INT64_MAX, 0), INT64_MAX / 8);
}

static void test_a_lasting_fall_is_expected_in_the_end(void **state)
{
    (void)state;
    int64_t expected = SECOND;
    for (int i = 0; i < 100; i++) {
        int64_t next = budget_expect(expected, MILLISECOND);
        assert_true(next <= expected && next >= MILLISECOND);
        expected = next;
    }
    assert_in_range(expected, MILLISECOND, MILLISECOND + 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted_intervals_are_kept_when_cheap),
        cmocka_unit_test(test_an_expensive_count_sample_is_stretched_to_three_quarters),
        cmocka_unit_test(test_an_expensive_detail_sample_gets_the_rest),
        cmocka_unit_test(test_a_detail_sample_gets_a_quarter_at_least),
        cmocka_unit_test(test_overhead_is_part_of_the_share),
        cmocka_unit_test(test_overhead_takes_half_of_the_share_at_most),
        cmocka_unit_test(test_any_costs_stay_within_the_share),
        cmocka_unit_test(test_no_interval_is_shorter_than_wanted),
        cmocka_unit_test(test_a_stretched_count_is_a_whole_multiple),
        cmocka_unit_test(test_count_samples_are_stretched_no_more_than_needed),
        cmocka_unit_test(test_detail_samples_are_stretched_no_more_than_needed),
        cmocka_unit_test(test_count_has_priority),
        cmocka_unit_test(test_extremes_give_intervals_that_can_be_added_to_a_clock),
        cmocka_unit_test(test_free_samples_are_never_stretched),
        cmocka_unit_test(test_the_first_cost_is_expected),
        cmocka_unit_test(test_a_rise_is_expected_at_once),
        cmocka_unit_test(test_a_fall_is_expected_for_the_most_part),
        cmocka_unit_test(test_a_lasting_fall_is_expected_in_the_end),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
