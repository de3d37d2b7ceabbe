// SPDX-License-Identifier: Apache-2.0
/*
 * The table of UNIX listeners, case by case.
 */
#include "measure/unix_sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* One slot of the peak window is a nanosecond: at whole times the window is exact. */
enum { WINDOW = 60, MOST = 8 };

struct fixture {
    struct unix_sockets *sockets;
    int64_t now;
    /* Of the last sample. */
    struct unix_listener_row rows[UNIX_LISTENERS_CAPACITY];
    size_t count;
    struct unix_summary summary;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->sockets = unix_sockets_create(WINDOW);
    fixture->now = 1000;
    unix_sockets_begin(fixture->sockets);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    unix_sockets_destroy(fixture->sockets);
    free(fixture);
    return 0;
}

static void listen_at(struct fixture *fixture, const char *path, uint32_t length, uint32_t limit)
{
    const struct unix_socket_record record = {.state = UNIX_SOCKET_LISTEN,
                                              .name = path,
                                              .name_length = strlen(path),
                                              .receive_queue = length,
                                              .send_queue = limit};
    unix_sockets_add(fixture->sockets, &record);
}

/* End the sample, name `top` listeners, begin the next. */
static void end(struct fixture *fixture, size_t top)
{
    fixture->count =
        unix_sockets_end(fixture->sockets, fixture->now++, fixture->rows, top, &fixture->summary);
    unix_sockets_begin(fixture->sockets);
}

static void assert_row(const struct fixture *fixture, size_t i, const char *path, uint64_t length,
                       uint64_t limit, uint64_t peak)
{
    assert_true(i < fixture->count);
    assert_string_equal(fixture->rows[i].path, path);
    assert_int_equal(fixture->rows[i].queue_length, length);
    assert_int_equal(fixture->rows[i].queue_limit, limit);
    assert_int_equal(fixture->rows[i].queue_peak, peak);
}

static void test_sockets_are_counted_by_type_and_state(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[UNIX_SOCKET_STATES] = {"/x", "/y", "/z"};
    unsigned number = 1;
    for (enum unix_socket_type type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (enum unix_socket_state s = 0; s < UNIX_SOCKET_STATES; s++, number++) {
            struct unix_socket_record record = {
                .type = type, .state = s, .name = names[s], .name_length = 2, .receive_queue = 5};
            for (unsigned i = 0; i < number; i++)
                unix_sockets_add(fixture->sockets, &record);
        }
    }
    end(fixture, MOST);
    number = 1;
    for (enum unix_socket_type type = 0; type < UNIX_SOCKET_TYPES; type++) {
        for (enum unix_socket_state s = 0; s < UNIX_SOCKET_STATES; s++, number++)
            assert_int_equal(fixture->summary.sockets[type][s], number);
    }
    assert_int_equal(fixture->count, 1);
    end(fixture, MOST);
    assert_int_equal(fixture->summary.sockets[0][0], 0);
    assert_int_equal(fixture->count, 0);
}

static void test_the_fullest_are_named_and_the_rest_is_summed(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/empty", 0, 128);
    listen_at(fixture, "/full", 5, 5);
    listen_at(fixture, "/long", 100, 4096);
    listen_at(fixture, "/half", 64, 128);
    end(fixture, 2);
    assert_int_equal(fixture->count, 2);
    assert_row(fixture, 0, "/full", 5, 5, 5);
    assert_row(fixture, 1, "/half", 64, 128, 64);
    assert_int_equal(fixture->summary.other_queue_length, 100);
}

static void test_without_names_all_is_summed(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/a", 3, 128);
    listen_at(fixture, "/b", 4, 128);
    end(fixture, 0);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture->summary.other_queue_length, 7);
}

static void test_sockets_with_one_name_are_one_listener(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/a", 3, 128);
    listen_at(fixture, "/a", 2, 2);
    listen_at(fixture, "/a", 4, 128);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 0, "/a", 2, 2, 2);
    assert_int_equal(fixture->summary.other_queue_length, 0);
    listen_at(fixture, "/a", 1, 128); /* the first of this sample replaces the last one's */
    end(fixture, MOST);
    assert_row(fixture, 0, "/a", 1, 128, 2);
}

/* With a limit of 0 one connection fits; the kernel queues one more than the limit. */
static void test_no_limit_divides_by_zero(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/nine-of-ten", 9, 9);
    listen_at(fixture, "/one-of-one", 1, 0);
    end(fixture, 1);
    assert_row(fixture, 0, "/one-of-one", 1, 0, 1);
    listen_at(fixture, "/none-of-one", 0, 0);
    listen_at(fixture, "/one-of-ten", 1, 9);
    end(fixture, 1);
    assert_row(fixture, 0, "/one-of-ten", 1, 9, 1);
}

static void test_a_peak_is_remembered_for_the_window(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i <= WINDOW + 1; i++) {
        listen_at(fixture, "/a", i == 0 ? 7 : 1, 128);
        end(fixture, MOST);
        assert_row(fixture, 0, "/a", i == 0 ? 7 : 1, 128, i <= WINDOW ? 7 : 1);
    }
}

