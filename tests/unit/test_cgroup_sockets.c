// SPDX-License-Identifier: Apache-2.0
/*
 * The table of cgroups, case by case and against a naive model.
 */
#include "measure/cgroup_sockets.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEMORY = 120, ROOT = CGROUP_ROOT_ID, CAPACITY = CGROUP_SOCKETS_CAPACITY };

struct fixture {
    struct cgroup_sockets *sockets;
    int64_t now;
    /* Of the last sample. */
    struct cgroup_row rows[CAPACITY];
    size_t count;
    uint64_t others[TCP_STATES];
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    f->sockets = cgroup_sockets_create(MEMORY);
    f->now = 1000;
    cgroup_sockets_begin(f->sockets, f->now);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    cgroup_sockets_destroy(f->sockets);
    free(f);
    return 0;
}

static void add(struct fixture *f, uint64_t cgroup, enum tcp_state state, unsigned count)
{
    const struct socket_record record = {.state = state, .cgroup = cgroup};
    for (unsigned i = 0; i < count; i++)
        cgroup_sockets_add(f->sockets, &record);
}

static void tell(struct fixture *f, uint64_t cgroup, const char *path)
{
    cgroup_sockets_tell_path(f->sockets, cgroup, path);
}

/* Add established sockets to a cgroup with this path. */
static void fill(struct fixture *f, uint64_t cgroup, const char *path, unsigned count)
{
    add(f, cgroup, TCP_STATE_ESTABLISHED, count);
    tell(f, cgroup, path);
}

/* End the sample, name `top` cgroups, begin the next `later`. */
static void end_and_wait(struct fixture *f, size_t top, int64_t later)
{
    f->count = cgroup_sockets_end(f->sockets, f->rows, top, f->others);
    f->now += later;
    cgroup_sockets_begin(f->sockets, f->now);
}

static void end(struct fixture *f, size_t top)
{
    end_and_wait(f, top, 1);
}

static uint64_t sum(const uint64_t sockets[static TCP_STATES])
{
    uint64_t all = 0;
    for (enum tcp_state state = 0; state < TCP_STATES; state++)
        all += sockets[state];
    return all;
}

static void assert_row(const struct fixture *f, size_t i, const char *path, uint64_t sockets)
{
    assert_true(i < f->count);
    assert_string_equal(f->rows[i].path.text, path);
    assert_int_equal(sum(f->rows[i].sockets), sockets);
}

static void test_sockets_are_counted_by_cgroup_and_state(void **state)
{
    struct fixture *f = *state;
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        add(f, 10, s, 1 + s);
        add(f, 20, s, 100 + s);
    }
    tell(f, 10, "/a");
    tell(f, 20, "/b");
    end(f, 8);
    assert_int_equal(f->count, 2);
    assert_string_equal(f->rows[0].path.text, "/b");
    assert_string_equal(f->rows[1].path.text, "/a");
    for (enum tcp_state s = 0; s < TCP_STATES; s++) {
        bool counted = s != TCP_STATE_BOUND_INACTIVE; /* it is not always listed */
        assert_int_equal(f->rows[0].sockets[s], counted ? 100 + s : 0);
        assert_int_equal(f->rows[1].sockets[s], counted ? 1 + s : 0);
    }
    assert_int_equal(sum(f->others), 0);
}

static void test_what_is_in_no_cgroup_is_not_counted(void **state)
{
    struct fixture *f = *state;
    add(f, 0, TCP_STATE_TIME_WAIT, 5);
    cgroup_sockets_note(f->sockets, 0);
    assert_false(cgroup_sockets_miss_paths(f->sockets));
    end(f, 8);
    assert_int_equal(f->count, 0);
    assert_int_equal(sum(f->others), 0);
}

static void test_a_sample_that_is_not_ended_has_no_effect(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/a", 3);
    cgroup_sockets_begin(f->sockets, f->now);
    add(f, 10, TCP_STATE_ESTABLISHED, 4);
    end(f, 8);
    assert_row(f, 0, "/a", 4);
    end(f, 8);
    assert_int_equal(f->count, 0); /* it has no socket now */
}

static void test_cgroups_are_told_apart_from_the_first_one_below_the_root(void **state)
{
    struct fixture *f = *state;
    fill(f, ROOT, "/", 3);
    add(f, 0, TCP_STATE_ESTABLISHED, 3);
    end(f, 8);
    assert_false(cgroup_sockets_are_told_apart(f->sockets));
    fill(f, 10, "/a", 1);
    end(f, 8);
    assert_true(cgroup_sockets_are_told_apart(f->sockets));
    add(f, ROOT, TCP_STATE_ESTABLISHED, 3);
    end(f, 8);
    assert_true(cgroup_sockets_are_told_apart(f->sockets));
    assert_row(f, 0, "/", 3);
}

