// SPDX-License-Identifier: Apache-2.0
/*
 * The table of listeners, case by case and against a naive model.
 */
#include "measure/listeners.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One slot of the peak window is a nanosecond: at whole times the window is exact. */
static const int64_t window = 60;

static struct ip_address address_of(enum ip_family family, const char *text)
{
    struct ip_address address = {0};
    assert_int_equal(inet_pton(family == IP_FAMILY_IPV4 ? AF_INET : AF_INET6, text, &address), 1);
    return address;
}

static struct socket_record listening(enum ip_family family, const char *address, uint16_t port,
                                      uint32_t length, uint32_t limit)
{
    return (struct socket_record){
        .state = TCP_STATE_LISTEN,
        .family = family,
        .full_socket = true,
        .local_address = address_of(family, address),
        .local_port = port,
        .receive_queue = length,
        .send_queue = limit,
    };
}

/* On 0.0.0.0, with a limit of 128. */
static void add_port(struct listeners *listeners, uint16_t port, uint32_t length)
{
    const struct socket_record record = listening(IP_FAMILY_IPV4, "0.0.0.0", port, length, 128);
    listeners_add(listeners, &record);
}

static void end_sample(struct listeners *listeners, int64_t now)
{
    listeners_end(listeners, now, false);
}

static size_t top_of(struct listeners *listeners, struct listener_row *rows, size_t top)
{
    struct listener_row rest;
    return listeners_pick_top(listeners, LISTENERS_BY_QUEUE, rows, top, &rest);
}

static void sample_of(struct listeners *listeners, const struct socket_record *records,
                      size_t count, int64_t now)
{
    listeners_begin(listeners);
    for (size_t i = 0; i < count; i++)
        listeners_add(listeners, &records[i]);
    end_sample(listeners, now);
}

static void sample_of_port(struct listeners *listeners, uint16_t port, uint32_t length, int64_t now)
{
    listeners_begin(listeners);
    add_port(listeners, port, length);
    end_sample(listeners, now);
}

static void assert_row(const struct listener_row *row, uint16_t port, uint64_t length,
                       uint64_t limit, uint64_t peak)
{
    assert_int_equal(row->port, port);
    assert_int_equal(row->queue_length, length);
    assert_int_equal(row->queue_limit, limit);
    assert_int_equal(row->queue_peak, peak);
}

static int create(void **state)
{
    *state = listeners_create(window);
    return *state ? 0 : -1;
}

static int destroy(void **state)
{
    listeners_destroy(*state);
    return 0;
}

static void test_a_new_table_is_empty(void **state)
{
    struct listener_row rows[1];
    assert_int_equal(top_of(*state, rows, 1), 0);
    assert_int_equal(listeners_count_untracked(*state), 0);
}

static void test_a_listener_has_its_queue(void **state)
{
    struct listener_row rows[2];
    const struct socket_record record = listening(IP_FAMILY_IPV4, "192.0.2.7", 443, 5, 128);
    sample_of(*state, &record, 1, 0);
    assert_int_equal(top_of(*state, rows, 2), 1);
    assert_row(&rows[0], 443, 5, 128, 5);
    assert_int_equal(rows[0].family, IP_FAMILY_IPV4);
    assert_memory_equal(&rows[0].address, &record.local_address, sizeof record.local_address);
}

static void test_sockets_that_share_address_and_port_are_one_listener(void **state)
{
    struct listener_row rows[2];
    const struct socket_record records[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 1, 16),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 17, 16), /* one worker hangs */
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 0, 16),
    };
    sample_of(*state, records, 3, 0);
    assert_int_equal(top_of(*state, rows, 2), 1);
    assert_row(&rows[0], 80, 17, 16, 17);
    assert_int_equal(rows[0].queues, 3);
    sample_of(*state, records, 2, 1);
    assert_int_equal(top_of(*state, rows, 2), 1);
    assert_int_equal(rows[0].queues, 2);
}

/* The queue of a listener with two sockets, in both orders. */
static void assert_fuller(struct listeners *listeners, uint32_t length, uint32_t limit,
                          uint32_t other_length, uint32_t other_limit)
{
    struct listener_row row;
    struct socket_record records[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, length, limit),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, other_length, other_limit),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, length, limit),
    };
    for (size_t first = 0; first < 2; first++) {
        sample_of(listeners, NULL, 0, 0);
        sample_of(listeners, &records[first], 2, 0);
        assert_int_equal(top_of(listeners, &row, 1), 1);
        assert_row(&row, 80, length, limit, length);
    }
}

static void test_the_fullest_is_relative_to_its_limit(void **state)
{
    assert_fuller(*state, 17, 16, 0, 16);
    assert_fuller(*state, 9, 16, 500, 4096);
    assert_fuller(*state, 1, 0, 4000, 4096); /* limit 0, but one waits */
    assert_fuller(*state, 1, 4096, 0, 0);
    assert_fuller(*state, 0, 16, 0, 4096); /* the smaller queue would fill first */
    assert_fuller(*state, UINT32_MAX, UINT32_MAX, UINT32_MAX - 1, UINT32_MAX);
    assert_fuller(*state, UINT32_MAX, 0, UINT32_MAX, UINT32_MAX);
}

static void test_one_connection_more_than_the_limit_may_wait(void **state)
{
    struct listener_row row;
    /* One of 2 places is taken, and six of 11. */
    const struct socket_record records[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 1, 1),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 6, 10),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 1, 1),
    };
    sample_of(*state, records, 2, 0);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 80, 6, 10, 6);
    sample_of(*state, records + 1, 2, 1);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 80, 6, 10, 6);
}

