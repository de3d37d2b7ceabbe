// SPDX-License-Identifier: Apache-2.0
/*
 * Drops of sockets by their cookies, case by case and against a naive model.
 */
#include "measure/socket_drops.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdbool.h>

static int create(void **state)
{
    *state = socket_drops_create();
    return *state ? 0 : -1;
}

static int destroy(void **state)
{
    socket_drops_destroy(*state);
    return 0;
}

static void test_the_first_round_is_the_base(void **state)
{
    assert_int_equal(socket_drops_read(*state, 1, 700), 0);
    assert_int_equal(socket_drops_read(*state, 2, 0), 0);
    socket_drops_end_round(*state);
    assert_int_equal(socket_drops_read(*state, 1, 703), 3);
    assert_int_equal(socket_drops_read(*state, 2, 1), 1);
}

static void test_a_later_socket_counts_from_its_birth(void **state)
{
    socket_drops_end_round(*state);
    assert_int_equal(socket_drops_read(*state, 1, 5), 5);
    assert_int_equal(socket_drops_read(*state, 1, 5), 0);
}

/* The first round failed half way: sockets that it did not reach may be old. */
static void test_a_round_without_an_end_continues(void **state)
{
    assert_int_equal(socket_drops_read(*state, 1, 10), 0);
    assert_int_equal(socket_drops_read(*state, 1, 12), 2);
    assert_int_equal(socket_drops_read(*state, 2, 90), 0);
    socket_drops_end_round(*state);
    assert_int_equal(socket_drops_read(*state, 2, 91), 1);
}

static void test_a_reading_wraps_around(void **state)
{
    assert_int_equal(socket_drops_read(*state, 1, UINT32_MAX - 1), 0);
    assert_int_equal(socket_drops_read(*state, 1, 3), 5);
    assert_int_equal(socket_drops_read(*state, 1, 2), UINT32_MAX);
}

static void test_a_socket_that_comes_back_is_known(void **state)
{
    socket_drops_end_round(*state);
    assert_int_equal(socket_drops_read(*state, 1, 5), 5);
    for (int round = 0; round < 10; round++)
        socket_drops_end_round(*state);
    assert_int_equal(socket_drops_read(*state, 1, 6), 1);
}

static void read_many(struct socket_drops *drops, uint64_t first, uint64_t count, uint32_t reading,
                      uint32_t expected)
{
    for (uint64_t cookie = first; cookie < first + count; cookie++)
        assert_int_equal(socket_drops_read(drops, cookie, reading), expected);
}

static void test_the_gone_are_forgotten_when_more_than_half_is_in_use(void **state)
{
    socket_drops_end_round(*state);
    read_many(*state, 1, SOCKET_DROPS_CAPACITY / 2, 7, 7);
    socket_drops_end_round(*state);
    read_many(*state, 1, 1, 7, 0);
    socket_drops_end_round(*state); /* all but one are gone, and half is in use */
    read_many(*state, 2, 1, 8, 1);
    read_many(*state, SOCKET_DROPS_CAPACITY, 1, 9, 9);
    socket_drops_end_round(*state); /* one more than half: only the last two are left */
    read_many(*state, 2, 1, 8, 0);
    read_many(*state, SOCKET_DROPS_CAPACITY, 1, 9, 0);
    read_many(*state, 1, 1, 7, 7);
    read_many(*state, SOCKET_DROPS_CAPACITY / 2, 1, 7, 7);
}

static void test_sockets_beyond_the_capacity_drop_nothing(void **state)
{
    socket_drops_end_round(*state);
    read_many(*state, 1, SOCKET_DROPS_CAPACITY, 1, 1);
    read_many(*state, SOCKET_DROPS_CAPACITY + 1, 1, 1, 0);
    socket_drops_end_round(*state);
    read_many(*state, 1, SOCKET_DROPS_CAPACITY, 3, 2); /* all still have their places */
    read_many(*state, SOCKET_DROPS_CAPACITY + 1, 1, 4, 0);
}

enum { MODEL_SOCKETS = 40, MODEL_ROUNDS = 500 };

static void test_random_sockets_agree_with_a_naive_model(void **state)
{
    struct seeded random = seeded_start();
    struct {
        uint64_t cookie, drops, counted;
    } model[MODEL_SOCKETS];
    uint64_t next_cookie = seeded_bits(&random) / 2;
    for (int i = 0; i < MODEL_SOCKETS; i++) {
        model[i].cookie = next_cookie++;
        model[i].drops = (uint64_t)seeded_between(&random, 0, UINT32_MAX);
        model[i].counted = model[i].drops;
    }
    for (int round = 0; round < MODEL_ROUNDS; round++) {
        for (int i = 0; i < MODEL_SOCKETS; i++) {
            if (round > 0 && seeded_between(&random, 0, 19) == 0) {
                model[i].cookie = next_cookie++; /* its successor */
                model[i].drops = model[i].counted = 0;
            }
            model[i].drops += (uint64_t)seeded_magnitude(&random, 0.1, 1e9);
            if (round > 0 && seeded_between(&random, 0, 3) == 0 &&
                model[i].drops - model[i].counted < UINT32_MAX / 2)
                continue; /* missing from this round; a full turn would not be seen */
            uint32_t since = socket_drops_read(*state, model[i].cookie, (uint32_t)model[i].drops);
            assert_int_equal(since, round == 0 ? 0 : model[i].drops - model[i].counted);
            model[i].counted = model[i].drops;
        }
        socket_drops_end_round(*state);
    }
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_table(test_the_first_round_is_the_base),
        with_table(test_a_later_socket_counts_from_its_birth),
        with_table(test_a_round_without_an_end_continues),
        with_table(test_a_reading_wraps_around),
        with_table(test_a_socket_that_comes_back_is_known),
        with_table(test_the_gone_are_forgotten_when_more_than_half_is_in_use),
        with_table(test_sockets_beyond_the_capacity_drop_nothing),
        with_table(test_random_sockets_agree_with_a_naive_model),
    };
    return cmocka_run_group_tests_name("socket_drops", tests, NULL, NULL);
}