static void test_a_path_is_missed_until_the_search_has_ended(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/a", 1);
    add(f, 20, TCP_STATE_ESTABLISHED, 5);
    cgroup_sockets_note(f->sockets, 30);
    assert_true(cgroup_sockets_miss_paths(f->sockets));
    end(f, 8);
    assert_int_equal(f->count, 1);
    assert_int_equal(sum(f->others), 5);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 20), "");

    add(f, 20, TCP_STATE_ESTABLISHED, 5);
    tell(f, 30, "/noted");
    tell(f, 40, "/of nobody here");
    cgroup_sockets_end_search(f->sockets);
    assert_false(cgroup_sockets_miss_paths(f->sockets));
    end(f, 8);
    assert_int_equal(f->count, 1);
    assert_row(f, 0, "cgroup-20", 5);
    assert_int_equal(sum(f->others), 0);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "/a");
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 20), "cgroup-20");
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 30), "/noted");
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 40), "");
}

static void test_cgroups_with_the_same_path_are_one(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/a/b", 3);
    fill(f, 20, "/a", 5);
    fill(f, 30, "/a/b", 4);
    fill(f, 40, "/a/bc", 1);
    end(f, 1);
    assert_int_equal(f->count, 1);
    assert_row(f, 0, "/a/b", 7);
    assert_int_equal(sum(f->others), 6);
}

static void test_all_but_the_top_are_summed(void **state)
{
    struct fixture *f = *state;
    char path[16];
    for (unsigned i = 1; i <= 9; i++) {
        snprintf(path, sizeof path, "/%u", i);
        fill(f, 10 + i, path, i);
    }
    add(f, 11, TCP_STATE_LISTEN, 1);
    end(f, 3);
    assert_int_equal(f->count, 3);
    assert_row(f, 0, "/9", 9);
    assert_row(f, 1, "/8", 8);
    assert_row(f, 2, "/7", 7);
    assert_int_equal(f->others[TCP_STATE_ESTABLISHED], 1 + 2 + 3 + 4 + 5 + 6);
    assert_int_equal(f->others[TCP_STATE_LISTEN], 1);
    add(f, 19, TCP_STATE_ESTABLISHED, 2);
    end(f, 0);
    assert_int_equal(f->count, 0);
    assert_int_equal(sum(f->others), 2);
}

static void test_equal_ones_are_in_the_order_of_their_paths(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/b", 3);
    fill(f, 20, "/a", 3);
    fill(f, 30, "/c", 3);
    end(f, 2);
    assert_row(f, 0, "/a", 3);
    assert_row(f, 1, "/b", 3);
}

/* A quarter and one more: 4 against 6, 8 against 11. */
static void test_a_named_one_stays_unless_another_has_clearly_more(void **state)
{
    struct fixture *f = *state;
    static const struct {
        unsigned incumbent, other;
        const char *named;
    } cases[] = {{4, 3, "/a"},  {4, 6, "/a"}, {4, 7, "/b"},
                 {8, 10, "/b"}, {9, 8, "/b"}, {12, 8, "/a"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill(f, 10, "/a", cases[i].incumbent);
        fill(f, 20, "/b", cases[i].other);
        end(f, 1);
        assert_string_equal(f->rows[0].path.text, cases[i].named);
    }
    fill(f, 20, "/b", 1);
    end(f, 1);
    assert_row(f, 0, "/b", 1); /* the named one has no socket */
}

/* A named path stays, whichever of its cgroups has the sockets. */
static void test_a_named_path_stays(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/a", 9);
    end(f, 1);
    tell(f, 10, "/a");
    add(f, 10, TCP_STATE_LISTEN, 1);
    fill(f, 9, "/a", 3);
    fill(f, 20, "/b", 5);
    end(f, 1);
    assert_row(f, 0, "/a", 4);
}

static void test_a_path_is_remembered_after_the_last_socket(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/removed", 1);
    end_and_wait(f, 8, MEMORY);
    end_and_wait(f, 8, 0);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "/removed");
    add(f, 10, TCP_STATE_ESTABLISHED, 1); /* one that a listener had left */
    assert_false(cgroup_sockets_miss_paths(f->sockets));
    end_and_wait(f, 8, MEMORY);
    assert_row(f, 0, "/removed", 1);
    end_and_wait(f, 8, 1);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "/removed");
    end_and_wait(f, 8, 0);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "");
    add(f, 10, TCP_STATE_ESTABLISHED, 1);
    assert_true(cgroup_sockets_miss_paths(f->sockets));
    cgroup_sockets_end_search(f->sockets);
    end(f, 8);
    assert_row(f, 0, "cgroup-10", 1);
}

static void test_a_noted_one_is_remembered_as_well(void **state)
{
    struct fixture *f = *state;
    fill(f, 10, "/a", 1);
    end_and_wait(f, 8, MEMORY);
    cgroup_sockets_note(f->sockets, 10);
    end_and_wait(f, 8, MEMORY);
    end(f, 8);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "/a");
}

static void fill_many(struct fixture *f, uint64_t first, unsigned count)
{
    for (uint64_t id = first; id < first + count; id++)
        add(f, id, TCP_STATE_ESTABLISHED, 1);
    cgroup_sockets_end_search(f->sockets);
}

