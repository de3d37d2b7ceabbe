// SPDX-License-Identifier: Apache-2.0
/*
 * The table of destinations against an exact count, on streams that fit it and on streams that are
 * made to hurt it.
 */
#include "measure/destinations.h"
#include "seeded.h"

#include <math.h>
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
    size_t count = destinations_pick_top(fixture->destinations, rows, DESTINATIONS_MAX_TOP, 0);
    uint32_t bound = destinations_get_error_bound(fixture->destinations);
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
    uint32_t preferred = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        different += fixture->exact[key] > 0;
        if (fixture->preferred[key] > preferred)
            preferred = fixture->preferred[key];
        assert_true(shown[key] || fixture->exact[key] <= least + bound);
    }
    if (bound == 0)
        assert_int_equal(destinations_count(fixture->destinations), different);
    assert_true(destinations_count(fixture->destinations) >= different);
    uint32_t most_preferred = destinations_find_most_preferred(fixture->destinations);
    assert_in_range(most_preferred, preferred, preferred + bound);
    for (size_t i = 0; i < count; i++) /* a missing one may have `bound` more */
        assert_true(most_preferred >= rows[i].preferred_ports + bound);
    free(shown);
}

static void test_an_empty_table_has_none(void **state)
{
    struct fixture *fixture = *state;
    struct destination row;
    assert_int_equal(destinations_pick_top(fixture->destinations, &row, 1, 0), 0);
    assert_int_equal(destinations_count(fixture->destinations), 0);
    assert_int_equal(destinations_get_error_bound(fixture->destinations), 0);
}

static void test_it_is_exact_until_it_is_full(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (uint32_t key = 0; key < DESTINATIONS_CAPACITY; key++)
        add(fixture, key, false);
    for (int i = 0; i < 100000; i++)
        add(fixture, (uint32_t)seeded_between(&random, 0, DESTINATIONS_CAPACITY - 1), i % 2);
    assert_int_equal(destinations_get_error_bound(fixture->destinations), 0);
    assert_int_equal(destinations_count(fixture->destinations), DESTINATIONS_CAPACITY);
    check(fixture);
    add(fixture, DESTINATIONS_CAPACITY, false);
    assert_true(destinations_get_error_bound(fixture->destinations) > 0);
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
    assert_int_equal(destinations_get_error_bound(fixture->destinations), 0);
    assert_int_equal(destinations_count(fixture->destinations), 1);
    check(fixture);
}

static void test_the_fullest_is_none_of_an_earlier_sample(void **state)
{
    struct fixture *fixture = *state;
    struct destination fullest;
    for (uint32_t key = 0; key < 10; key++) {
        for (uint32_t i = 0; i <= key; i++)
            add(fixture, key, false);
    }
    destinations_clear(fixture->destinations);
    assert_false(destinations_find_fullest(fixture->destinations, &fullest));
    add(fixture, 20, false);
    assert_true(destinations_find_fullest(fixture->destinations, &fullest));
    assert_int_equal(key_of(&fullest), 20);
    assert_int_equal(fullest.ports, 1);
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
    assert_int_equal(destinations_pick_top(fixture->destinations, &row, 1, 0), 1);
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
    print_message("error bound %u\n", destinations_get_error_bound(fixture->destinations));
    assert_true(destinations_get_error_bound(fixture->destinations) < 100);
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

/* It is the median of the counts that is dropped, not the count in the middle of the table. */
static void test_one_heavy_destination_does_not_raise_the_bound(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t key = 0; key <= DESTINATIONS_CAPACITY; key++) {
        for (uint32_t i = 0; i < (key == DESTINATIONS_CAPACITY / 2 ? 1000 : 1); i++)
            add(fixture, key, false);
    }
    assert_int_equal(destinations_get_error_bound(fixture->destinations), 1);
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
    assert_int_equal(destinations_pick_top(fixture->destinations, rows, 3, 0), 3);
    assert_int_equal(rows[0].ports, 10);
    assert_int_equal(rows[1].ports, 9);
    assert_int_equal(rows[2].ports, 8);
    assert_int_equal(destinations_pick_top(fixture->destinations, rows, 0, 0), 0);
}

