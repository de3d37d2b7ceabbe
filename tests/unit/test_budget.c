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

/* A number for each kind of sample: an interval or a cost. */
struct each {
    int64_t of[SAMPLE_KINDS];
};

static const struct each defaults = {{SECOND, 5 * SECOND, 5 * SECOND}};

static struct each stretch(double cpu_share, double overhead, struct each costs)
{
    struct each intervals;
    budget_stretch(cpu_share, overhead, defaults.of, costs.of, intervals.of);
    return intervals;
}

static void assert_intervals(struct each seen, int64_t count, int64_t ports, int64_t detail)
{
    assert_int_equal(seen.of[SAMPLE_COUNT], count);
    assert_int_equal(seen.of[SAMPLE_PORTS], ports);
    assert_int_equal(seen.of[SAMPLE_DETAIL], detail);
}

/* Is it `interval`, but for the rounding? */
static void assert_about(int64_t seen, int64_t interval)
{
    assert_in_range(seen, interval - 1000, interval + 1000);
}

/* The share of `cost` at each `interval`. */
static double share(int64_t cost, int64_t interval)
{
    return (double)cost / (double)interval;
}

/* The budget of samples at their intervals, as described in the header. */
static double available(double cpu_share, double overhead)
{
    return 0.9 * (cpu_share - fmin(overhead, cpu_share / 2));
}

static void test_wanted_intervals_are_kept_when_cheap(void **state)
{
    (void)state;
    assert_intervals(stretch(0.02, 0, (struct each){{0}}), SECOND, 5 * SECOND, 5 * SECOND);
    /* 6 ms a second, then 10 ms a second, then the rest of 18 ms */
    assert_intervals(
        stretch(0.02, 0,
                (struct each){{6 * MILLISECOND - 1000, 50 * MILLISECOND, 9 * MILLISECOND}}),
        SECOND, 5 * SECOND, 5 * SECOND);
}

static void test_an_expensive_count_sample_gets_a_third(void **state)
{
    (void)state;
    /* 30 ms at 0.6 % is once in 5 s. */
    assert_int_equal(stretch(0.02, 0, (struct each){{29 * MILLISECOND}}).of[SAMPLE_COUNT],
                     5 * SECOND);
    assert_int_equal(stretch(0.02, 0, (struct each){{31 * MILLISECOND}}).of[SAMPLE_COUNT],
                     6 * SECOND);
}

static void test_an_expensive_ports_sample_gets_nine_tenths_with_the_count_sample(void **state)
{
    (void)state;
    /* 1.62 % without the 0.5 % of the count samples */
    struct each seen = stretch(0.02, 0, (struct each){{5 * MILLISECOND, SECOND, 0}});
    assert_int_equal(seen.of[SAMPLE_COUNT], SECOND);
    assert_about(seen.of[SAMPLE_PORTS], SECOND * 10000 / 112);
    /* The count sample with its third leaves 1.02 %. */
    seen = stretch(0.02, 0, (struct each){{30 * MILLISECOND - 10, 102 * MILLISECOND, 0}});
    assert_in_range(seen.of[SAMPLE_PORTS], 9999 * MILLISECOND, 10 * SECOND);
}

static void test_an_expensive_detail_sample_gets_the_rest(void **state)
{
    (void)state;
    /* of 1.8 % the count samples take 0.5 and the ports samples 0.3 */
    struct each seen = stretch(0.02, 0, (struct each){{5 * MILLISECOND, 15 * MILLISECOND, SECOND}});
    assert_int_equal(seen.of[SAMPLE_PORTS], 5 * SECOND);
    assert_about(seen.of[SAMPLE_DETAIL], 100 * SECOND);
}

static void test_a_detail_sample_gets_a_tenth_at_least(void **state)
{
    (void)state;
    struct each seen = stretch(0.02, 0, (struct each){{SECOND, SECOND, 18 * MILLISECOND}});
    assert_about(seen.of[SAMPLE_DETAIL], 10 * SECOND);
}

static void test_overhead_is_part_of_the_share(void **state)
{
    (void)state;
    struct each costs = {{30 * MILLISECOND - 1000, SECOND, SECOND}};
    struct each seen = stretch(0.03, 0.01, costs), same = stretch(0.02, 0, costs);
    assert_int_equal(seen.of[SAMPLE_COUNT], 5 * SECOND);
    assert_about(seen.of[SAMPLE_PORTS], same.of[SAMPLE_PORTS]);
    assert_about(seen.of[SAMPLE_DETAIL], same.of[SAMPLE_DETAIL]);
}

