// SPDX-License-Identifier: Apache-2.0
/*
 * The table of UDP sockets, case by case and against a count of all drops that were ever made.
 */
#include "measure/udp_sockets.h"
#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HALF_LIFE = 100, STEP = 5 };

struct fixture {
    struct udp_sockets *sockets;
    int64_t now;
    /* Of the last sample. */
    struct udp_socket_row rows[UDP_SOCKETS_MAX_TOP];
    size_t count;
    struct udp_summary summary;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    *state = fixture;
    if (!fixture)
        return -1;
    fixture->sockets = udp_sockets_create(HALF_LIFE);
    fixture->now = 1000;
    udp_sockets_begin(fixture->sockets);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    udp_sockets_destroy(fixture->sockets);
    free(fixture);
    return 0;
}

static void add(struct fixture *fixture, uint64_t cookie, uint16_t port, uint32_t drops,
                uint32_t queue)
{
    const struct socket_record record = {
        .local_port = port, .cookie = cookie, .drops = drops, .receive_queue = queue};
    udp_sockets_add(fixture->sockets, &record);
}

/* End the sample, name `top` rows, begin the next. */
static void end(struct fixture *fixture, size_t top)
{
    fixture->count =
        udp_sockets_end(fixture->sockets, fixture->now, fixture->rows, top, &fixture->summary);
    fixture->now += STEP;
    udp_sockets_begin(fixture->sockets);
}

static const struct udp_socket_row *find_port(const struct fixture *fixture, uint16_t port)
{
    for (size_t i = 0; i < fixture->count; i++) {
        if (fixture->rows[i].port == port)
            return &fixture->rows[i];
    }
    return NULL;
}

static void assert_row(const struct fixture *fixture, uint16_t port, uint64_t drops, uint64_t queue)
{
    const struct udp_socket_row *row = find_port(fixture, port);
    assert_non_null(row);
    assert_int_equal(row->drops, drops);
    assert_int_equal(row->receive_queue, queue);
}

/* A socket that has dropped, alone in its samples, and is named for it. */
static void name(struct fixture *fixture, uint64_t cookie, uint16_t port, uint32_t drops)
{
    end(fixture, 5);
    for (int i = 0; i < 2; i++) {
        add(fixture, cookie, port, drops, 0);
        end(fixture, 5);
    }
    assert_row(fixture, port, drops, 0);
}

static void assert_other(const struct fixture *fixture, uint64_t drops)
{
    assert_int_equal(fixture->summary.other_drops, drops);
}

static void test_the_worst_are_named_and_the_rest_is_summed(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 2);
    for (int i = 0; i < 2; i++) {
        add(fixture, 1, 53, 0, 0);
        add(fixture, 2, 514, 7, 0);
        add(fixture, 3, 123, 0, 4000000000);
        add(fixture, 4, 161, 2, 100);
        add(fixture, 5, 162, 1, 0);
        end(fixture, 2);
    }
    assert_int_equal(fixture->summary.sockets, 5);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->rows[0].port, 514); /* drops before any queue */
    assert_int_equal(fixture->rows[1].port, 161);
    assert_row(fixture, 514, 7, 0);
    assert_row(fixture, 161, 2, 100);
    assert_other(fixture, 7 + 2 + 1);
}

/* What a socket dropped before the exporter started is not counted. */
static void test_the_first_sample_names_queues(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 1, 53, 1000, 0);
    add(fixture, 2, 514, 7, 10);
    end(fixture, 2);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 514, 0, 10);
    assert_other(fixture, 0);
    add(fixture, 1, 53, 1001, 0);
    add(fixture, 2, 514, 9, 10);
    end(fixture, 2);
    assert_row(fixture, 514, 2, 10);
    assert_other(fixture, 1);
}

static void test_sockets_without_drops_or_queue_are_not_named(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        add(fixture, 1, 53, 0, 0);
        end(fixture, 5);
        assert_int_equal(fixture->count, 0);
    }
}

static void test_without_names_all_is_in_the_sum(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        add(fixture, 1, 53, 5 * i, 0);
        end(fixture, 0);
        assert_int_equal(fixture->count, 0);
        assert_other(fixture, 5 * i);
    }
}