/* Begin a sample, in the table and beside it. */
static void begin(struct fixture *fixture)
{
    destinations_clear(fixture->destinations);
    memset(fixture->exact, 0, sizeof fixture->exact);
    memset(fixture->preferred, 0, sizeof fixture->preferred);
    fixture->total = 0;
}

static void add_many(struct fixture *fixture, uint32_t key, int64_t ports)
{
    for (int64_t i = 0; i < ports; i++)
        add(fixture, key, false);
}

/* What a sample names, and for how many keys this was so for the first time. */
enum { TOP = 10 };
struct names {
    struct destination rows[TOP];
    size_t count;
    bool ever[KEYS];
    unsigned different;
};

static bool is_named(const struct names *names, uint32_t key)
{
    for (size_t i = 0; i < names->count; i++) {
        if (key_of(&names->rows[i]) == key)
            return true;
    }
    return false;
}

static const uint64_t never = UINT64_MAX;

static void name(const struct fixture *fixture, struct names *names, uint64_t always)
{
    names->count = destinations_pick_top(fixture->destinations, names->rows, TOP, always);
    for (size_t i = 0; i < names->count; i++) {
        uint32_t key = key_of(&names->rows[i]);
        names->different += !names->ever[key];
        names->ever[key] = true;
        assert_true(names->rows[i].ports > 0);
        assert_true(i == 0 || names->rows[i - 1].ports >= names->rows[i].ports);
    }
}

static void test_names_stay_while_equals_fluctuate(void **state)
{
    static struct names names;
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int sample = 0; sample < 50; sample++) {
        begin(fixture);
        for (uint32_t key = 0; key < 500; key++)
            add_many(fixture, key, seeded_between(&random, 80, 130));
        name(fixture, &names, never);
        assert_int_equal(names.count, TOP);
    }
    assert_int_equal(names.different, TOP);
}

/* A hundred connections a second, each to one of 2,000 destinations by chance, are in TIME_WAIT for
 * a minute: three ports each, now more, now fewer, now none. */
static void test_names_hardly_change_where_all_are_alike(void **state)
{
    enum { MINUTE = 60, RATE = 100, DETAIL_INTERVAL = 5, ALIKE = 2000 };
    static uint32_t held[MINUTE][RATE];
    static struct names names;
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int second = 0; second < 11 * MINUTE; second++) {
        for (int i = 0; i < RATE; i++)
            held[second % MINUTE][i] = (uint32_t)seeded_between(&random, 0, ALIKE - 1);
        if (second < MINUTE || second % DETAIL_INTERVAL != 0)
            continue;
        begin(fixture);
        for (int i = 0; i < MINUTE * RATE; i++)
            add(fixture, held[i / RATE][i % RATE], false);
        name(fixture, &names, never);
    }
    print_message("named in ten minutes: %u\n", names.different);
    assert_true(names.different < 60); /* without incumbents over 300 */
}

/* A sample of a hundred destinations that hold a hundred ports each, and a late one. */
enum { LATE = KEYS - 1 };
static void sample_of_equals(struct fixture *fixture, int64_t late_ports)
{
    begin(fixture);
    for (uint32_t key = 0; key < 100; key++)
        add_many(fixture, key, 100);
    add_many(fixture, LATE, late_ports);
}

static void test_the_clearly_fuller_is_named_at_once(void **state)
{
    static struct names names;
    struct fixture *fixture = *state;
    for (int64_t ports = 0; ports <= 169; ports++) {
        sample_of_equals(fixture, ports);
        name(fixture, &names, never);
        assert_int_equal(is_named(&names, LATE), ports == 169);
    }
    assert_int_equal(names.different, TOP + 1);
    sample_of_equals(fixture, 50); /* now it is an incumbent */
    name(fixture, &names, never);
    assert_true(is_named(&names, LATE));
    sample_of_equals(fixture, 49);
    name(fixture, &names, never);
    assert_false(is_named(&names, LATE));
}