static void test_overhead_takes_half_of_the_share_at_most(void **state)
{
    (void)state;
    struct each costs = {{30 * MILLISECOND, SECOND, SECOND}};
    struct each half = stretch(0.04, 0.02, costs);
    static const double overheads[] = {0.021, 0.04, 0.5, 1e9, (double)INFINITY};
    for (size_t i = 0; i < sizeof overheads / sizeof overheads[0]; i++) {
        struct each seen = stretch(0.04, overheads[i], costs);
        assert_intervals(seen, half.of[0], half.of[1], half.of[2]);
    }
}

/* A random budget with random intervals and costs. */
struct draw {
    double cpu_share;
    double overhead;
    struct each wanted;
    struct each costs;
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
    struct draw draw = {
        .cpu_share = cpu_share,
        .overhead = no_overhead ? 0 : cpu_share * seeded_magnitude(random, 1e-4, 3),
    };
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        draw.wanted.of[kind] = (int64_t)seeded_magnitude(random, 10e6, 3600e9);
        draw.costs.of[kind] = draw_cost(random);
    }
    return draw;
}

static struct each stretch_drawn(const struct draw *draw)
{
    struct each intervals;
    budget_stretch(draw->cpu_share, draw->overhead, draw->wanted.of, draw->costs.of, intervals.of);
    return intervals;
}

/* The share that `kind` and those before it take. */
static double used_up_to(const struct draw *draw, const struct each *intervals,
                         enum sample_kind kind)
{
    double used = 0;
    for (enum sample_kind i = 0; i <= kind; i++)
        used += share(draw->costs.of[i], intervals->of[i]);
    return used;
}

enum { DRAWS = 100000 };

/* What each kind of sample and those before it may take together. */
static const double parts[SAMPLE_KINDS] = {1.0 / 3, 0.9, 1};

static void test_any_costs_stay_within_their_parts(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct each seen = stretch_drawn(&d);
        for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
            double used = used_up_to(&d, &seen, kind);
            if (used > parts[kind] * available(d.cpu_share, d.overhead) * rounding)
                fail_msg("share %g, overhead %g: kind %d uses %g", d.cpu_share, d.overhead,
                         (int)kind, used);
        }
    }
}

static void test_no_interval_is_shorter_than_wanted(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct each seen = stretch_drawn(&d);
        for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
            assert_true(seen.of[kind] >= d.wanted.of[kind]);
    }
}

static void test_a_stretched_count_is_a_whole_multiple(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        assert_int_equal(stretch_drawn(&d).of[SAMPLE_COUNT] % d.wanted.of[SAMPLE_COUNT], 0);
    }
}

/* A stretched interval cannot be shorter: by one step for count samples, otherwise at all. */
static void test_samples_are_stretched_no_more_than_needed(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct each seen = stretch_drawn(&d);
        for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
            struct each shorter = seen;
            if (kind == SAMPLE_COUNT)
                shorter.of[kind] -= d.wanted.of[kind];
            if (seen.of[kind] > d.wanted.of[kind])
                assert_true(used_up_to(&d, &shorter, kind) * rounding >=
                            parts[kind] * available(d.cpu_share, d.overhead));
        }
    }
}

static void test_the_kinds_before_have_priority(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < DRAWS; i++) {
        struct draw d = draw(&random);
        struct each before = stretch_drawn(&d);
        enum sample_kind changed = (enum sample_kind)seeded_between(&random, 1, SAMPLE_KINDS - 1);
        d.costs.of[changed] = draw_cost(&random);
        d.wanted.of[changed] = (int64_t)seeded_magnitude(&random, 100e6, 86400e9);
        struct each after = stretch_drawn(&d);
        for (enum sample_kind kind = 0; kind < changed; kind++)
            assert_int_equal(after.of[kind], before.of[kind]);
    }
}