static void test_the_peak_is_that_of_the_fullest(void **state)
{
    struct listener_row row;
    const struct socket_record one_hangs[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 12, 16),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 5, 16),
    };
    const struct socket_record other_lags[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 0, 16),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 3, 16),
    };
    sample_of(*state, one_hangs, 2, 0);
    sample_of(*state, other_lags, 2, 1);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 80, 3, 16, 12);
}

static void test_each_sample_replaces_the_last(void **state)
{
    struct listener_row row;
    for (int64_t now = 0; now < 3; now++)
        sample_of_port(*state, 80, 7, now);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 80, 7, 128, 7);
}

static void test_family_address_and_port_identify_a_listener(void **state)
{
    struct listener_row rows[8];
    const struct socket_record records[] = {
        listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 0, 1),
        listening(IP_FAMILY_IPV6, "::", 80, 0, 1), /* the same bytes */
        listening(IP_FAMILY_IPV4, "127.0.0.1", 80, 0, 1),
        listening(IP_FAMILY_IPV4, "0.0.0.0", 81, 0, 1),
        listening(IP_FAMILY_IPV6, "::1", 80, 0, 1),
    };
    sample_of(*state, records, 5, 0);
    assert_int_equal(top_of(*state, rows, 8), 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(rows[i].queue_limit, 1);
}

static void test_a_listener_that_is_not_added_vanishes(void **state)
{
    struct listener_row rows[3];
    listeners_begin(*state);
    for (uint16_t port = 1; port <= 3; port++)
        add_port(*state, port, port);
    end_sample(*state, 0);
    listeners_begin(*state);
    add_port(*state, 3, 30);
    add_port(*state, 1, 10);
    end_sample(*state, 1);
    assert_int_equal(top_of(*state, rows, 3), 2);
    assert_row(&rows[0], 1, 10, 128, 10);
    assert_row(&rows[1], 3, 30, 128, 30);

    sample_of(*state, NULL, 0, 2);
    assert_int_equal(top_of(*state, rows, 3), 0);
}

static void test_a_listener_that_returns_starts_without_a_peak(void **state)
{
    struct listener_row row;
    sample_of_port(*state, 80, 100, 0);
    sample_of(*state, NULL, 0, 1);
    sample_of_port(*state, 80, 3, 2);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 80, 3, 128, 3);
}

static void test_a_peak_outlives_its_queue_by_the_window(void **state)
{
    struct listener_row row;
    sample_of_port(*state, 80, 100, 0);
    sample_of_port(*state, 80, 3, window);
    top_of(*state, &row, 1);
    assert_row(&row, 80, 3, 128, 100);
    sample_of_port(*state, 80, 2, window + 1);
    top_of(*state, &row, 1);
    assert_row(&row, 80, 2, 128, 3);
}

static void test_a_peak_survives_when_others_vanish(void **state)
{
    struct listener_row row;
    listeners_begin(*state);
    for (uint16_t port = 1; port <= 100; port++)
        add_port(*state, port, port);
    end_sample(*state, 0);
    sample_of_port(*state, 77, 0, 1);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 77, 0, 128, 77);
}

static void test_a_sample_that_is_not_ended_changes_no_listener(void **state)
{
    struct listener_row rows[3];
    sample_of_port(*state, 80, 5, 0);
    listeners_begin(*state);
    add_port(*state, 80, 100);
    add_port(*state, 81, 100);
    assert_int_equal(top_of(*state, rows, 3), 1);
    assert_row(&rows[0], 80, 5, 128, 5);

    listeners_begin(*state); /* that one failed; this one ends */
    add_port(*state, 80, 6);
    end_sample(*state, 1);
    assert_int_equal(top_of(*state, rows, 3), 1);
    assert_row(&rows[0], 80, 6, 128, 6);
}

static void test_top_takes_the_highest_peaks(void **state)
{
    struct listener_row rows[3];
    listeners_begin(*state);
    for (uint16_t port = 1; port <= 9; port++)
        add_port(*state, port, (uint32_t)port * 7 % 10);
    end_sample(*state, 0);
    assert_int_equal(top_of(*state, rows, 3), 3);
    assert_row(&rows[0], 1, 7, 128, 7);
    assert_row(&rows[1], 4, 8, 128, 8);
    assert_row(&rows[2], 7, 9, 128, 9);
}

static void test_top_uses_the_peak_not_the_length(void **state)
{
    struct listener_row row;
    listeners_begin(*state);
    add_port(*state, 1, 50);
    add_port(*state, 2, 10);
    end_sample(*state, 0);
    listeners_begin(*state);
    add_port(*state, 1, 0);
    add_port(*state, 2, 20);
    end_sample(*state, 1);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 1, 0, 128, 50);
}