static void test_the_fullest_is_named_in_any_case_if_it_has_so_many(void **state)
{
    static struct names names;
    struct fixture *fixture = *state;
    sample_of_equals(fixture, 0);
    name(fixture, &names, 101);
    sample_of_equals(fixture, 101);
    name(fixture, &names, 102);
    assert_false(is_named(&names, LATE));
    name(fixture, &names, 101);
    assert_int_equal(key_of(&names.rows[0]), LATE);
    assert_int_equal(names.different, TOP + 1);
}

static void test_who_holds_no_port_is_neither_named_nor_seen(void **state)
{
    static struct names names;
    struct fixture *fixture = *state;
    struct destination fullest;
    for (uint32_t key = 0; key < 5; key++)
        add_many(fixture, key, 9);
    name(fixture, &names, 0);
    begin(fixture);
    assert_int_equal(destinations_count(fixture->destinations), 0);
    assert_false(destinations_find_fullest(fixture->destinations, &fullest));
    add(fixture, 3, false);
    add(fixture, 9, false);
    assert_int_equal(destinations_count(fixture->destinations), 2);
    name(fixture, &names, 0);
    assert_int_equal(names.count, 2);
    assert_true(is_named(&names, 3) && is_named(&names, 9));
}

/* Nobody is left out who is clearly fuller than one that is named, and never the fullest. */
static void test_random_samples_name_the_fullest(void **state)
{
    static struct names names;
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int sample = 0; sample < 200; sample++) {
        begin(fixture);
        for (uint32_t key = 0; key < 100; key++)
            add_many(fixture, key, (int64_t)seeded_magnitude(&random, 0.5, 500));
        name(fixture, &names, 0);
        double least = sqrt(names.rows[names.count - 1].ports);
        for (uint32_t key = 0; key < 100; key++) {
            assert_true(names.rows[0].ports >= fixture->exact[key]);
            assert_true(is_named(&names, key) || sqrt(fixture->exact[key]) <= least + 3 + 1e-9);
        }
        for (size_t i = 0; i < names.count; i++)
            assert_int_equal(names.rows[i].ports, fixture->exact[key_of(&names.rows[i])]);
    }
}

/* More destinations than the table holds, two or three ports each in the order of each sample's
 * own: whoever is named must outlive every batch that makes room, and is exact. */
static void test_names_stay_in_a_full_table(void **state)
{
    enum { MANY = 3 * DESTINATIONS_CAPACITY };
    static struct names names;
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int sample = 0; sample < 10; sample++) {
        begin(fixture);
        for (uint32_t turn = 0; turn < 3; turn++) {
            uint32_t first = (uint32_t)seeded_between(&random, 0, MANY - 1);
            for (uint32_t i = 0; i < MANY; i++) {
                if (turn < 2 || seeded_bits(&random) % 2)
                    add(fixture, (first + i) % MANY, i % 2);
            }
        }
        assert_true(destinations_get_error_bound(fixture->destinations) > 0);
        name(fixture, &names, never);
        for (size_t i = 0; sample > 0 && i < names.count; i++) {
            uint32_t key = key_of(&names.rows[i]);
            assert_int_equal(names.rows[i].ports, fixture->exact[key]);
            assert_int_equal(names.rows[i].preferred_ports, fixture->preferred[key]);
        }
    }
    assert_int_equal(names.different, TOP);
}

/* Every promise of the table holds with as many incumbents as there can be. */
static void test_the_most_incumbents_leave_room_in_a_full_table(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    for (int sample = 0; sample < 3; sample++) {
        begin(fixture);
        for (uint32_t key = 0; key < KEYS; key++)
            add(fixture, (key + (uint32_t)sample) * 7 % KEYS, key % 2);
        for (int i = 0; i < 300000; i++)
            add(fixture, (uint32_t)seeded_magnitude(&random, 1, KEYS - 1), false);
        static struct destination rows[DESTINATIONS_MAX_TOP];
        assert_int_equal(
            destinations_pick_top(fixture->destinations, rows, DESTINATIONS_MAX_TOP, never),
            DESTINATIONS_MAX_TOP);
        assert_true(destinations_get_error_bound(fixture->destinations) < 100);
        for (size_t i = 0; i < DESTINATIONS_MAX_TOP; i++) {
            uint32_t exact = fixture->exact[key_of(&rows[i])];
            assert_true(rows[i].ports <= exact);
            assert_true(exact <=
                        rows[i].ports + destinations_get_error_bound(fixture->destinations));
        }
    }
}