static void test_a_row_is_named_from_its_second_sample_on(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    add(fixture, 1, 53, 3, 0);
    add(fixture, 2, 54, 0, 900);
    end(fixture, 5);
    assert_int_equal(fixture->count, 0);
    assert_other(fixture, 3);
    add(fixture, 1, 53, 8, 0);
    add(fixture, 2, 54, 0, 900);
    end(fixture, 5);
    assert_int_equal(fixture->count, 2);
    assert_row(fixture, 53, 8, 0);
    assert_row(fixture, 54, 0, 900);
    assert_other(fixture, 8); /* what nobody could see in the new counter */
    add(fixture, 1, 53, 9, 0);
    end(fixture, 5);
    assert_row(fixture, 53, 9, 0);
    assert_other(fixture, 8);
}

static void test_a_queue_that_was_read_meanwhile_is_not_named(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    for (int i = 0; i < 6; i++) {
        add(fixture, 1, 53, 0, i % 2 ? 900 : 0);
        end(fixture, 5);
        assert_int_equal(fixture->count, 0);
    }
}

static void test_a_named_row_keeps_its_name_without_a_queue(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 1, 53, 0, 900);
    end(fixture, 5);
    for (int i = 0; i < 50; i++) {
        add(fixture, 1, 53, 0, 0);
        end(fixture, 5);
        assert_row(fixture, 53, 0, 0);
    }
    end(fixture, 5);
    assert_int_equal(fixture->count, 0); /* closed */
    add(fixture, 2, 53, 0, 900);
    end(fixture, 5);
    assert_int_equal(fixture->count, 0); /* forgotten */
}

static void test_sockets_without_drops_or_queue_take_no_room(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 1; i <= UDP_ROWS_CAPACITY; i++)
        add(fixture, i, (uint16_t)i, 0, 0);
    add(fixture, 60000, 60000, 0, 1);
    end(fixture, 5);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 60000, 0, 1);
}

/* Nor in the table of drops. */
static void test_of_many_sockets_those_that_drop_are_known(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    for (uint32_t drops = 1; drops < 4; drops++) {
        for (uint32_t i = 1; i <= 20000; i++)
            add(fixture, i, (uint16_t)i, 0, 0);
        add(fixture, 60000, 60000, drops, 0);
        end(fixture, 5);
    }
    assert_row(fixture, 60000, 3, 0);
}

static void test_sockets_of_one_port_are_one_row(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    for (int i = 0; i < 2; i++) {
        add(fixture, 1, 53, 3, 500);
        add(fixture, 2, 53, 4, 900);
        add(fixture, 3, 53, 0, 100);
        end(fixture, 5);
    }
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 53, 7, 900);
}

static void test_families_addresses_ports_and_interfaces_are_kept_apart(void **state)
{
    struct fixture *fixture = *state;
    const struct socket_record records[] = {
        {.cookie = 1, .drops = 1, .local_port = 53},
        {.cookie = 2, .drops = 2, .local_port = 53, .family = IP_FAMILY_IPV6},
        {.cookie = 3, .drops = 3, .local_port = 53, .local_address = {{1}}},
        {.cookie = 4, .drops = 4, .local_port = 53, .local_address = {{0, 0, 0, 1}}},
        {.cookie = 5, .drops = 5, .local_port = 53, .interface = 2},
        {.cookie = 6, .drops = 6, .local_port = 54},
    };
    end(fixture, 9);
    for (int twice = 0; twice < 2; twice++) {
        for (size_t i = 0; i < 6; i++)
            udp_sockets_add(fixture->sockets, &records[i]);
        end(fixture, 9);
    }
    assert_int_equal(fixture->count, 6);
    for (size_t i = 0; i < 6; i++) {
        const struct udp_socket_row *row = &fixture->rows[i];
        const struct socket_record *record = &records[row->drops - 1];
        assert_int_equal(row->family, record->family);
        assert_memory_equal(&row->address, &record->local_address, sizeof row->address);
        assert_int_equal(row->port, record->local_port);
        assert_int_equal(row->interface, record->interface);
    }
}

static void test_the_kernels_counter_wraps(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    add(fixture, 1, 53, UINT32_MAX - 1, 0);
    end(fixture, 5);
    add(fixture, 1, 53, 0, 0); /* two more: it looks as if it never dropped */
    end(fixture, 5);
    add(fixture, 1, 53, 5, 0);
    end(fixture, 5);
    assert_row(fixture, 53, UINT64_C(0x100000005), 0);
}