static void test_top_is_ordered_by_address_and_port(void **state)
{
    static const struct {
        enum ip_family family;
        const char *address;
        uint16_t port;
    } in_order[] = {
        {IP_FAMILY_IPV4, "0.0.0.0", 443},   {IP_FAMILY_IPV4, "9.0.0.1", 1},
        {IP_FAMILY_IPV4, "10.0.0.1", 80},   {IP_FAMILY_IPV4, "10.0.0.1", 255},
        {IP_FAMILY_IPV4, "10.0.0.1", 256},  {IP_FAMILY_IPV4, "192.0.2.1", 80},
        {IP_FAMILY_IPV6, "::", 22},         {IP_FAMILY_IPV6, "::1", 1},
        {IP_FAMILY_IPV6, "2001:db8::1", 1}, {IP_FAMILY_IPV6, "2001:db8:0:1::", 1},
    };
    enum { COUNT = sizeof in_order / sizeof in_order[0] };
    struct listener_row rows[COUNT];
    listeners_begin(*state);
    for (size_t i = 0; i < COUNT; i++) {
        size_t mixed = i * 7 % COUNT; /* 7 and 10 have no common divisor: each once */
        const struct socket_record record =
            listening(in_order[mixed].family, in_order[mixed].address, in_order[mixed].port,
                      (uint32_t)mixed * 3 % 4, 1);
        listeners_add(*state, &record);
    }
    end_sample(*state, 0);
    assert_int_equal(top_of(*state, rows, COUNT), COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        struct ip_address address = address_of(in_order[i].family, in_order[i].address);
        assert_memory_equal(&rows[i].address, &address, sizeof address);
        assert_int_equal(rows[i].port, in_order[i].port);
        assert_int_equal(listener_compare_places(&rows[i], &rows[i]), 0);
        assert_true(i == 0 || listener_compare_places(&rows[i - 1], &rows[i]) < 0);
        assert_true(i == 0 || listener_compare_places(&rows[i], &rows[i - 1]) > 0);
    }
}

static void test_top_of_none_is_empty(void **state)
{
    struct listener_row untouched = {.port = 7};
    sample_of_port(*state, 80, 5, 0);
    assert_int_equal(top_of(*state, &untouched, 0), 0);
    assert_int_equal(untouched.port, 7);
}

/* The sockets of `count` listeners, each on its own port, and no others. */
static void sample_of_ports(struct listeners *listeners, uint16_t first, uint16_t count,
                            int64_t now)
{
    listeners_begin(listeners);
    for (uint16_t i = 0; i < count; i++)
        add_port(listeners, (uint16_t)(first + i), i);
    end_sample(listeners, now);
}

static void test_a_full_table_tracks_up_to_its_capacity(void **state)
{
    struct listener_row *rows = calloc(LISTENERS_CAPACITY + 1, sizeof *rows);
    assert_non_null(rows);
    sample_of_ports(*state, 1, LISTENERS_CAPACITY, 0);
    assert_int_equal(listeners_count_untracked(*state), 0);
    assert_int_equal(top_of(*state, rows, LISTENERS_CAPACITY + 1), LISTENERS_CAPACITY);
    for (uint16_t i = 0; i < LISTENERS_CAPACITY; i++) {
        assert_row(&rows[i], i + 1, i, 128, i);
        assert_int_equal(rows[i].family, IP_FAMILY_IPV4);
    }
    free(rows);
}

/* Both families, with enough ports to fill the table, in the order of its rows. */
static void add_full_house(struct listeners *listeners)
{
    for (enum ip_family family = 0; family < IP_FAMILIES; family++) {
        struct socket_record record = {.state = TCP_STATE_LISTEN, .family = family};
        for (uint16_t i = 0; i < LISTENERS_CAPACITY / 2; i++) {
            record.local_port = i;
            listeners_add(listeners, &record);
        }
    }
}

static void test_a_full_table_finds_all_for_any_seed(void **state)
{
    (void)state;
    struct listener_row *rows = calloc(LISTENERS_CAPACITY, sizeof *rows);
    assert_non_null(rows);
    for (int table = 0; table < 20; table++) {
        struct listeners *listeners = listeners_create(window);
        assert_non_null(listeners);
        for (int64_t now = 0; now < 2; now++) {
            listeners_begin(listeners);
            add_full_house(listeners);
            end_sample(listeners, now);
            assert_int_equal(listeners_count_untracked(listeners), 0);
        }
        assert_int_equal(top_of(listeners, rows, LISTENERS_CAPACITY), LISTENERS_CAPACITY);
        listeners_destroy(listeners);
    }
    free(rows);
}

static void test_sockets_beyond_the_capacity_are_untracked(void **state)
{
    listeners_begin(*state);
    for (uint16_t i = 0; i < LISTENERS_CAPACITY; i++)
        add_port(*state, i, 1);
    for (int i = 0; i < 3; i++)
        add_port(*state, 60000, 1); /* three sockets of one listener */
    add_port(*state, 60001, 1);
    add_port(*state, 5, 1); /* has its place */
    end_sample(*state, 0);
    assert_int_equal(listeners_count_untracked(*state), 4);
    sample_of_ports(*state, 0, LISTENERS_CAPACITY, 1);
    assert_int_equal(listeners_count_untracked(*state), 0);
}

static void test_an_untracked_listener_gets_the_place_of_a_vanished_one(void **state)
{
    struct listener_row row;
    sample_of_ports(*state, 0, LISTENERS_CAPACITY, 0);
    sample_of_ports(*state, 1, LISTENERS_CAPACITY - 1, 1); /* port 0 is gone */
    listeners_begin(*state);
    for (uint16_t i = 1; i < LISTENERS_CAPACITY; i++)
        add_port(*state, i, 1);
    add_port(*state, 60000, 99999);
    end_sample(*state, 2);
    assert_int_equal(listeners_count_untracked(*state), 0);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_row(&row, 60000, 99999, 128, 99999);
}