/* A socket towards one remote address and port, on the interface. */
static void add_on(struct fixture *fixture, uint32_t interface, uint16_t port, bool preferred)
{
    const struct socket_record record = {
        .family = IP_FAMILY_IPV4, .remote_port = port, .interface = interface};
    destinations_add(fixture->destinations, &record, preferred);
}

static void test_ports_of_no_interface_are_taken_on_each(void **state)
{
    struct fixture *fixture = *state;
    struct destination rows[4], fullest;
    for (int i = 0; i < 5; i++)
        add_on(fixture, 0, 80, i < 2);
    for (int i = 0; i < 3; i++)
        add_on(fixture, 7, 80, i < 1);
    for (int i = 0; i < 2; i++)
        add_on(fixture, 8, 80, false);
    add_on(fixture, 7, 81, false); /* nothing else goes there */
    destinations_end(fixture->destinations);
    assert_int_equal(destinations_find_most_preferred(fixture->destinations), 3);
    assert_true(destinations_find_fullest(fixture->destinations, &fullest));
    assert_int_equal(fullest.interface, 7);
    assert_int_equal(destinations_pick_top(fixture->destinations, rows, 4, 0), 4);
    static const uint32_t expected[][3] = {{7, 8, 3}, {8, 7, 2}, {0, 5, 2}, {7, 1, 0}};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rows[i].interface, expected[i][0]);
        assert_int_equal(rows[i].ports, expected[i][1]);
        assert_int_equal(rows[i].preferred_ports, expected[i][2]);
    }
}

static void test_an_interface_without_a_socket_of_its_own_is_gone(void **state)
{
    struct fixture *fixture = *state;
    struct destination rows[2];
    for (int sample = 0; sample < 2; sample++) {
        destinations_clear(fixture->destinations);
        add_on(fixture, 0, 80, false);
        if (sample == 0)
            add_on(fixture, 7, 80, false);
        destinations_end(fixture->destinations);
        assert_int_equal(destinations_pick_top(fixture->destinations, rows, 2, 0), 2 - sample);
    }
    assert_int_equal(rows[0].interface, 0);
    assert_int_equal(rows[0].ports, 1);
}

#define TABLE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(test_an_empty_table_has_none),
        TABLE_TEST(test_it_is_exact_until_it_is_full),
        TABLE_TEST(test_clearing_begins_anew),
        TABLE_TEST(test_the_fullest_is_none_of_an_earlier_sample),
        TABLE_TEST(test_a_heavy_destination_is_found_among_singles),
        TABLE_TEST(test_the_bound_stays_low),
        TABLE_TEST(test_late_comers_push_through),
        TABLE_TEST(test_one_heavy_destination_does_not_raise_the_bound),
        TABLE_TEST(test_waves_of_equals),
        TABLE_TEST(test_random_streams),
        TABLE_TEST(test_top_is_cut_and_ordered),
        TABLE_TEST(test_names_stay_while_equals_fluctuate),
        TABLE_TEST(test_names_hardly_change_where_all_are_alike),
        TABLE_TEST(test_the_clearly_fuller_is_named_at_once),
        TABLE_TEST(test_the_fullest_is_named_in_any_case_if_it_has_so_many),
        TABLE_TEST(test_who_holds_no_port_is_neither_named_nor_seen),
        TABLE_TEST(test_random_samples_name_the_fullest),
        TABLE_TEST(test_names_stay_in_a_full_table),
        TABLE_TEST(test_the_most_incumbents_leave_room_in_a_full_table),
        TABLE_TEST(test_ports_of_no_interface_are_taken_on_each),
        TABLE_TEST(test_an_interface_without_a_socket_of_its_own_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
