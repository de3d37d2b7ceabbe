// SPDX-License-Identifier: Apache-2.0
/*
 * The table of destinations against an exact count, on streams that fit it and on streams that are
 * made to hurt it.
 */
#include "seeded.h"
#include "sockdiag/destinations.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { KEYS = 1 << 18 }; /* eight times the capacity */

/* The exact counts beside the table. A key becomes an address of either family by its parity. */
struct fixture {
    struct destinations *destinations;
    uint32_t exact[KEYS];
    uint32_t preferred[KEYS];
    uint64_t total;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->destinations = destinations_create();
    return fixture->destinations ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    destinations_destroy(fixture->destinations);
    free(fixture);
    return 0;
}

static struct socket_record record_of(uint32_t key)
{
    struct socket_record record = {.family = key % 2 ? IP_FAMILY_IPV6 : IP_FAMILY_IPV4,
                                   .remote_port = (uint16_t)(key / 2 % 7)};
    record.local_address.word[0] = key / 2 % 3;
    record.remote_address.word[record.family == IP_FAMILY_IPV6 ? 3 : 0] = key / 2;
    return record;
}

static uint32_t key_of(const struct destination *row)
{
    uint32_t half = row->remote_address.word[row->family == IP_FAMILY_IPV6 ? 3 : 0];
    assert_int_equal(row->remote_port, half % 7);
    assert_int_equal(row->local_address.word[0], half % 3);
    return 2 * half + (row->family == IP_FAMILY_IPV6);
}

static void add(struct fixture *fixture, uint32_t key, bool preferred)
{
    struct socket_record record = record_of(key);
    destinations_add(fixture->destinations, &record, preferred);
    fixture->exact[key]++;
    fixture->preferred[key] += preferred;
    fixture->total++;
}

/* Every promise of the header: nobody counted too high, nobody by more than the bound too low, in
 * order, and nobody missing who leads by more than the bound. */
static void check(const struct fixture *fixture)
{
    static struct destination rows[DESTINATIONS_MAX_TOP];
    size_t count = destinations_top(fixture->destinations, rows, DESTINATIONS_MAX_TOP);
    uint32_t bound = destinations_error_bound(fixture->destinations);
    uint32_t least = count == DESTINATIONS_MAX_TOP ? rows[count - 1].ports : 0;
    bool *shown = calloc(KEYS, sizeof *shown);
    assert_non_null(shown);

    for (size_t i = 0; i < count; i++) {
        uint32_t key = key_of(&rows[i]);
        assert_true(rows[i].ports <= fixture->exact[key]);
        assert_true(fixture->exact[key] <= rows[i].ports + bound);
        assert_true(rows[i].preferred_ports <= fixture->preferred[key]);
        assert_true(fixture->preferred[key] <= rows[i].preferred_ports + bound);
        assert_true(i == 0 || rows[i - 1].ports >= rows[i].ports);
        assert_false(shown[key]);
        shown[key] = true;
    }
    uint64_t different = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        different += fixture->exact[key] > 0;
        assert_true(shown[key] || fixture->exact[key] <= least + bound);
    }
    if (bound == 0)
        assert_int_equal(destinations_seen(fixture->destinations), different);
    assert_true(destinations_seen(fixture->destinations) >= different);
    free(shown);
}

static void test_an_empty_table_has_none(void **state)
{
    struct fixture *fixture = *state;
    struct destination row;
    assert_int_equal(destinations_top(fixture->destinations, &row, 1), 0);
    assert_int_equal(destinations_seen(fixture->destinations), 0);
    assert_int_equal(destinations_error_bound(fixture->destinations), 0);
}