static void test_a_sample_that_is_not_ended_keeps_untracked(void **state)
{
    sample_of_ports(*state, 0, LISTENERS_CAPACITY + 5, 0);
    assert_int_equal(listeners_count_untracked(*state), 5);
    listeners_begin(*state);
    assert_int_equal(listeners_count_untracked(*state), 5);
    for (uint16_t i = 0; i < LISTENERS_CAPACITY + 9; i++)
        add_port(*state, i, 1);
    assert_int_equal(listeners_count_untracked(*state), 5);
}

/* The model: every possible listener, with all observations since it appeared. */
enum { MODEL_KEYS = 300, MODEL_SAMPLES = 200 };

struct model_listener {
    struct socket_record key;
    uint64_t length, limit; /* of the last sample */
    struct {
        int64_t at;
        uint64_t length;
    } seen[MODEL_SAMPLES];
    size_t seen_count; /* 0: not there */
};

static void model_init(struct model_listener *model, struct seeded *random)
{
    for (uint32_t i = 0; i < MODEL_KEYS; i++) {
        enum ip_family family = (enum ip_family)(i % 2);
        model[i] = (struct model_listener){.key = {.state = TCP_STATE_LISTEN, .family = family}};
        model[i].key.local_port = (uint16_t)(i / 2 % 50); /* few ports and addresses: they clash */
        model[i].key.local_address.word[0] = htonl(i / 100);
        if (family == IP_FAMILY_IPV6)
            model[i].key.local_address.word[3] = (uint32_t)seeded_bits(random);
    }
}

static uint64_t model_peak(const struct model_listener *listener, int64_t now)
{
    uint64_t peak = 0;
    for (size_t i = 0; i < listener->seen_count; i++) {
        if (now - listener->seen[i].at <= window && listener->seen[i].length > peak)
            peak = listener->seen[i].length;
    }
    return peak;
}

/* The fuller of a queue and that of `socket`; if equally full, the shorter. Shares of such small
 * numbers differ by more than the error of a double, or not at all. */
static void model_fill(uint64_t *length, uint64_t *limit, const struct socket_record *socket)
{
    double share = (double)*length / ((double)*limit + 1);
    double other = (double)socket->receive_queue / ((double)socket->send_queue + 1);
    bool same = fabs(share - other) < 1e-9;
    if (same ? socket->send_queue < *limit : other > share) {
        *length = socket->receive_queue;
        *limit = socket->send_queue;
    }
}

/* A sample in which each listener randomly has one or several sockets or none. */
static void random_sample(struct listeners *listeners, struct model_listener *model,
                          struct seeded *random, int64_t now, bool ended)
{
    int64_t percent = seeded_between(random, 0, 100);
    listeners_begin(listeners);
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        bool present = seeded_between(random, 0, 99) < percent;
        uint64_t length = 0, limit = UINT64_MAX;
        for (int64_t n = present ? seeded_between(random, 1, 3) : 0; n > 0; n--) {
            model[i].key.receive_queue = (uint32_t)seeded_between(random, 0, 20);
            model[i].key.send_queue = (uint32_t)seeded_between(random, 0, 20);
            model_fill(&length, &limit, &model[i].key);
            listeners_add(listeners, &model[i].key);
        }
        if (!ended)
            continue;
        model[i].length = length;
        model[i].limit = limit;
        model[i].seen[model[i].seen_count].at = now;
        model[i].seen[model[i].seen_count].length = length;
        model[i].seen_count = present ? model[i].seen_count + 1 : 0;
    }
    if (ended)
        end_sample(listeners, now);
}

static const struct model_listener *model_find(const struct model_listener *model,
                                               const struct listener_row *row)
{
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        if (model[i].seen_count > 0 && model[i].key.family == row->family &&
            model[i].key.local_port == row->port &&
            memcmp(&model[i].key.local_address, &row->address, sizeof row->address) == 0)
            return &model[i];
    }
    fail_msg("a listener that does not exist, on port %u", row->port);
    return NULL;
}

static int compare_keys(const struct listener_row *a, const struct listener_row *b)
{
    if (a->family != b->family)
        return (int)a->family - (int)b->family;
    int order = memcmp(&a->address, &b->address, sizeof a->address);
    return order ? order : (int)a->port - (int)b->port;
}

static bool has_row(const struct listener_row *rows, size_t count, const struct socket_record *key)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].family == key->family && rows[i].port == key->local_port &&
            memcmp(&rows[i].address, &key->local_address, sizeof key->local_address) == 0)
            return true;
    }
    return false;
}

/* The rows are correct and in order, and no clearly busier listener is missing: by more than a
 * quarter and one, the advantage of a listener that was shown before. */
static void compare_with_model(struct listeners *listeners, const struct model_listener *model,
                               size_t top, int64_t now)
{
    struct listener_row rows[MODEL_KEYS + 1];
    size_t count = top_of(listeners, rows, top), there = 0;
    uint64_t least_peak = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct model_listener *listener = model_find(model, &rows[i]);
        assert_row(&rows[i], listener->key.local_port, listener->length, listener->limit,
                   model_peak(listener, now));
        assert_true(i == 0 || compare_keys(&rows[i - 1], &rows[i]) < 0);
        if (rows[i].queue_peak < least_peak)
            least_peak = rows[i].queue_peak;
    }
    for (size_t i = 0; i < MODEL_KEYS; i++) {
        there += model[i].seen_count > 0;
        if (count > 0 && model[i].seen_count > 0 && !has_row(rows, count, &model[i].key))
            assert_true(model_peak(&model[i], now) <= least_peak + least_peak / 4 + 1);
    }
    assert_int_equal(count, there < top ? there : top);
    assert_int_equal(listeners_count_untracked(listeners), 0);
}