static void test_a_name_stays_until_another_is_clearly_fuller(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/a", 40, 99);
    listen_at(fixture, "/b", 39, 99);
    end(fixture, 1);
    assert_row(fixture, 0, "/a", 40, 99, 40);
    listen_at(fixture, "/a", 40, 99);
    listen_at(fixture, "/b", 50, 99); /* a quarter more, but not a hundredth */
    end(fixture, 1);
    assert_row(fixture, 0, "/a", 40, 99, 40);
    listen_at(fixture, "/a", 40, 99);
    listen_at(fixture, "/b", 52, 99);
    end(fixture, 1);
    assert_row(fixture, 0, "/b", 52, 99, 52);
    listen_at(fixture, "/a", 52, 99); /* and the other way round */
    listen_at(fixture, "/b", 0, 99);
    end(fixture, 1);
    assert_row(fixture, 0, "/b", 0, 99, 52);
}

static void test_empty_ones_keep_their_names(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/old", 0, 4096);
    end(fixture, 1);
    listen_at(fixture, "/new", 0, 4096);
    listen_at(fixture, "/old", 0, 4096);
    end(fixture, 1);
    assert_row(fixture, 0, "/old", 0, 4096, 0);
    listen_at(fixture, "/new", 1, 4096);
    listen_at(fixture, "/old", 0, 4096);
    end(fixture, 1);
    assert_row(fixture, 0, "/old", 0, 4096, 0);
}

static void test_of_equal_ones_the_oldest_are_named(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/gone", 0, 9);
    listen_at(fixture, "/second", 0, 9);
    listen_at(fixture, "/third", 0, 9);
    end(fixture, 1);
    assert_row(fixture, 0, "/gone", 0, 9, 0);
    listen_at(fixture, "/fourth", 0, 9);
    listen_at(fixture, "/third", 0, 9);
    listen_at(fixture, "/second", 0, 9);
    end(fixture, 1);
    assert_row(fixture, 0, "/second", 0, 9, 0);
}

static void test_a_listener_that_closed_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/a", 9, 9);
    listen_at(fixture, "/b", 1, 9);
    end(fixture, MOST);
    listen_at(fixture, "/b", 1, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 0, "/b", 1, 9, 1);
    listen_at(fixture, "/a", 2, 9);
    listen_at(fixture, "/b", 1, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 2);
    assert_row(fixture, 0, "/a", 2, 9, 2); /* its peak was that of another socket */
}

static void test_a_sample_without_an_end_has_no_effect(void **state)
{
    struct fixture *fixture = *state;
    listen_at(fixture, "/a", 3, 9);
    end(fixture, MOST);
    listen_at(fixture, "/a", 8, 9);
    listen_at(fixture, "/b", 8, 9);
    unix_sockets_begin(fixture->sockets);
    listen_at(fixture, "/a", 2, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 0, "/a", 2, 9, 3);
    assert_int_equal(fixture->summary.sockets[UNIX_SOCKET_STREAM][UNIX_SOCKET_LISTEN], 1);
}

/* Names that look the same are one: a page with two would be invalid. */
static void test_names_that_look_the_same_are_one(void **state)
{
    struct fixture *fixture = *state;
    const struct unix_socket_record abstract = {
        .state = UNIX_SOCKET_LISTEN, .name = "\0x", .name_length = 2, .send_queue = 9};
    unix_sockets_add(fixture->sockets, &abstract);
    listen_at(fixture, "@x", 1, 9);
    listen_at(fixture, "\xff", 2, 9);
    listen_at(fixture, "\\xff", 3, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 2);
    assert_row(fixture, 0, "\\xff", 3, 9, 3);
    assert_row(fixture, 1, "@x", 1, 9, 1);
}

static void test_listeners_beyond_the_capacity_are_in_the_sum(void **state)
{
    struct fixture *fixture = *state;
    for (int turn = 0; turn < 2; turn++) {
        for (unsigned i = 0; i < UNIX_LISTENERS_CAPACITY + 10; i++) {
            char path[32];
            snprintf(path, sizeof path, "/run/%u", i);
            listen_at(fixture, path, 1, 9);
        }
        end(fixture, UNIX_LISTENERS_CAPACITY);
        assert_int_equal(fixture->count, UNIX_LISTENERS_CAPACITY);
        assert_int_equal(fixture->summary.other_queue_length, 10);
    }
    listen_at(fixture, "/run/x", 1, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 0); /* there was no room at that time */
    listen_at(fixture, "/run/x", 1, 9);
    end(fixture, MOST);
    assert_int_equal(fixture->count, 1);
}

#define UNIX_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIX_TEST(test_sockets_are_counted_by_type_and_state),
        UNIX_TEST(test_the_fullest_are_named_and_the_rest_is_summed),
        UNIX_TEST(test_without_names_all_is_summed),
        UNIX_TEST(test_sockets_with_one_name_are_one_listener),
        UNIX_TEST(test_no_limit_divides_by_zero),
        UNIX_TEST(test_a_peak_is_remembered_for_the_window),
        UNIX_TEST(test_a_name_stays_until_another_is_clearly_fuller),
        UNIX_TEST(test_empty_ones_keep_their_names),
        UNIX_TEST(test_of_equal_ones_the_oldest_are_named),
        UNIX_TEST(test_a_listener_that_closed_is_forgotten),
        UNIX_TEST(test_a_sample_without_an_end_has_no_effect),
        UNIX_TEST(test_names_that_look_the_same_are_one),
        UNIX_TEST(test_listeners_beyond_the_capacity_are_in_the_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