static void test_what_does_not_fit_is_summed(void **state)
{
    struct fixture *f = *state;
    fill_many(f, 10, CAPACITY);
    add(f, 9, TCP_STATE_LISTEN, 7);
    cgroup_sockets_note(f->sockets, 8);
    add(f, 10, TCP_STATE_ESTABLISHED, 1); /* those that are in the table still count */
    end(f, CAPACITY);
    assert_int_equal(f->count, CAPACITY);
    assert_row(f, 0, "cgroup-10", 2);
    assert_int_equal(f->others[TCP_STATE_LISTEN], 7);
    assert_int_equal(sum(f->others), 7);
    add(f, 10, TCP_STATE_ESTABLISHED, 1);
    end(f, 8); /* the others leave */
    add(f, 9, TCP_STATE_LISTEN, 7);
    cgroup_sockets_end_search(f->sockets);
    end(f, 8);
    assert_row(f, 0, "cgroup-9", 7);
    assert_int_equal(sum(f->others), 0);
}

static void test_one_that_does_not_fit_is_told_apart(void **state)
{
    struct fixture *f = *state;
    for (unsigned i = 0; i < CAPACITY; i++)
        cgroup_sockets_note(f->sockets, 10 + i);
    assert_false(cgroup_sockets_are_told_apart(f->sockets));
    add(f, 9, TCP_STATE_LISTEN, 7);
    assert_true(cgroup_sockets_are_told_apart(f->sockets));
}

static void test_the_unseen_are_forgotten_while_the_table_is_crowded(void **state)
{
    struct fixture *f = *state;
    fill_many(f, 10, CAPACITY / 2);
    end(f, 8);
    end(f, 8);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "cgroup-10");
    fill_many(f, 11, CAPACITY / 2);
    end(f, 8);
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10), "");
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 11), "cgroup-11");
    assert_string_equal(cgroup_sockets_find_path(f->sockets, 10 + CAPACITY / 2), "cgroup-1034");
}

/* ---- against a naive model ---- */

enum { IDS = 60, PATHS = 20 };

static void test_random_sockets_agree_with_a_naive_model(void **state)
{
    struct fixture *f = *state;
    struct seeded random = seeded_start();
    char path[16];
    for (int turn = 0; turn < 300; turn++) {
        uint64_t expected[PATHS] = {0}, all = 0;
        for (int64_t left = seeded_between(&random, 0, 200); left > 0; left--) {
            uint64_t id = (uint64_t)seeded_between(&random, 1, IDS);
            enum tcp_state s = (enum tcp_state)seeded_between(&random, 0, TCP_STATES - 1);
            add(f, id * 977, s, 1);
            expected[id % PATHS] += s != TCP_STATE_BOUND_INACTIVE;
            all += s != TCP_STATE_BOUND_INACTIVE;
        }
        for (unsigned id = 1; id <= IDS; id++) {
            snprintf(path, sizeof path, "/%u", id % PATHS);
            tell(f, id * 977, path);
        }
        size_t top = (size_t)seeded_between(&random, 0, PATHS + 2);
        end_and_wait(f, top, seeded_between(&random, 0, MEMORY));
        size_t with_sockets = 0;
        for (size_t i = 0; i < PATHS; i++)
            with_sockets += expected[i] > 0;
        assert_int_equal(f->count, top < with_sockets ? top : with_sockets);
        for (size_t i = 0; i < f->count; i++) {
            uint64_t *count = &expected[atoi(f->rows[i].path.text + 1)];
            assert_int_equal(sum(f->rows[i].sockets), *count);
            assert_true(*count > 0);
            all -= *count;
            *count = 0; /* only once */
        }
        assert_int_equal(sum(f->others), all);
    }
}

#define CGROUP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CGROUP_TEST(test_sockets_are_counted_by_cgroup_and_state),
        CGROUP_TEST(test_what_is_in_no_cgroup_is_not_counted),
        CGROUP_TEST(test_a_sample_that_is_not_ended_has_no_effect),
        CGROUP_TEST(test_cgroups_are_told_apart_from_the_first_one_below_the_root),
        CGROUP_TEST(test_a_path_is_missed_until_the_search_has_ended),
        CGROUP_TEST(test_cgroups_with_the_same_path_are_one),
        CGROUP_TEST(test_all_but_the_top_are_summed),
        CGROUP_TEST(test_equal_ones_are_in_the_order_of_their_paths),
        CGROUP_TEST(test_a_named_one_stays_unless_another_has_clearly_more),
        CGROUP_TEST(test_a_named_path_stays),
        CGROUP_TEST(test_a_path_is_remembered_after_the_last_socket),
        CGROUP_TEST(test_a_noted_one_is_remembered_as_well),
        CGROUP_TEST(test_what_does_not_fit_is_summed),
        CGROUP_TEST(test_one_that_does_not_fit_is_told_apart),
        CGROUP_TEST(test_the_unseen_are_forgotten_while_the_table_is_crowded),
        CGROUP_TEST(test_random_sockets_agree_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