static void test_random_listeners_agree_with_a_naive_model(void **state)
{
    static struct model_listener model[MODEL_KEYS];
    struct seeded random = seeded_start();
    int64_t now = 0, ended_at = 0;
    model_init(model, &random);
    for (int sample = 0; sample < MODEL_SAMPLES; sample++) {
        bool ended = seeded_between(&random, 0, 4) > 0;
        now += seeded_between(&random, 0, 20);
        random_sample(*state, model, &random, now, ended);
        if (ended)
            ended_at = now; /* peaks refer to this time */
        compare_with_model(*state, model, (size_t)seeded_between(&random, 0, 20), ended_at);
        compare_with_model(*state, model, MODEL_KEYS + 1, ended_at);
    }
}

/* A connection that a listener at `address` and `port` may have accepted. */
static bool add_connection(struct listeners *listeners, enum ip_family family, const char *address,
                           uint16_t port, enum tcp_state s)
{
    const struct socket_record record = {.state = s,
                                         .family = family,
                                         .local_address = address_of(family, address),
                                         .local_port = port,
                                         .remote_port = 50000};
    return listeners_add_connection(listeners, &record);
}

static void add_listener(struct listeners *listeners, enum ip_family family, const char *address,
                         uint16_t port)
{
    const struct socket_record record = listening(family, address, port, 0, 128);
    listeners_add(listeners, &record);
}

/* Sockets that share a port accept IPv4 if one of them does. */
static void test_an_ipv6_only_listener_has_no_ipv4_connections(void **state)
{
    struct socket_record record = listening(IP_FAMILY_IPV6, "::", 80, 0, 128);
    for (int sample = 0; sample < 3; sample++) {
        listeners_begin(*state);
        for (int i = 0; i < 2; i++) {
            record.ipv6_only = sample == 0 || (sample == 1 && i == 1);
            listeners_add(*state, &record);
        }
        assert_int_equal(
            add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 80, TCP_STATE_ESTABLISHED),
            sample > 0);
        assert_true(add_connection(*state, IP_FAMILY_IPV6, "::1", 80, TCP_STATE_ESTABLISHED));
        listeners_end(*state, 0, true);
    }
}

static void test_a_connection_is_its_listeners_exact_address_first(void **state)
{
    struct listener_row rows[4], rest;
    listeners_begin(*state);
    add_listener(*state, IP_FAMILY_IPV4, "0.0.0.0", 80);
    add_listener(*state, IP_FAMILY_IPV4, "192.0.2.1", 80);
    add_listener(*state, IP_FAMILY_IPV6, "::", 81);
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 80, TCP_STATE_ESTABLISHED));
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.2", 80, TCP_STATE_TIME_WAIT));
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.2", 81, TCP_STATE_CLOSE_WAIT));
    assert_true(add_connection(*state, IP_FAMILY_IPV6, "2001:db8::1", 81, TCP_STATE_SYN_RECV));
    assert_false(add_connection(*state, IP_FAMILY_IPV6, "2001:db8::1", 80, TCP_STATE_ESTABLISHED));
    assert_false(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 82, TCP_STATE_ESTABLISHED));
    listeners_end(*state, 0, true);

    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 4, &rest), 3);
    assert_int_equal(rows[0].sockets[TCP_STATE_TIME_WAIT], 1);   /* 0.0.0.0:80 */
    assert_int_equal(rows[1].sockets[TCP_STATE_ESTABLISHED], 1); /* 192.0.2.1:80 */
    assert_int_equal(rows[1].sockets[TCP_STATE_TIME_WAIT], 0);
    assert_int_equal(rows[2].sockets[TCP_STATE_CLOSE_WAIT], 1); /* [::]:81 */
    assert_int_equal(rows[2].sockets[TCP_STATE_SYN_RECV], 1);
}

static void test_connections_of_untracked_listeners_are_in_the_rest(void **state)
{
    struct listener_row row, rest;
    listeners_begin(*state);
    for (uint16_t i = 0; i < LISTENERS_CAPACITY; i++)
        add_port(*state, i, 1);
    add_port(*state, 60000, 1);
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 60000, TCP_STATE_ESTABLISHED));
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 5, TCP_STATE_TIME_WAIT));
    assert_false(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 60001, TCP_STATE_ESTABLISHED));
    listeners_end(*state, 0, true);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, &rest), 1);
    assert_int_equal(row.port, 5);
    assert_int_equal(rest.sockets[TCP_STATE_ESTABLISHED], 1);
    assert_int_equal(rest.sockets[TCP_STATE_TIME_WAIT], 0);
}

static void test_a_listener_of_an_earlier_sample_takes_no_connection(void **state)
{
    sample_of_port(*state, 80, 0, 0);
    listeners_begin(*state);
    assert_false(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 80, TCP_STATE_ESTABLISHED));
}

static void test_a_sample_without_connections_keeps_those_of_the_last(void **state)
{
    struct listener_row row, rest;
    listeners_begin(*state);
    add_port(*state, 80, 0);
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 80, TCP_STATE_ESTABLISHED));
    listeners_end(*state, 0, true);
    sample_of_port(*state, 80, 0, 1);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, &rest), 1);
    assert_int_equal(row.sockets[TCP_STATE_ESTABLISHED], 1);
}