static void test_a_restart_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    name(fixture, 1, 53, 5);
    end(fixture, 5); /* closed */
    assert_int_equal(fixture->count, 0);
    end(fixture, 5);
    add(fixture, 2, 53, 0, 0); /* opened again */
    end(fixture, 5);
    assert_row(fixture, 53, 5, 0);
    add(fixture, 2, 53, 4, 0);
    end(fixture, 5);
    assert_row(fixture, 53, 9, 0);
    assert_other(fixture, 5);
}

static void test_a_row_that_was_never_named_is_forgotten(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    add(fixture, 1, 53, 3, 0);
    end(fixture, 5);
    end(fixture, 5); /* closed */
    for (int i = 0; i < 2; i++) {
        add(fixture, 2, 53, 1, 0);
        end(fixture, 5);
        assert_int_equal(fixture->count, i); /* as if it were new */
    }
    assert_row(fixture, 53, 1, 0);
    assert_other(fixture, 4);
}

/* A cookie is never used again, but a dump may miss a socket once. */
static void test_a_socket_that_a_dump_missed_is_not_counted_again(void **state)
{
    struct fixture *fixture = *state;
    name(fixture, 1, 53, 5);
    end(fixture, 5);
    add(fixture, 1, 53, 6, 0);
    end(fixture, 5);
    assert_row(fixture, 53, 6, 0);
}

static void test_a_socket_that_is_listed_twice_is_counted_once(void **state)
{
    struct fixture *fixture = *state;
    name(fixture, 1, 53, 5);
    add(fixture, 1, 53, 6, 0);
    add(fixture, 1, 53, 8, 0);
    end(fixture, 5);
    assert_row(fixture, 53, 8, 0);
}

static void test_a_sample_without_an_end_loses_no_drops(void **state)
{
    struct fixture *fixture = *state;
    name(fixture, 1, 53, 5);
    add(fixture, 1, 53, 9, 900);
    add(fixture, 2, 54, 4, 900);
    udp_sockets_begin(fixture->sockets);
    add(fixture, 1, 53, 10, 100);
    end(fixture, 5); /* the second is closed */
    assert_int_equal(fixture->summary.sockets, 1);
    assert_int_equal(fixture->count, 1);
    assert_row(fixture, 53, 10, 100);
    assert_other(fixture, 5 + 4);
}

static void test_a_name_stays_until_another_is_clearly_worse(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 1, 53, 0, 1000);
    add(fixture, 2, 54, 0, 900);
    end(fixture, 1);
    assert_row(fixture, 53, 0, 1000);
    add(fixture, 1, 53, 0, 1000);
    add(fixture, 2, 54, 0, 1240);
    end(fixture, 1);
    assert_row(fixture, 53, 0, 1000);
    add(fixture, 1, 53, 0, 1000);
    add(fixture, 2, 54, 0, 1260);
    end(fixture, 1);
    assert_row(fixture, 54, 0, 1260);
    add(fixture, 1, 53, 1, 0); /* a drop is worse than all queues */
    add(fixture, 2, 54, 0, UINT32_MAX / 2);
    end(fixture, 1);
    assert_row(fixture, 53, 1, 0);
    assert_other(fixture, 1);
}

static void test_old_drops_count_less(void **state)
{
    struct fixture *fixture = *state;
    uint32_t new = 0;
    name(fixture, 1, 53, 1000000);
    fixture->now += 30 * HALF_LIFE;
    for (int i = 0; i < 3; i++) {
        add(fixture, 1, 53, 1000000, 0);
        add(fixture, 2, 54, new += 2, 0);
        end(fixture, 1);
    }
    assert_row(fixture, 54, 6, 0);
    for (int i = 0; i < HALF_LIFE / STEP; i++) { /* one half-life: 3/4 is not clearly worse */
        add(fixture, 1, 53, 1000000, 0);
        add(fixture, 2, 54, new, 0);
        end(fixture, 1);
    }
    add(fixture, 1, 53, 1000003, 0);
    add(fixture, 2, 54, new, 0);
    end(fixture, 1);
    assert_row(fixture, 54, 6, 0);
    add(fixture, 1, 53, 1000006, 0);
    add(fixture, 2, 54, new, 0);
    end(fixture, 1);
    assert_row(fixture, 53, 1000006, 0);
}

