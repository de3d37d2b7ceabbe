// SPDX-License-Identifier: Apache-2.0
/*
 * How often the files of namespaces are read, and /proc is looked through, at given costs.
 */
#include "namespaces/reading_plan.h"

#include "base/clock.h"
#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND      NANOSECONDS_PER_SECOND
#define MICROSECOND INT64_C(1000)

static const int64_t wanted[NETNS_FILES] = {SECOND, 5 * SECOND, 5 * SECOND, 15 * SECOND};

/* A plan that has seen these costs of one reading, in microseconds. */
static struct reading_plan plan_with(double share, const int64_t costs[NETNS_FILES])
{
    struct reading_plan plan = reading_plan_make(share);
    for (enum netns_file file = 0; file < NETNS_FILES; file++)
        reading_plan_book(&plan, file, 10, 10 * costs[file] * MICROSECOND);
    return plan;
}

static void assert_near(double a, double b)
{
    assert_true(a > b - 1e-6 && a < b + 1e-6);
}

static const int64_t measured[NETNS_FILES] = {12, 11, 26, 70};

/* How much longer the interval is than wanted. */
static double stretched(const struct reading_plan *plan, enum netns_file file)
{
    return (double)plan->intervals[file] / (double)wanted[file];
}

static void test_without_costs_all_is_as_wanted(void **state)
{
    (void)state;
    struct reading_plan plan = reading_plan_make(0.01);
    reading_plan_stretch(&plan, 4096);
    for (enum netns_file file = 0; file < NETNS_FILES; file++)
        assert_int_equal(plan.intervals[file], wanted[file]);
    assert_int_equal(reading_plan_pause(&plan, PASS_NAMES, false), 10 * SECOND);
    assert_int_equal(reading_plan_pause(&plan, PASS_ALL, false), 60 * SECOND);
    assert_int_equal(reading_plan_pause(&plan, PASS_ALL, true), SECOND);
    assert_true(reading_plan_load(&plan, 4096) == 0);
}

static void test_two_hundred_namespaces_fit_into_one_percent(void **state)
{
    (void)state;
    struct reading_plan plan = plan_with(0.01, measured);
    reading_plan_stretch(&plan, 200);
    assert_int_equal(plan.intervals[NETNS_SOCKSTAT], SECOND);
    assert_int_equal(plan.intervals[NETNS_NETSTAT], 15 * SECOND);
}

static void test_the_files_get_their_parts(void **state)
{
    (void)state;
    struct reading_plan plan = plan_with(0.01, measured);
    reading_plan_stretch(&plan, 2000);
    double load = 2000 * 12e-6;
    assert_near(stretched(&plan, NETNS_SOCKSTAT), load / (0.75 * 0.0075));
    load = 2000 * (11e-6 / 5 + 26e-6 / 5 + 70e-6 / 15);
    for (enum netns_file file = NETNS_SOCKSTAT6; file < NETNS_FILES; file++)
        assert_near(stretched(&plan, file), load / (0.25 * 0.0075));
    assert_near(reading_plan_load(&plan, 2000), 0.0075);
    reading_plan_stretch(&plan, 20);
    assert_int_equal(plan.intervals[NETNS_SOCKSTAT], SECOND);
}

static void test_sockstat_is_stretched_last(void **state)
{
    (void)state;
    struct reading_plan plan = plan_with(0.01, measured);
    reading_plan_stretch(&plan, 400); /* 4.8 + 4.8 ms/s, of which 7.5 are allowed */
    assert_int_equal(plan.intervals[NETNS_SOCKSTAT], SECOND);
    assert_near(stretched(&plan, NETNS_SNMP), 400 * (37e-6 / 5 + 70e-6 / 15) / 0.0027);
    assert_near(reading_plan_load(&plan, 400), 0.0075);
}

static void test_costs_follow_by_a_quarter(void **state)
{
    (void)state;
    struct reading_plan plan = plan_with(0.01, measured);
    reading_plan_book(&plan, NETNS_SOCKSTAT, 2, 2 * 52 * MICROSECOND);
    assert_int_equal(plan.file_costs[NETNS_SOCKSTAT], 22 * MICROSECOND);
    reading_plan_book(&plan, NETNS_SOCKSTAT, 1, 2 * MICROSECOND);
    assert_int_equal(plan.file_costs[NETNS_SOCKSTAT], 17 * MICROSECOND);
    reading_plan_book(&plan, NETNS_SOCKSTAT, 0, 900 * MICROSECOND); /* no reading: no cost of it */
    assert_int_equal(plan.file_costs[NETNS_SOCKSTAT], 17 * MICROSECOND);
}

static void test_a_pass_gets_an_eighth_however_much_it_is_wanted(void **state)
{
    (void)state;
    struct reading_plan plan = reading_plan_make(0.01);
    reading_plan_book_pass(&plan, PASS_ALL, SECOND / 40); /* 25 ms: 20 s at 0.125 % */
    assert_int_equal(reading_plan_pause(&plan, PASS_ALL, false), 60 * SECOND);
    assert_int_equal(reading_plan_pause(&plan, PASS_ALL, true), 20 * SECOND);
    assert_int_equal(reading_plan_pause(&plan, PASS_NAMES, true), SECOND);
    reading_plan_book_pass(&plan, PASS_NAMES, SECOND / 40);
    assert_int_equal(reading_plan_pause(&plan, PASS_NAMES, false), 20 * SECOND);
    assert_near(reading_plan_load(&plan, 0), 0.025 / 60 + 0.025 / 20);
}

static void test_the_load_never_exceeds_the_share(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    for (int i = 0; i < 20000; i++) {
        double share = seeded_magnitude(&random, 1e-4, 1);
        int64_t costs[NETNS_FILES];
        for (enum netns_file file = 0; file < NETNS_FILES; file++)
            costs[file] = (int64_t)seeded_magnitude(&random, 1, 1e6);
        struct reading_plan plan = plan_with(share, costs);
        for (enum namespace_pass pass = 0; pass < NAMESPACE_PASSES; pass++)
            reading_plan_book_pass(&plan, pass, (int64_t)seeded_magnitude(&random, 1e3, 1e12));
        size_t namespaces = (size_t)seeded_between(&random, 0, 4096);
        reading_plan_stretch(&plan, namespaces);
        double load = reading_plan_load(&plan, namespaces);
        assert_true(load >= 0 && load <= share * 1.001);
        for (enum netns_file file = 0; file < NETNS_FILES; file++)
            assert_true(plan.intervals[file] >= wanted[file]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_costs_all_is_as_wanted),
        cmocka_unit_test(test_two_hundred_namespaces_fit_into_one_percent),
        cmocka_unit_test(test_the_files_get_their_parts),
        cmocka_unit_test(test_sockstat_is_stretched_last),
        cmocka_unit_test(test_costs_follow_by_a_quarter),
        cmocka_unit_test(test_a_pass_gets_an_eighth_however_much_it_is_wanted),
        cmocka_unit_test(test_the_load_never_exceeds_the_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