/* Ports 1 to `count`, with the numbers of `connections`. */
static void sample_of_connections(struct listeners *listeners, const unsigned *connections,
                                  uint16_t count, int64_t now)
{
    listeners_begin(listeners);
    for (uint16_t port = 1; port <= count; port++)
        add_port(listeners, port, 0);
    for (uint16_t port = 1; port <= count; port++) {
        for (unsigned i = 0; i < connections[port - 1]; i++)
            add_connection(listeners, IP_FAMILY_IPV4, "192.0.2.1", port, TCP_STATE_ESTABLISHED);
    }
    listeners_end(listeners, now, true);
}

static void test_the_rest_is_the_sum_of_the_others(void **state)
{
    struct listener_row rows[2], rest;
    sample_of_connections(*state, (const unsigned[]){1, 20, 3, 40, 5}, 5, 0);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 2, &rest), 2);
    assert_int_equal(rows[0].port, 2);
    assert_int_equal(rows[1].port, 4);
    assert_int_equal(rest.sockets[TCP_STATE_ESTABLISHED], 1 + 3 + 5);
    assert_row(&rest, 0, 0, 0, 0);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 0, &rest), 0);
    assert_int_equal(rest.sockets[TCP_STATE_ESTABLISHED], 69);
}

static void test_names_are_stable(void **state)
{
    struct listener_row row, rest;
    sample_of_connections(*state, (const unsigned[]){100, 90}, 2, 0);
    listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, &rest);
    assert_int_equal(row.port, 1);
    for (int64_t turn = 1; turn < 10; turn++) { /* the two lead in turn, by a little */
        sample_of_connections(
            *state, turn % 2 ? (const unsigned[]){90, 100} : (const unsigned[]){100, 90}, 2, turn);
        listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, &rest);
        assert_int_equal(row.port, 1);
    }
    sample_of_connections(*state, (const unsigned[]){100, 200}, 2, 20); /* clearly */
    listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, &rest);
    assert_int_equal(row.port, 2);
}

static void test_named_are_those_of_either_ranking(void **state)
{
    struct listener_row rows[4], rest;
    listeners_begin(*state);
    for (uint16_t port = 1; port <= 5; port++)
        add_port(*state, port, port == 4 ? 7 : 0);
    add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 2, TCP_STATE_SYN_RECV);
    listeners_end(*state, 0, true);
    assert_int_equal(listeners_list_picked(*state, rows), 0);

    listeners_pick_top(*state, LISTENERS_BY_QUEUE, rows, 1, NULL);
    assert_int_equal(listeners_list_picked(*state, rows), 1);
    listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 1, &rest);
    assert_int_equal(listeners_list_picked(*state, rows), 2);
    assert_row(&rows[0], 2, 0, 128, 0);
    assert_row(&rows[1], 4, 7, 128, 7);
    assert_int_equal(rows[0].sockets[TCP_STATE_SYN_RECV], 1);
}

/* Ports that randomly have a queue, connections, both or none. */
static void random_ports(struct listeners *listeners, struct seeded *random, int64_t now)
{
    listeners_begin(listeners);
    for (uint16_t port = 1; port <= 50; port++)
        add_port(listeners, port, (uint32_t)seeded_between(random, 0, 20));
    for (int i = 0; i < 500; i++)
        add_connection(listeners, IP_FAMILY_IPV4, "192.0.2.1",
                       (uint16_t)seeded_between(random, 1, 50), TCP_STATE_ESTABLISHED);
    listeners_end(listeners, now, true);
}

static void test_named_are_both_tops_each_once_and_in_order(void **state)
{
    struct seeded random = seeded_start();
    struct listener_row rows[LISTENER_RANKINGS][20], named[LISTENER_RANKINGS * 20];
    for (int64_t now = 0; now < 200; now++) {
        random_ports(*state, &random, now);
        size_t top = (size_t)seeded_between(&random, 0, 20);
        bool expected[51] = {false};
        for (int i = 0; i < LISTENER_RANKINGS; i++) {
            size_t count = listeners_pick_top(*state, (enum listener_ranking)i, rows[i], top, NULL);
            for (size_t row = 0; row < count; row++)
                expected[rows[i][row].port] = true;
        }
        size_t count = listeners_list_picked(*state, named), row = 0;
        assert_true(count <= LISTENER_RANKINGS * top);
        for (uint16_t port = 1; port <= 50; port++) {
            if (expected[port])
                assert_int_equal(named[row++].port, port);
        }
        assert_int_equal(row, count);
    }
}

/* One socket of the listener on `port`. */
struct dropper {
    uint16_t port;
    uint64_t cookie;
    uint32_t drops;
};

/* A count sample of these sockets, which ends if it is to. */
static void sample_of_droppers(struct listeners *listeners, const struct dropper *droppers,
                               size_t count, int64_t now, bool ended)
{
    listeners_begin(listeners);
    for (size_t i = 0; i < count; i++) {
        struct socket_record record =
            listening(IP_FAMILY_IPV4, "0.0.0.0", droppers[i].port, 0, 128);
        record.cookie = droppers[i].cookie;
        record.drops = droppers[i].drops;
        listeners_add(listeners, &record);
        listeners_add_drops(listeners, &record);
    }
    if (!ended)
        return;
    listeners_end_drops(listeners);
    end_sample(listeners, now);
}

static uint64_t drops_of(struct listeners *listeners, uint16_t port)
{
    static struct listener_row rows[LISTENERS_CAPACITY];
    size_t count = top_of(listeners, rows, LISTENERS_CAPACITY);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].port == port)
            return rows[i].drops;
    }
    return UINT64_MAX;
}