static void test_old_queues_count_less(void **state)
{
    struct fixture *fixture = *state;
    add(fixture, 1, 53, 0, 1000);
    add(fixture, 2, 54, 0, 500);
    end(fixture, 1);
    add(fixture, 1, 53, 0, 0);
    add(fixture, 2, 54, 0, 500);
    end(fixture, 1);
    assert_row(fixture, 53, 0, 0);
    fixture->now += 2 * HALF_LIFE;
    add(fixture, 1, 53, 0, 0);
    add(fixture, 2, 54, 0, 500);
    end(fixture, 1);
    assert_row(fixture, 54, 0, 500);
}

static void test_drops_of_a_row_that_loses_its_name_are_in_the_sum(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 1);
    for (int i = 0; i < 2; i++) {
        add(fixture, 1, 53, 5, 0);
        add(fixture, 2, 54, 1, 0);
        end(fixture, 1);
    }
    assert_row(fixture, 53, 5, 0);
    assert_other(fixture, 5 + 1);
    add(fixture, 1, 53, 6, 0);
    add(fixture, 2, 54, 101, 0);
    end(fixture, 1);
    assert_row(fixture, 54, 101, 0);
    assert_other(fixture, 5 + 1 + 100 + 1);
    add(fixture, 1, 53, 9, 0);
    add(fixture, 2, 54, 102, 0);
    end(fixture, 1);
    assert_row(fixture, 54, 102, 0);
    assert_other(fixture, 5 + 1 + 100 + 1 + 3);
}

static void test_rows_beyond_the_capacity_are_in_the_sum(void **state)
{
    struct fixture *fixture = *state;
    end(fixture, 5);
    for (uint32_t drops = 1; drops <= 3; drops++) {
        for (uint32_t i = 1; i <= UDP_ROWS_CAPACITY + 10; i++)
            add(fixture, i, (uint16_t)i, drops, 0);
        end(fixture, 5);
    }
    assert_int_equal(fixture->count, 5);
    assert_other(fixture, 2 * (UDP_ROWS_CAPACITY + 10) + UDP_ROWS_CAPACITY + 5);
}

static void test_the_last_row_can_be_named(void **state)
{
    struct fixture *fixture = *state;
    for (uint32_t i = 1; i <= UDP_ROWS_CAPACITY + 1; i++)
        add(fixture, i, (uint16_t)i, 0, i < UDP_ROWS_CAPACITY ? 1 : i);
    end(fixture, 1);
    assert_row(fixture, UDP_ROWS_CAPACITY, 0, UDP_ROWS_CAPACITY);
}

/* The published counters of closed sockets are kept, but not all, for ever. */
static void test_closed_rows_make_room(void **state)
{
    struct fixture *fixture = *state;
    uint32_t cookie = 0;
    end(fixture, 5);
    for (uint16_t port = 1; port <= UDP_ROWS_CAPACITY / 2; port++) {
        add(fixture, ++cookie, port, 3, 0);
        if (port % UDP_SOCKETS_MAX_TOP == 0 || port == UDP_ROWS_CAPACITY / 2) {
            for (int twice = 0; twice < 2; twice++) {
                end(fixture, UDP_SOCKETS_MAX_TOP);
                for (uint32_t back = 0; back < (port - 1U) % UDP_SOCKETS_MAX_TOP + 1; back++)
                    add(fixture, cookie - back, (uint16_t)(port - back), 3, 0);
            }
            end(fixture, UDP_SOCKETS_MAX_TOP);
        }
    }
    add(fixture, ++cookie, 1, 1, 0); /* it remembers the first of all */
    end(fixture, 5);
    assert_row(fixture, 1, 4, 0);
    add(fixture, cookie, 1, 1, 0);
    add(fixture, ++cookie, 60000, 1, 0); /* one too many: all that are closed go */
    end(fixture, 5);
    assert_row(fixture, 1, 4, 0);
    add(fixture, ++cookie, 2, 1, 0);
    end(fixture, 5);
    assert_null(find_port(fixture, 2));
    add(fixture, cookie, 2, 1, 0);
    end(fixture, 5);
    assert_row(fixture, 2, 1, 0);
}

/* Random sockets on a few ports, which open, drop, close, and are listed by dumps that fail. */
enum { PORTS = 12, SOCKETS = 40, SAMPLES = 3000, TOP = 4 };

struct model {
    uint64_t cookies[SOCKETS]; /* 0: not open */
    uint16_t ports[SOCKETS];
    uint32_t drops[SOCKETS];
    uint32_t seen[SOCKETS];
    uint64_t next_cookie;
    uint64_t all;          /* drops that a complete sample has seen */
    uint64_t visible;      /* increases of counters that were there before */
    uint64_t named[PORTS]; /* the last value */
    bool was_named[PORTS]; /* in the last sample */
    uint64_t highest[PORTS];
};

