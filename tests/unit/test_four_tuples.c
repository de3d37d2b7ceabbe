// SPDX-License-Identifier: Apache-2.0
/*
 * Ports that UDP sockets share: each is one port towards its destination, as it is one for bind().
 */
#include "measure/four_tuples.h"
#include "measure/port_usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { LOW = 1000, HIGH = 1099 };

static const struct port_settings settings = {.low = LOW, .high = HIGH};

static struct socket_record connected(uint16_t port)
{
    return (struct socket_record){.state = TCP_STATE_ESTABLISHED,
                                  .local_address = {{1}},
                                  .remote_address = {{2}},
                                  .local_port = port,
                                  .remote_port = 53};
}

static void test_only_the_first_of_each_is_new(void **state)
{
    (void)state;
    struct four_tuples *tuples = four_tuples_create();
    assert_non_null(tuples);
    struct socket_record records[7];
    for (size_t i = 0; i < 7; i++)
        records[i] = connected(LOW);
    records[1].local_port++;
    records[2].remote_port++;
    records[3].local_address.word[3] = 1;
    records[4].remote_address.word[3] = 1;
    records[5].interface = 1;
    records[6].family = IP_FAMILY_IPV6;
    for (int twice = 0; twice < 2; twice++) {
        for (size_t i = 0; i < 7; i++)
            assert_true(four_tuples_add(tuples, &records[i]));
        for (size_t i = 0; i < 7; i++)
            assert_false(four_tuples_add(tuples, &records[i]));
        four_tuples_clear(tuples);
    }
    four_tuples_destroy(tuples);
}

static void test_beyond_the_capacity_each_is_new(void **state)
{
    (void)state;
    struct four_tuples *tuples = four_tuples_create();
    assert_non_null(tuples);
    for (int turn = 0; turn < 4; turn++) {
        bool known = turn % 2;
        if (!known)
            four_tuples_clear(tuples);
        for (uint32_t i = 0; i <= FOUR_TUPLES_CAPACITY; i++) {
            struct socket_record record = connected((uint16_t)i);
            assert_int_equal(four_tuples_add(tuples, &record), !known || i == FOUR_TUPLES_CAPACITY);
        }
    }
    four_tuples_destroy(tuples);
}

static void test_sockets_that_share_a_port_are_one_port(void **state)
{
    (void)state;
    struct port_usage *usage = port_usage_create(true);
    assert_non_null(usage);
    for (int sample = 0; sample < 2; sample++) {
        port_usage_begin(usage, &settings);
        for (int i = 0; i < 4; i++) {
            struct socket_record record = connected(LOW);
            port_usage_add_sharer(usage, &record);
            record.remote_port = 0; /* not connected: it has no destination */
            port_usage_add_sharer(usage, &record);
        }
        struct port_summary summary = port_usage_summarize(usage);
        assert_int_equal(summary.used, 1);
        assert_int_equal(summary.fullest, 1);
        assert_int_equal(summary.destinations, 1);
        for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
            assert_true(summary.utilization[scope] == 0.01);
    }
    port_usage_destroy(usage);
}

/* Of TCP the kernel has only one of each: nothing is looked up. */
static void test_holders_are_not_looked_up(void **state)
{
    (void)state;
    struct port_usage *usage = port_usage_create(true);
    assert_non_null(usage);
    port_usage_begin(usage, &settings);
    struct socket_record record = connected(LOW);
    for (int i = 0; i < 4; i++)
        port_usage_add_holder(usage, &record);
    assert_int_equal(port_usage_summarize(usage).fullest, 4);
    port_usage_destroy(usage);
}

static void test_without_destinations_ports_still_count(void **state)
{
    (void)state;
    struct port_usage *usage = port_usage_create(false);
    assert_non_null(usage);
    port_usage_begin(usage, &settings);
    struct socket_record record = connected(LOW);
    port_usage_add_sharer(usage, &record);
    assert_int_equal(port_usage_summarize(usage).used, 1);
    assert_int_equal(port_usage_summarize(usage).destinations, 0);
    port_usage_destroy(usage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_first_of_each_is_new),
        cmocka_unit_test(test_beyond_the_capacity_each_is_new),
        cmocka_unit_test(test_sockets_that_share_a_port_are_one_port),
        cmocka_unit_test(test_holders_are_not_looked_up),
        cmocka_unit_test(test_without_destinations_ports_still_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