#define SAMPLE(now, ...)                                                                           \
    sample_of_droppers(*state, (const struct dropper[]){__VA_ARGS__},                              \
                       sizeof(struct dropper[]){__VA_ARGS__} / sizeof(struct dropper), now, true)

static void test_the_drops_of_each_listener_grow_from_0(void **state)
{
    SAMPLE(0, {80, 1, 500}, {443, 2, 0});
    assert_int_equal(drops_of(*state, 80), 0);
    SAMPLE(1, {80, 1, 507}, {443, 2, 3});
    assert_int_equal(drops_of(*state, 80), 7);
    assert_int_equal(drops_of(*state, 443), 3);
    SAMPLE(2, {80, 1, 507}, {443, 2, 3});
    assert_int_equal(drops_of(*state, 80), 7);
}

static void test_drops_outlive_a_socket_that_shares_the_port(void **state)
{
    SAMPLE(0, {80, 1, 0}, {80, 2, 0});
    SAMPLE(1, {80, 1, 4}, {80, 2, 6});
    assert_int_equal(drops_of(*state, 80), 10);
    SAMPLE(2, {80, 2, 6}); /* the first one is closed */
    assert_int_equal(drops_of(*state, 80), 10);
    SAMPLE(3, {80, 2, 7}, {80, 3, 1}); /* a new one */
    assert_int_equal(drops_of(*state, 80), 12);
}

static void test_drops_outlive_a_restart(void **state)
{
    SAMPLE(0, {80, 1, 0}, {443, 9, 0});
    SAMPLE(1, {80, 1, 4}, {443, 9, 0});
    SAMPLE(2, {443, 9, 0});
    assert_int_equal(drops_of(*state, 80), UINT64_MAX);
    SAMPLE(3, {443, 9, 0});
    SAMPLE(4, {80, 2, 3}, {443, 9, 0});
    assert_int_equal(drops_of(*state, 80), 7);
}

/* Without a listener at the start, the first one is new. */
static void test_a_sample_of_nothing_is_a_base(void **state)
{
    sample_of_droppers(*state, NULL, 0, 0, true);
    SAMPLE(1, {80, 1, 5});
    assert_int_equal(drops_of(*state, 80), 5);
}

static void test_a_sample_without_drops_leaves_them(void **state)
{
    SAMPLE(0, {80, 1, 0});
    SAMPLE(1, {80, 1, 5});
    sample_of_port(*state, 80, 0, 2); /* of ports, or in detail */
    assert_int_equal(drops_of(*state, 80), 5);
    SAMPLE(3, {80, 1, 6});
    assert_int_equal(drops_of(*state, 80), 6);
}

static void test_the_drops_of_a_sample_that_is_not_ended_are_not_lost(void **state)
{
    const struct dropper dropper = {80, 1, 5};
    SAMPLE(0, {80, 1, 0});
    sample_of_droppers(*state, &dropper, 1, 1, false);
    assert_int_equal(drops_of(*state, 80), 0);
    SAMPLE(2, {80, 1, 6});
    assert_int_equal(drops_of(*state, 80), 6);
}

static void test_the_gone_are_forgotten_while_the_table_is_crowded(void **state)
{
    enum { HALF = LISTENERS_CAPACITY / 2 };
    SAMPLE(0, {1, 1, 0});
    SAMPLE(1, {1, 1, 5});
    sample_of_ports(*state, 2, HALF - 1, 2); /* with port 1, half of the table */
    sample_of_ports(*state, 2, HALF - 1, 3);
    SAMPLE(4, {1, 2, 1});
    assert_int_equal(drops_of(*state, 1), 6);
    sample_of_ports(*state, 2, HALF, 5); /* one more than half */
    SAMPLE(6, {1, 3, 1});
    assert_int_equal(drops_of(*state, 1), 1);
}

/* 2,048 listeners can move to other ports at once. */
static void test_the_gone_leave_room_for_others(void **state)
{
    enum { HALF = LISTENERS_CAPACITY / 2 };
    for (int64_t now = 0; now < 10; now++) {
        sample_of_ports(*state, (uint16_t)(1 + now * HALF), HALF, now);
        assert_int_equal(listeners_count_untracked(*state), 0);
    }
}

static void test_a_gone_listener_has_no_connections(void **state)
{
    struct listener_row rows[1], rest;
    listeners_begin(*state);
    add_listener(*state, IP_FAMILY_IPV4, "0.0.0.0", 80);
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 80, TCP_STATE_CLOSE_WAIT));
    listeners_end(*state, 0, true);
    sample_of_port(*state, 443, 0, 1);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 1, &rest), 1);
    assert_int_equal(rest.sockets[TCP_STATE_CLOSE_WAIT], 0);
    listeners_begin(*state);
    add_port(*state, 80, 0);
    end_sample(*state, 2);
    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, rows, 1, &rest), 1);
    assert_int_equal(rows[0].port, 80);
    assert_int_equal(rows[0].sockets[TCP_STATE_CLOSE_WAIT], 0);
}

