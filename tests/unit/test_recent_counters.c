// SPDX-License-Identifier: Apache-2.0
/*
 * The growth of counters in the last minute, by hand and against a plain list of all readings.
 */
#include "measure/recent_counters.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t second = NANOSECONDS_PER_SECOND;

static void observe(struct recent_counters *recent, int64_t now, uint64_t drops)
{
    recent_counters_observe(recent, now, &(struct tcp_counters){.listen_drops = drops});
}

/* `seconds` and the growth of listen_drops are expected. */
static void assert_growth(const struct recent_counters *recent, double seconds, uint64_t drops)
{
    struct tcp_counters growth;
    assert_float_equal(recent_counters_read(recent, &growth), seconds, 1e-9);
    assert_int_equal(growth.listen_drops, drops);
}

static void test_one_reading_has_no_growth(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    assert_growth(&recent, 0, 0);
    observe(&recent, 1000 * second, 12345);
    assert_growth(&recent, 0, 0);
}

static void test_growth_starts_with_the_second_reading(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    observe(&recent, 1000 * second, 100);
    observe(&recent, 1001 * second, 107);
    assert_growth(&recent, 1, 7);
    observe(&recent, 1059 * second, 130);
    assert_growth(&recent, 59, 30);
}

static void test_after_a_minute_old_growth_is_forgotten(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    for (int64_t i = 0; i <= 65; i++) /* 50 of them at second 5 */
        observe(&recent, (1000 + i) * second, (i >= 5 ? 50 : 0) + (uint64_t)i);
    assert_growth(&recent, 60, 60);
    observe(&recent, 1066 * second, 116);
    assert_growth(&recent, 61, 61);
    observe(&recent, 1070 * second, 120);
    assert_growth(&recent, 60, 60);
    struct recent_counters rare = {0};
    for (int64_t i = 0; i <= 100; i += 10)
        observe(&rare, (1000 + i) * second, (uint64_t)i);
    assert_growth(&rare, 60, 60);
}

static void test_after_a_silence_growth_is_since_the_last_reading(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    for (int64_t i = 0; i <= 100; i++)
        observe(&recent, (1000 + i) * second, (uint64_t)i);
    observe(&recent, 5000 * second, 1000);
    assert_growth(&recent, 3900, 900);
}

static void test_a_counter_that_fell_has_not_grown(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    observe(&recent, 1000 * second, 100);
    observe(&recent, 1001 * second, 99);
    assert_growth(&recent, 1, 0);
}

static void test_growth_from_or_to_an_absent_counter_is_absent(void **state)
{
    (void)state;
    struct recent_counters recent = {0};
    observe(&recent, 1000 * second, 7);
    observe(&recent, 1001 * second, PROCFS_ABSENT);
    assert_growth(&recent, 1, PROCFS_ABSENT);
    observe(&recent, 1002 * second, 9);
    assert_growth(&recent, 2, 2);
    recent = (struct recent_counters){0};
    observe(&recent, 1000 * second, PROCFS_ABSENT);
    observe(&recent, 1001 * second, 7);
    assert_growth(&recent, 1, PROCFS_ABSENT);
}

static void test_each_counter_has_its_own_growth(void **state)
{
    (void)state;
    enum { COUNTERS = sizeof(struct tcp_counters) / sizeof(uint64_t) };
    union {
        struct tcp_counters counters;
        uint64_t values[COUNTERS];
    } before, after, growth;
    struct recent_counters recent = {0};
    for (size_t i = 0; i < COUNTERS; i++) {
        before.values[i] = 1000 * i;
        after.values[i] = 1001 * i + 1;
    }
    recent_counters_observe(&recent, 1000 * second, &before.counters);
    recent_counters_observe(&recent, 1001 * second, &after.counters);
    recent_counters_read(&recent, &growth.counters);
    for (size_t i = 0; i < COUNTERS; i++)
        assert_int_equal(growth.values[i], i + 1);
}

enum { MOST = 500 };

/* The growth by the definition: readings that are less than five seconds after the last one that
 * was kept are not kept. */
static double compute(const int64_t times[], const uint64_t values[], size_t count,
                      uint64_t *growth)
{
    size_t kept = 0, base = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && times[i] - times[kept] < RECENT_DISTANCE)
            continue;
        kept = i;
        if (times[count - 1] - times[i] >= RECENT_PERIOD)
            base = i;
    }
    *growth = values[count - 1] - values[base];
    return (double)(times[count - 1] - times[base]) / (double)second;
}

static void test_any_readings_agree_with_a_list(void **state)
{
    (void)state;
    static int64_t times[MOST];
    static uint64_t values[MOST];
    struct seeded random = seeded_start();
    for (int64_t longest = 1; longest <= 12; longest++) { /* seconds between readings */
        struct recent_counters recent = {0};
        int64_t now = second;
        uint64_t value = 0;
        for (size_t i = 0; i < MOST; i++) {
            now += seeded_between(&random, 0, longest * second);
            value += (uint64_t)seeded_between(&random, 0, 100);
            times[i] = now;
            values[i] = value;
            observe(&recent, now, value);
            uint64_t growth;
            double seconds = compute(times, values, i + 1, &growth);
            assert_growth(&recent, seconds, growth);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_reading_has_no_growth),
        cmocka_unit_test(test_growth_starts_with_the_second_reading),
        cmocka_unit_test(test_after_a_minute_old_growth_is_forgotten),
        cmocka_unit_test(test_after_a_silence_growth_is_since_the_last_reading),
        cmocka_unit_test(test_a_counter_that_fell_has_not_grown),
        cmocka_unit_test(test_growth_from_or_to_an_absent_counter_is_absent),
        cmocka_unit_test(test_each_counter_has_its_own_growth),
        cmocka_unit_test(test_any_readings_agree_with_a_list),
    };
    return cmocka_run_group_tests_name("recent counters", tests, NULL, NULL);
}
