// SPDX-License-Identifier: Apache-2.0
/*
 * The index, in a table of the smallest kind and against keys that are alike.
 */
#include "base/index.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { KEY_WORDS = 2, CAPACITY = 64, SIZE = 2 * CAPACITY };

struct entry {
    uint64_t key[KEY_WORDS];
    int more;
};

struct table {
    struct index index;
    uint16_t places[SIZE];
    struct entry entries[CAPACITY];
};

static void make(struct table *table, size_t size)
{
    *table = (struct table){0};
    table->index =
        index_make(table->places, size, table->entries, sizeof table->entries[0], KEY_WORDS);
}

static void enter(struct table *table, uint16_t position, uint64_t first, uint64_t second)
{
    table->entries[position] = (struct entry){.key = {first, second}};
    uint16_t *place = index_find(&table->index, table->entries[position].key);
    assert_int_equal(*place, 0);
    *place = (uint16_t)(position + 1);
}

static uint16_t find(const struct table *table, uint64_t first, uint64_t second)
{
    const uint64_t key[KEY_WORDS] = {first, second};
    return *index_find(&table->index, key);
}

static void test_each_entry_is_found_by_all_words_of_its_key(void **state)
{
    (void)state;
    struct table table;
    make(&table, SIZE);
    for (uint16_t i = 0; i < CAPACITY; i++)
        enter(&table, i, i % 8, i / 8);
    for (uint16_t i = 0; i < CAPACITY; i++)
        assert_int_equal(find(&table, i % 8, i / 8), i + 1);
    assert_int_equal(find(&table, 0, 8), 0);
    assert_int_equal(find(&table, 8, 0), 0);
}

/* Half full of four places, over and over: some search begins at the last place and goes on at the
 * first. */
static void test_a_search_goes_round(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        struct table table;
        make(&table, 4);
        enter(&table, 0, i, 1);
        enter(&table, 1, i, 2);
        assert_int_equal(find(&table, i, 1), 1);
        assert_int_equal(find(&table, i, 2), 2);
        assert_int_equal(find(&table, i, 3), 0);
        for (size_t place = 4; place < SIZE; place++)
            assert_int_equal(table.places[place], 0);
    }
}

/* Two bits that cancel each other in a sum of products with constants. */
static void test_no_two_keys_collide_whatever_the_seed(void **state)
{
    (void)state;
    const uint64_t top = UINT64_C(1) << 63;
    const uint64_t one[KEY_WORDS] = {1, 2}, other[KEY_WORDS] = {1 | top, 2 | top};
    unsigned same = 0;
    for (int i = 0; i < 64; i++) {
        struct table table;
        make(&table, SIZE);
        same += index_find(&table.index, one) == index_find(&table.index, other);
    }
    assert_true(same < 16);
}

/* The seed is in the way of each word alone: here it takes the first away. */
static void test_each_word_depends_on_the_seed(void **state)
{
    (void)state;
    struct table table;
    bool taken[SIZE] = {false};
    unsigned places = 0;
    make(&table, SIZE);
    for (uint64_t i = 1; i <= 64; i++) {
        table.index.seed = i << 32 | i;
        const uint64_t key[KEY_WORDS] = {table.index.seed, 7};
        taken[index_find(&table.index, key) - table.places] = true;
    }
    for (size_t place = 0; place < SIZE; place++)
        places += taken[place];
    assert_true(places > 32);
}

static void test_a_cleared_index_finds_nothing(void **state)
{
    (void)state;
    struct table table;
    make(&table, SIZE);
    for (uint16_t i = 0; i < CAPACITY; i++)
        enter(&table, i, i, 0);
    index_clear(&table.index);
    for (size_t place = 0; place < SIZE; place++)
        assert_int_equal(table.places[place], 0);
}

static void test_a_rebuilt_index_finds_the_entries_that_are_left(void **state)
{
    (void)state;
    struct table table;
    make(&table, SIZE);
    for (uint16_t i = 0; i < CAPACITY; i++)
        enter(&table, i, i, 0);
    for (uint16_t i = 0; i < CAPACITY / 2; i++) /* every other one is removed */
        table.entries[i] = table.entries[2 * i];
    index_rebuild(&table.index, CAPACITY / 2);
    for (uint16_t i = 0; i < CAPACITY / 2; i++) {
        assert_int_equal(find(&table, 2 * (uint64_t)i, 0), i + 1);
        assert_int_equal(find(&table, 2 * (uint64_t)i + 1, 0), 0);
    }
}

/* The same keys have other places in another index: nobody can choose keys that collide. */
static void test_each_index_has_a_seed_that_moves_the_keys(void **state)
{
    (void)state;
    struct table one, other;
    make(&one, SIZE);
    make(&other, SIZE);
    assert_int_not_equal(one.index.seed, other.index.seed);
    unsigned moved = 0;
    for (uint64_t i = 0; i < 64; i++) {
        const uint64_t key[KEY_WORDS] = {i, 0};
        moved += index_find(&one.index, key) - one.places !=
                 index_find(&other.index, key) - other.places;
    }
    assert_true(moved > 32);
}

/* Count the places at which the searches for 64 keys begin. */
static unsigned count_places(unsigned word, bool one_bit)
{
    struct table table;
    bool taken[SIZE] = {false};
    make(&table, SIZE);
    for (unsigned i = 0; i < 64; i++) {
        uint64_t key[KEY_WORDS] = {0};
        key[word] = one_bit ? UINT64_C(1) << i : i;
        taken[index_find(&table.index, key) - table.places] = true;
    }
    unsigned places = 0;
    for (size_t place = 0; place < SIZE; place++)
        places += taken[place];
    return places;
}

/* Whatever the seed is, keys in a row and keys with one bit are spread like random ones: to about
 * 50 of 128 places. */
static void test_keys_that_are_alike_are_spread(void **state)
{
    (void)state;
    enum { TURNS = 10000 };
    for (unsigned kind = 0; kind < 2 * KEY_WORDS; kind++) {
        unsigned least = SIZE, sum = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            unsigned places = count_places(kind / 2, kind % 2);
            least = places < least ? places : least;
            sum += places;
        }
        assert_in_range(least, 6, SIZE);
        assert_in_range(sum, 48 * TURNS, 53 * TURNS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_entry_is_found_by_all_words_of_its_key),
        cmocka_unit_test(test_a_search_goes_round),
        cmocka_unit_test(test_no_two_keys_collide_whatever_the_seed),
        cmocka_unit_test(test_each_word_depends_on_the_seed),
        cmocka_unit_test(test_a_cleared_index_finds_nothing),
        cmocka_unit_test(test_a_rebuilt_index_finds_the_entries_that_are_left),
        cmocka_unit_test(test_each_index_has_a_seed_that_moves_the_keys),
        cmocka_unit_test(test_keys_that_are_alike_are_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