static void test_it_is_exact_until_it_is_full(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (uint32_t key = 0; key < DESTINATIONS_CAPACITY; key++)
        add(fixture, key, false);
    for (int i = 0; i < 100000; i++)
        add(fixture, (uint32_t)seeded_between(&random, 0, DESTINATIONS_CAPACITY - 1), i % 2);
    assert_int_equal(destinations_error_bound(fixture->destinations), 0);
    assert_int_equal(destinations_seen(fixture->destinations), DESTINATIONS_CAPACITY);
    check(fixture);
    add(fixture, DESTINATIONS_CAPACITY, false);
    assert_true(destinations_error_bound(fixture->destinations) > 0);
    check(fixture);
}

static void test_clearing_begins_anew(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t key = 0; key < KEYS; key++)
        add(fixture, key, false);
    destinations_clear(fixture->destinations);
    memset(fixture->exact, 0, sizeof fixture->exact);
    memset(fixture->preferred, 0, sizeof fixture->preferred);
    add(fixture, 5, true);
    assert_int_equal(destinations_error_bound(fixture->destinations), 0);
    assert_int_equal(destinations_seen(fixture->destinations), 1);
    check(fixture);
}

/* Each socket its own destination, and one among them that has many: it must stand out. */
static void test_a_heavy_destination_is_found_among_singles(void **state)
{
    struct fixture *fixture = *state;
    struct destination row;
    for (uint32_t turn = 0; turn < 4; turn++) {
        for (uint32_t key = 1; key < KEYS; key++) {
            add(fixture, key, false);
            if (key % 50 == 0)
                add(fixture, 0, true);
        }
    }
    assert_int_equal(destinations_top(fixture->destinations, &row, 1), 1);
    assert_int_equal(key_of(&row), 0);
    check(fixture);
}

/* The bound that the header promises for a million sockets. */
static void test_the_bound_stays_low(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    while (fixture->total < 1000000)
        add(fixture, (uint32_t)seeded_between(&random, 0, KEYS - 1), false);
    print_message("error bound %u\n", destinations_error_bound(fixture->destinations));
    assert_true(destinations_error_bound(fixture->destinations) < 100);
    check(fixture);
}

/* Ascending weights: what comes late is what counts, and the early ones are in the way. */
static void test_late_comers_push_through(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t key = 0; key < KEYS; key++) {
        for (uint32_t i = 0; i <= key / 20000; i++)
            add(fixture, key, i % 2);
    }
    check(fixture);
}

/* Everybody just below the middle, again and again: the table is emptied each time. */
static void test_waves_of_equals(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t wave = 0; wave < 6; wave++) {
        for (uint32_t key = 0; key < 40000; key++)
            add(fixture, key + wave % 2 * 40000, false);
    }
    check(fixture);
}

static void test_random_streams(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int i = 0; i < 600000; i++) {
        /* Each power of two of the keys as likely as the next: few heavy ones and a long tail. */
        double key = seeded_magnitude(&random, 1, KEYS - 1);
        add(fixture, (uint32_t)key, seeded_bits(&random) % 2);
    }
    check(fixture);
}

static void test_top_is_cut_and_ordered(void **state)
{
    struct fixture *fixture = *state;
    struct destination rows[3];
    for (uint32_t key = 0; key < 10; key++) {
        for (uint32_t i = 0; i <= key; i++)
            add(fixture, key, false);
    }
    assert_int_equal(destinations_top(fixture->destinations, rows, 3), 3);
    assert_int_equal(rows[0].ports, 10);
    assert_int_equal(rows[1].ports, 9);
    assert_int_equal(rows[2].ports, 8);
    assert_int_equal(destinations_top(fixture->destinations, rows, 0), 0);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(test_an_empty_table_has_none),
        TABLE_TEST(test_it_is_exact_until_it_is_full),
        TABLE_TEST(test_clearing_begins_anew),
        TABLE_TEST(test_a_heavy_destination_is_found_among_singles),
        TABLE_TEST(test_the_bound_stays_low),
        TABLE_TEST(test_late_comers_push_through),
        TABLE_TEST(test_waves_of_equals),
        TABLE_TEST(test_random_streams),
        TABLE_TEST(test_top_is_cut_and_ordered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