static void test_who_drops_is_named_first(void **state)
{
    struct listener_row row;
    const struct dropper base[] = {{80, 1, 0}, {443, 2, 0}};
    sample_of_droppers(*state, base, 2, 1, true);
    listeners_begin(*state);
    add_port(*state, 443, UINT32_MAX); /* as full as can be */
    struct socket_record record = listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 0, 128);
    record.cookie = 1;
    record.drops = 1;
    listeners_add(*state, &record);
    listeners_add_drops(*state, &record);
    listeners_end_drops(*state);
    end_sample(*state, 2);
    assert_int_equal(top_of(*state, &row, 1), 1);
    assert_int_equal(row.port, 80);
    assert_true(row.dropping);

    assert_int_equal(listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, NULL), 1);
    assert_int_equal(row.port, 80); /* equally busy: by port */
    listeners_begin(*state);
    add_listener(*state, IP_FAMILY_IPV4, "0.0.0.0", 80);
    add_listener(*state, IP_FAMILY_IPV4, "0.0.0.0", 443);
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 443, TCP_STATE_ESTABLISHED));
    assert_true(add_connection(*state, IP_FAMILY_IPV4, "192.0.2.1", 443, TCP_STATE_ESTABLISHED));
    listeners_end(*state, 2, true);
    listeners_pick_top(*state, LISTENERS_BY_SOCKETS, &row, 1, NULL);
    assert_int_equal(row.port, 443); /* drops are no connections */

    const struct dropper later[] = {{80, 1, 1}, {443, 2, 0}};
    sample_of_droppers(*state, later, 2, 2 + window, true);
    top_of(*state, &row, 1);
    assert_int_equal(row.port, 80); /* still within the window */
    assert_true(row.dropping);
    sample_of_droppers(*state, later, 2, 3 + window, true);
    struct listener_row rows[2];
    assert_int_equal(top_of(*state, rows, 2), 2);
    assert_false(rows[0].dropping || rows[1].dropping);
    listeners_begin(*state);
    add_port(*state, 80, 0);
    add_port(*state, 443, 100);
    end_sample(*state, 4 + window);
    top_of(*state, &row, 1);
    assert_int_equal(row.port, 443);
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, create, destroy)

static void test_the_cgroup_is_that_of_all_sockets_or_none(void **state)
{
    struct listeners *listeners = *state;
    struct listener_row row;
    struct socket_record record = listening(IP_FAMILY_IPV4, "0.0.0.0", 80, 0, 128);
    static const uint64_t cgroups[][3] = {{7, 7, 7}, {7, 8, 8}, {7, 8, 7}, {7, 7, 8}, {9, 9, 9}};
    static const uint64_t expected[] = {7, 0, 0, 0, 9};
    for (int64_t turn = 0; turn < 5; turn++) {
        listeners_begin(listeners);
        for (size_t i = 0; i < 3; i++) {
            record.cgroup = cgroups[turn][i];
            listeners_add(listeners, &record);
        }
        end_sample(listeners, turn + 1);
        assert_int_equal(top_of(listeners, &row, 1), 1);
        assert_int_equal(row.cgroup, expected[turn]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_table(test_a_new_table_is_empty),
        with_table(test_a_connection_is_its_listeners_exact_address_first),
        with_table(test_an_ipv6_only_listener_has_no_ipv4_connections),
        with_table(test_connections_of_untracked_listeners_are_in_the_rest),
        with_table(test_a_listener_of_an_earlier_sample_takes_no_connection),
        with_table(test_a_sample_without_connections_keeps_those_of_the_last),
        with_table(test_the_rest_is_the_sum_of_the_others),
        with_table(test_names_are_stable),
        with_table(test_named_are_those_of_either_ranking),
        with_table(test_named_are_both_tops_each_once_and_in_order),
        with_table(test_a_listener_has_its_queue),
        with_table(test_sockets_that_share_address_and_port_are_one_listener),
        with_table(test_the_fullest_is_relative_to_its_limit),
        with_table(test_one_connection_more_than_the_limit_may_wait),
        with_table(test_the_peak_is_that_of_the_fullest),
        with_table(test_each_sample_replaces_the_last),
        with_table(test_family_address_and_port_identify_a_listener),
        with_table(test_a_listener_that_is_not_added_vanishes),
        with_table(test_a_listener_that_returns_starts_without_a_peak),
        with_table(test_a_peak_outlives_its_queue_by_the_window),
        with_table(test_a_peak_survives_when_others_vanish),
        with_table(test_a_sample_that_is_not_ended_changes_no_listener),
        with_table(test_top_takes_the_highest_peaks),
        with_table(test_top_uses_the_peak_not_the_length),
        with_table(test_top_is_ordered_by_address_and_port),
        with_table(test_top_of_none_is_empty),
        with_table(test_a_full_table_tracks_up_to_its_capacity),
        cmocka_unit_test(test_a_full_table_finds_all_for_any_seed),
        with_table(test_sockets_beyond_the_capacity_are_untracked),
        with_table(test_an_untracked_listener_gets_the_place_of_a_vanished_one),
        with_table(test_a_sample_that_is_not_ended_keeps_untracked),
        with_table(test_random_listeners_agree_with_a_naive_model),
        with_table(test_the_drops_of_each_listener_grow_from_0),
        with_table(test_drops_outlive_a_socket_that_shares_the_port),
        with_table(test_drops_outlive_a_restart),
        with_table(test_a_sample_of_nothing_is_a_base),
        with_table(test_a_sample_without_drops_leaves_them),
        with_table(test_the_drops_of_a_sample_that_is_not_ended_are_not_lost),
        with_table(test_the_gone_are_forgotten_while_the_table_is_crowded),
        with_table(test_the_gone_leave_room_for_others),
        with_table(test_a_gone_listener_has_no_connections),
        with_table(test_who_drops_is_named_first),
        with_table(test_the_cgroup_is_that_of_all_sockets_or_none),
    };
    return cmocka_run_group_tests_name("listeners", tests, NULL, NULL);
}