static void live(struct model *model, struct seeded *random)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (!model->cookies[i] && seeded_between(random, 0, 9) == 0) {
            model->cookies[i] = ++model->next_cookie;
            model->ports[i] = (uint16_t)seeded_between(random, 0, PORTS - 1);
            model->drops[i] = model->seen[i] = 0;
        } else if (model->cookies[i] && seeded_between(random, 0, 19) == 0) {
            model->cookies[i] = 0;
        }
        if (model->cookies[i] && seeded_between(random, 0, 3) == 0)
            model->drops[i] += (uint32_t)seeded_bits(random) >> seeded_between(random, 1, 31);
    }
}

static void sample(struct model *model, struct fixture *fixture, bool whole)
{
    for (int i = 0; i < SOCKETS; i++) {
        if (!model->cookies[i])
            continue;
        add(fixture, model->cookies[i], model->ports[i], model->drops[i], 0);
        if (whole) {
            model->all += model->drops[i] - model->seen[i];
            model->seen[i] = model->drops[i];
        }
    }
}

static void check(struct model *model, const struct fixture *fixture)
{
    bool named[PORTS] = {false};
    for (size_t i = 0; i < fixture->count; i++) {
        const struct udp_socket_row *row = &fixture->rows[i];
        assert_false(named[row->port]);
        named[row->port] = true;
        assert_true(row->drops >= model->highest[row->port]);
        model->highest[row->port] = row->drops;
        if (model->was_named[row->port])
            model->visible += row->drops - model->named[row->port];
        model->named[row->port] = row->drops;
    }
    memcpy(model->was_named, named, sizeof named);
}

static void test_every_drop_is_visible_once(void **state)
{
    struct fixture *fixture = *state;
    struct seeded random = seeded_start();
    struct model model = {0};
    uint64_t other = 0;
    end(fixture, TOP);
    for (int i = 0; i < SAMPLES; i++) {
        live(&model, &random);
        if (seeded_between(&random, 0, 9) == 0) {
            sample(&model, fixture, false);
            udp_sockets_begin(fixture->sockets);
        }
        sample(&model, fixture, true);
        end(fixture, TOP);
        check(&model, fixture);
        assert_true(fixture->summary.other_drops >= other);
        other = fixture->summary.other_drops;
        assert_int_equal(model.visible + other, model.all);
    }
    assert_true(model.visible > 0 && other > 0);
}

#define UDP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UDP_TEST(test_the_worst_are_named_and_the_rest_is_summed),
        UDP_TEST(test_the_first_sample_names_queues),
        UDP_TEST(test_sockets_without_drops_or_queue_are_not_named),
        UDP_TEST(test_without_names_all_is_in_the_sum),
        UDP_TEST(test_a_row_is_named_from_its_second_sample_on),
        UDP_TEST(test_a_queue_that_was_read_meanwhile_is_not_named),
        UDP_TEST(test_a_named_row_keeps_its_name_without_a_queue),
        UDP_TEST(test_sockets_without_drops_or_queue_take_no_room),
        UDP_TEST(test_of_many_sockets_those_that_drop_are_known),
        UDP_TEST(test_sockets_of_one_port_are_one_row),
        UDP_TEST(test_families_addresses_ports_and_interfaces_are_kept_apart),
        UDP_TEST(test_the_kernels_counter_wraps),
        UDP_TEST(test_a_restart_loses_nothing),
        UDP_TEST(test_a_row_that_was_never_named_is_forgotten),
        UDP_TEST(test_a_socket_that_a_dump_missed_is_not_counted_again),
        UDP_TEST(test_a_socket_that_is_listed_twice_is_counted_once),
        UDP_TEST(test_a_sample_without_an_end_loses_no_drops),
        UDP_TEST(test_a_name_stays_until_another_is_clearly_worse),
        UDP_TEST(test_old_drops_count_less),
        UDP_TEST(test_old_queues_count_less),
        UDP_TEST(test_drops_of_a_row_that_loses_its_name_are_in_the_sum),
        UDP_TEST(test_rows_beyond_the_capacity_are_in_the_sum),
        UDP_TEST(test_the_last_row_can_be_named),
        UDP_TEST(test_closed_rows_make_room),
        UDP_TEST(test_every_drop_is_visible_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