static void test_extremes_give_intervals_that_can_be_added_to_a_clock(void **state)
{
    (void)state;
    static const int64_t costs[] = {0, 1, SECOND, INT64_MAX / 2, INT64_MAX};
    static const double shares[] = {1, 0.0001, 1e-12, 1e-300};
    static const double overheads[] = {0, 1e-300, 1, 1e300};
    const int64_t century = INT64_C(36525) * 86400 * SECOND;
    for (size_t i = 0; i < 5 * 5 * 5 * 4 * 4; i++) {
        struct each seen =
            stretch(shares[i / 125 % 4], overheads[i / 500],
                    (struct each){{costs[i % 5], costs[i / 5 % 5], costs[i / 25 % 5]}});
        for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
            assert_in_range(seen.of[kind], defaults.of[kind], century);
    }
}

static void test_free_samples_are_never_stretched(void **state)
{
    (void)state;
    assert_intervals(stretch(1e-12, 0, (struct each){{0}}), SECOND, 5 * SECOND, 5 * SECOND);
    assert_intervals(stretch(0.0001, 5, (struct each){{0}}), SECOND, 5 * SECOND, 5 * SECOND);
    struct each seen = stretch(0.0001, 0, (struct each){{0, 0, INT64_MAX}});
    assert_int_equal(seen.of[SAMPLE_COUNT], SECOND);
    assert_int_equal(seen.of[SAMPLE_PORTS], 5 * SECOND);
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

/* A tenth of 2 % of ten minutes is 1.2 s. */
static void test_the_savings_of_ten_minutes_are_there_from_the_start(void **state)
{
    (void)state;
    struct budget_savings savings = budget_savings_make(0.02, 1000 * SECOND);
    assert_true(budget_savings_allow(&savings, 1000 * SECOND));
    budget_savings_spend(&savings, 1199 * MILLISECOND);
    assert_true(budget_savings_allow(&savings, 1000 * SECOND));
    budget_savings_spend(&savings, 2 * MILLISECOND);
    assert_false(budget_savings_allow(&savings, 1000 * SECOND));
}

static void test_a_tenth_of_the_share_is_saved(void **state)
{
    (void)state;
    struct budget_savings savings = budget_savings_make(0.02, 0);
    budget_savings_spend(&savings, 1400 * MILLISECOND);
    assert_false(budget_savings_allow(&savings, 99 * SECOND));
    assert_true(budget_savings_allow(&savings, 101 * SECOND));
}

static void test_no_more_than_the_savings_of_ten_minutes_are_kept(void **state)
{
    (void)state;
    struct budget_savings savings = budget_savings_make(0.02, 0);
    assert_true(budget_savings_allow(&savings, 100000 * SECOND));
    budget_savings_spend(&savings, 1201 * MILLISECOND);
    assert_false(budget_savings_allow(&savings, 100000 * SECOND));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wanted_intervals_are_kept_when_cheap),
        cmocka_unit_test(test_an_expensive_count_sample_gets_a_third),
        cmocka_unit_test(test_an_expensive_ports_sample_gets_nine_tenths_with_the_count_sample),
        cmocka_unit_test(test_an_expensive_detail_sample_gets_the_rest),
        cmocka_unit_test(test_a_detail_sample_gets_a_tenth_at_least),
        cmocka_unit_test(test_overhead_is_part_of_the_share),
        cmocka_unit_test(test_overhead_takes_half_of_the_share_at_most),
        cmocka_unit_test(test_any_costs_stay_within_their_parts),
        cmocka_unit_test(test_no_interval_is_shorter_than_wanted),
        cmocka_unit_test(test_a_stretched_count_is_a_whole_multiple),
        cmocka_unit_test(test_samples_are_stretched_no_more_than_needed),
        cmocka_unit_test(test_the_kinds_before_have_priority),
        cmocka_unit_test(test_extremes_give_intervals_that_can_be_added_to_a_clock),
        cmocka_unit_test(test_free_samples_are_never_stretched),
        cmocka_unit_test(test_the_first_cost_is_expected),
        cmocka_unit_test(test_a_rise_is_expected_at_once),
        cmocka_unit_test(test_a_fall_is_expected_for_the_most_part),
        cmocka_unit_test(test_a_lasting_fall_is_expected_in_the_end),
        cmocka_unit_test(test_the_savings_of_ten_minutes_are_there_from_the_start),
        cmocka_unit_test(test_a_tenth_of_the_share_is_saved),
        cmocka_unit_test(test_no_more_than_the_savings_of_ten_minutes_are_kept),
    };
    return cmocka_run_group_tests_name("budget", tests, NULL, NULL);
}
