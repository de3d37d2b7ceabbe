// SPDX-License-Identifier: Apache-2.0
/*
 * The arithmetic of ephemeral ports; tests/integration/test_ports.c compares it with the kernel.
 */
#include "measure/port_usage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LOW = 1000, HIGH = 1099 };

static const struct port_settings settings = {.low = LOW, .high = HIGH};

static int set_up(void **state)
{
    struct port_usage *usage = port_usage_create(true);
    *state = usage;
    if (usage)
        port_usage_begin(usage, &settings);
    return usage ? 0 : -1;
}

static int tear_down(void **state)
{
    port_usage_destroy(*state);
    return 0;
}

/* A socket on local address `local` (0: any) towards destination `remote` (0: none). */
static void hold(struct port_usage *usage, enum ip_family family, uint32_t local, uint32_t remote,
                 uint16_t port)
{
    struct socket_record record = {.state = TCP_STATE_ESTABLISHED,
                                   .family = family,
                                   .local_port = port,
                                   .remote_port = remote ? 80 : 0};
    record.local_address.word[0] = local;
    record.remote_address.word[0] = remote;
    port_usage_add_holder(usage, &record);
}

/* A listener or a bound-only socket on local address `local`. */
static struct socket_record owner(uint32_t local, uint16_t port)
{
    return (struct socket_record){.state = TCP_STATE_BOUND_INACTIVE,
                                  .family = IP_FAMILY_IPV4,
                                  .local_address = {{local}},
                                  .local_port = port};
}

static void own(struct port_usage *usage, uint32_t local, uint16_t port)
{
    struct socket_record record = owner(local, port);
    port_usage_add_owner(usage, &record);
}

static void presume(struct port_usage *usage, uint32_t local, uint16_t port)
{
    struct socket_record record = owner(local, port);
    port_usage_add_former_owner(usage, &record);
}

static double utilization(struct port_usage *usage, enum port_scope scope)
{
    return port_usage_summarize(usage).utilization[scope];
}

static void test_ports_outside_of_the_range_do_not_count(void **state)
{
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW - 1);
    hold(*state, IP_FAMILY_IPV4, 1, 2, HIGH + 1);
    own(*state, 9, HIGH + 1);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.used, 0);
    assert_int_equal(summary.owned, 0);
    assert_int_equal(summary.usable, 100);
    assert_int_equal(summary.destinations, 0);
}

static void test_no_port_is_subtracted_twice(void **state)
{
    struct port_settings reserving = settings;
    port_set_add_range(&reserving.reserved, 900, 1009); /* ten of them in the range */
    port_usage_begin(*state, &reserving);
    own(*state, 9, 1005); /* reserved */
    own(*state, 9, 1050);
    own(*state, 9, 1050); /* another socket on it */
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.range, 100);
    assert_int_equal(summary.reserved, 10);
    assert_int_equal(summary.owned, 2);
    assert_int_equal(summary.usable, 89);
}

/* For bind() an owned port counts as used: on its address, and for the wildcard. */
static void test_owned_ports_count_for_bind(void **state)
{
    for (uint16_t port = LOW; port < LOW + 30; port++)
        own(*state, 1, port);
    for (uint16_t port = LOW + 20; port < LOW + 40; port++)
        own(*state, 2, port); /* ten of them are owned on both */
    hold(*state, IP_FAMILY_IPV4, 1, 3, LOW + 50);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.31);
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 0.41);
    assert_true(utilization(*state, PORT_SCOPE_DESTINATION) == 1.0 / 60);
    assert_int_equal(port_usage_summarize(*state).used, 1);
}

static void test_a_former_owner_that_connected_is_a_holder(void **state)
{
    presume(*state, 1, LOW);
    presume(*state, 1, LOW + 1);
    assert_int_equal(port_usage_summarize(*state).owned, 2);
    assert_int_equal(port_usage_summarize(*state).usable, 98);
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.owned, 1);
    assert_int_equal(summary.usable, 99);
    assert_int_equal(summary.used, 1);
    assert_true(summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] == 0.02);
}

static void test_a_sure_owner_stays_one(void **state)
{
    presume(*state, 1, LOW);
    own(*state, 2, LOW); /* a listener has it now */
    own(*state, 2, LOW + 1);
    presume(*state, 1, LOW + 1);
    hold(*state, IP_FAMILY_IPV4, 3, 2, LOW);
    hold(*state, IP_FAMILY_IPV4, 3, 2, LOW + 1);
    assert_int_equal(port_usage_summarize(*state).owned, 2);
    assert_int_equal(port_usage_summarize(*state).used, 0);
}

static void test_a_former_owner_of_a_reserved_port_frees_none(void **state)
{
    struct port_settings reserving = settings;
    port_set_add(&reserving.reserved, LOW);
    port_usage_begin(*state, &reserving);
    presume(*state, 1, LOW);
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW);
    assert_int_equal(port_usage_summarize(*state).usable, 99);
    assert_int_equal(port_usage_summarize(*state).used, 0);
}

static void test_the_scopes_differ(void **state)
{
    for (uint16_t port = LOW; port < LOW + 30; port++)
        hold(*state, IP_FAMILY_IPV4, 1, 2, port); /* address 1 to destination 2: 30 */
    for (uint16_t port = LOW + 20; port < LOW + 60; port++)
        hold(*state, IP_FAMILY_IPV4, 1, 3, port); /* address 1 to 3: 40; address 1: 60 */
    for (uint16_t port = LOW + 50; port < LOW + 70; port++)
        hold(*state, IP_FAMILY_IPV4, 4, 2, port); /* address 4: 20; all: 70 */
    assert_true(utilization(*state, PORT_SCOPE_DESTINATION) == 0.4);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.6);
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 0.7);
    assert_int_equal(port_usage_summarize(*state).used, 70);
    assert_int_equal(port_usage_summarize(*state).destinations, 3);
}

static void test_the_any_address_counts_for_each(void **state)
{
    for (uint16_t port = LOW; port < LOW + 10; port++)
        hold(*state, IP_FAMILY_IPV6, 0, 0, port); /* ::, which accepts IPv4 too */
    for (uint16_t port = LOW + 10; port < LOW + 15; port++)
        hold(*state, IP_FAMILY_IPV4, 0, 0, port); /* 0.0.0.0 */
    hold(*state, IP_FAMILY_IPV6, 7, 0, LOW + 20);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.15);
    hold(*state, IP_FAMILY_IPV4, 7, 0, LOW + 21);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.16);
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 0.17);
    assert_int_equal(port_usage_summarize(*state).destinations, 0); /* no socket has a peer */
}

static void test_an_address_with_one_word_is_not_any(void **state)
{
    for (unsigned word = 0; word < 4; word++) {
        struct socket_record record = {.state = TCP_STATE_ESTABLISHED,
                                       .family = IP_FAMILY_IPV6,
                                       .local_port = (uint16_t)(LOW + word)};
        record.local_address.word[word] = 1;
        port_usage_add_holder(*state, &record);
    }
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.01);
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 0.04);
}

static void test_addresses_of_the_two_families_are_apart(void **state)
{
    for (uint16_t port = LOW; port < LOW + 10; port++) {
        hold(*state, IP_FAMILY_IPV4, 5, 6, port);
        hold(*state, IP_FAMILY_IPV6, 5, 6, (uint16_t)(port + 10));
    }
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.1);
    assert_int_equal(port_usage_summarize(*state).destinations, 2);
}

/* A listener on local address `local` (0: any) and the interface. */
static void own_on(struct port_usage *usage, enum ip_family family, uint32_t interface,
                   uint32_t local, uint16_t port)
{
    struct socket_record record = owner(local, port);
    record.family = family;
    record.interface = interface;
    port_usage_add_owner(usage, &record);
}

/* bind() on an interface meets the sockets of the address and of the wildcard, there and on none.
 */
static void test_sockets_of_no_interface_count_on_each(void **state)
{
    own_on(*state, IP_FAMILY_IPV4, 7, 1, LOW);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.01);
    own_on(*state, IP_FAMILY_IPV4, 0, 1, LOW + 1);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.02);
    own_on(*state, IP_FAMILY_IPV4, 7, 0, LOW + 2);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.03);
    own_on(*state, IP_FAMILY_IPV6, 7, 0, LOW + 3);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.04);
    own_on(*state, IP_FAMILY_IPV4, 0, 0, LOW + 4);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.05);
    own_on(*state, IP_FAMILY_IPV6, 7, 1, LOW + 5); /* of the other family */
    own_on(*state, IP_FAMILY_IPV4, 0, 2, LOW + 6); /* another address */
    own_on(*state, IP_FAMILY_IPV4, 7, 2, LOW + 6);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.05);
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 0.07);
}

/* bind() on no interface meets those of all. */
static void test_sockets_of_two_interfaces_are_apart_but_for_one_of_none(void **state)
{
    own_on(*state, IP_FAMILY_IPV4, 7, 1, LOW);
    own_on(*state, IP_FAMILY_IPV4, 8, 1, LOW + 1);
    own_on(*state, IP_FAMILY_IPV4, 8, 0, LOW + 2);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.02);
    own_on(*state, IP_FAMILY_IPV4, 0, 1, LOW + 3);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.04);
}

/* An address on no interface meets the wildcard of an interface. */
static void test_the_any_address_of_an_interface_counts_for_each(void **state)
{
    own_on(*state, IP_FAMILY_IPV6, 0, 1, LOW);
    own_on(*state, IP_FAMILY_IPV4, 7, 0, LOW + 1);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.01);
    own_on(*state, IP_FAMILY_IPV6, 7, 0, LOW + 2);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.02);
}

static void test_ipv6_only_sockets_block_no_ipv4(void **state)
{
    struct socket_record record = owner(0, LOW);
    record.family = IP_FAMILY_IPV6;
    record.ipv6_only = true;
    port_usage_add_owner(*state, &record);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.01); /* of IPv6 */
    own(*state, 1, LOW + 1);
    own(*state, 1, LOW + 2);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.02);
    own_on(*state, IP_FAMILY_IPV6, 0, 1, LOW + 3);
    own_on(*state, IP_FAMILY_IPV6, 0, 1, LOW + 4);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.03);
    record.interface = 7;
    record.local_port = LOW + 5;
    port_usage_add_owner(*state, &record);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.04);
    record.local_address.word[0] = 1; /* an address of IPv6 like others */
    record.local_port = LOW + 6;
    port_usage_add_owner(*state, &record);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.05);
}

static void test_the_preferred_parity_is_that_of_the_low_end(void **state)
{
    for (uint16_t port = LOW; port < LOW + 50; port += 2)
        hold(*state, IP_FAMILY_IPV4, 1, 2, port);
    assert_true(port_usage_summarize(*state).preferred_utilization == 0.5);
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW + 1);
    assert_true(port_usage_summarize(*state).preferred_utilization == 0.5);
    own(*state, 9, LOW + 60); /* one preferred port fewer */
    assert_true(port_usage_summarize(*state).preferred_utilization == 25.0 / 49);

    const struct port_settings odd = {.low = 1001, .high = 1100};
    port_usage_begin(*state, &odd);
    hold(*state, IP_FAMILY_IPV4, 1, 2, 1001);
    hold(*state, IP_FAMILY_IPV4, 1, 2, 1002);
    assert_true(port_usage_summarize(*state).preferred_utilization == 1.0 / 50);
}

static void test_a_range_without_a_usable_port_is_full(void **state)
{
    struct port_settings none = settings;
    port_set_add_range(&none.reserved, 0, 65535);
    port_usage_begin(*state, &none);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        assert_true(utilization(*state, scope) == 1);
    assert_int_equal(port_usage_summarize(*state).usable, 0);
}

static void test_the_whole_range_of_numbers_works(void **state)
{
    const struct port_settings all = {.low = 0, .high = 65535};
    port_usage_begin(*state, &all);
    hold(*state, IP_FAMILY_IPV4, 1, 2, 65535);
    hold(*state, IP_FAMILY_IPV4, 1, 2, 0);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.range, 65536);
    assert_int_equal(summary.usable, 65536);
    assert_int_equal(summary.used, 2);
}

static void test_each_sample_replaces_the_last(void **state)
{
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW);
    hold(*state, IP_FAMILY_IPV4, 0, 2, LOW + 1);
    own(*state, 9, LOW + 2);
    port_usage_begin(*state, &settings);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.used, 0);
    assert_int_equal(summary.owned, 0);
    assert_int_equal(summary.usable, 100);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        assert_true(summary.utilization[scope] == 0);
}

static void test_addresses_beyond_the_capacity_still_count_for_the_host(void **state)
{
    for (uint32_t address = 1; address <= PORT_USAGE_LOCAL_ADDRESSES + 44; address++)
        hold(*state, IP_FAMILY_IPV4, address, 1, (uint16_t)(LOW + address % 100));
    assert_true(utilization(*state, PORT_SCOPE_HOST) == 1);
    assert_true(utilization(*state, PORT_SCOPE_LOCAL_ADDRESS) == 0.01);
    assert_int_equal(port_usage_summarize(*state).destinations, PORT_USAGE_LOCAL_ADDRESSES + 44);
}

static void test_without_destinations_the_other_scopes_remain(void **state)
{
    (void)state;
    struct destination row;
    struct port_usage *usage = port_usage_create(false);
    port_usage_begin(usage, &settings);
    hold(usage, IP_FAMILY_IPV4, 1, 2, LOW);
    assert_true(utilization(usage, PORT_SCOPE_DESTINATION) == 0);
    assert_true(utilization(usage, PORT_SCOPE_HOST) == 0.01);
    assert_int_equal(port_usage_pick_top(usage, &row, 1), 0);
    port_usage_destroy(usage);
}

/* Ten named ones have nine ports each; one that has ten of the hundred may be fuller by chance. */
static void test_the_fullest_is_named_once_it_has_a_tenth_of_the_ports(void **state)
{
    enum { TOP = 10, LATE = 99 };
    struct destination rows[TOP];
    for (uint16_t late_ports = 0; late_ports <= 10; late_ports++) {
        port_usage_begin(*state, &settings);
        for (uint16_t i = 0; i < late_ports; i++)
            hold(*state, IP_FAMILY_IPV4, 1, LATE, (uint16_t)(LOW + i));
        for (uint32_t remote = 1; remote <= TOP; remote++) {
            for (uint16_t i = 0; i < 9; i++)
                hold(*state, IP_FAMILY_IPV4, 1, remote, (uint16_t)(LOW + i));
        }
        assert_int_equal(port_usage_pick_top(*state, rows, TOP), TOP);
        assert_int_equal(rows[0].remote_address.word[0] == LATE, late_ports == 10);
    }
}

static void listen_on(struct port_usage *usage, uint32_t local, uint16_t port)
{
    struct socket_record record = owner(local, port);
    record.state = TCP_STATE_LISTEN;
    port_usage_add_owner(usage, &record);
}

static void test_listeners_that_are_not_reserved_are_named(void **state)
{
    struct port_settings reserving = settings;
    port_set_add(&reserving.reserved, LOW + 5);
    port_usage_begin(*state, &reserving);
    listen_on(*state, 1, LOW - 1);
    listen_on(*state, 1, HIGH);
    listen_on(*state, 1, LOW);
    listen_on(*state, 2, LOW); /* the same port */
    listen_on(*state, 1, LOW + 5);
    own(*state, 1, LOW + 6); /* only bound */
    listen_on(*state, 1, HIGH + 1);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.unreserved_listeners, 2);
    assert_int_equal(summary.unreserved_named, 2);
    assert_int_equal(summary.unreserved_ports[0], LOW);
    assert_int_equal(summary.unreserved_ports[1], HIGH);
    port_usage_begin(*state, &settings);
    summary = port_usage_summarize(*state);
    assert_int_equal(summary.unreserved_listeners, 0);
    assert_int_equal(summary.unreserved_named, 0);
}

static void test_only_the_first_unreserved_listeners_are_named(void **state)
{
    for (uint16_t port = HIGH; port > HIGH - 20; port--)
        listen_on(*state, 1, port);
    struct port_summary summary = port_usage_summarize(*state);
    assert_int_equal(summary.unreserved_listeners, 20);
    assert_int_equal(summary.unreserved_named, PORT_USAGE_NAMED_PORTS);
    for (uint16_t i = 0; i < PORT_USAGE_NAMED_PORTS; i++)
        assert_int_equal(summary.unreserved_ports[i], HIGH - 19 + i);
}

static void test_a_listener_on_the_last_of_all_ports_is_named(void **state)
{
    const struct port_settings high = {.low = 65000, .high = UINT16_MAX};
    port_usage_begin(*state, &high);
    listen_on(*state, 1, UINT16_MAX);
    assert_int_equal(port_usage_summarize(*state).unreserved_ports[0], UINT16_MAX);
}

/* Ports of the other parity: LOW is even. */
static void test_ports_of_the_other_parity_were_bound_first(void **state)
{
    struct port_summary summary = port_usage_summarize(*state);
    assert_true(summary.has_bound_before_connect);
    assert_int_equal(summary.bound_before_connect, 0);
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW);
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW + 1);
    hold(*state, IP_FAMILY_IPV4, 3, 4, LOW + 1); /* the same port */
    hold(*state, IP_FAMILY_IPV4, 1, 2, LOW + 3);
    hold(*state, IP_FAMILY_IPV4, 1, 0, LOW + 5); /* towards nowhere */
    own(*state, 1, LOW + 7);
    summary = port_usage_summarize(*state);
    assert_true(summary.has_bound_before_connect);
    assert_int_equal(summary.bound_before_connect, 3);
}

static void test_nothing_is_estimated_once_a_destination_has_all_preferred_ports(void **state)
{
    own(*state, 9, LOW); /* 49 preferred ones are left */
    for (uint16_t port = LOW + 2; port < HIGH - 1; port += 2)
        hold(*state, IP_FAMILY_IPV4, 1, 2, port);
    for (uint16_t port = LOW + 1; port <= HIGH; port += 2) /* the fullest, by bind() */
        hold(*state, IP_FAMILY_IPV4, 1, 3, port);
    struct port_summary summary = port_usage_summarize(*state);
    assert_true(summary.has_bound_before_connect);
    assert_int_equal(summary.bound_before_connect, 50);
    hold(*state, IP_FAMILY_IPV4, 1, 4, HIGH - 1);
    assert_true(port_usage_summarize(*state).has_bound_before_connect);
    hold(*state, IP_FAMILY_IPV4, 1, 2, HIGH - 1);
    assert_false(port_usage_summarize(*state).has_bound_before_connect);
}

static void test_nothing_is_estimated_without_destinations(void **state)
{
    (void)state;
    struct port_usage *usage = port_usage_create(false);
    assert_non_null(usage);
    port_usage_begin(usage, &settings);
    assert_false(port_usage_summarize(usage).has_bound_before_connect);
    port_usage_destroy(usage);
}

#define USAGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        USAGE_TEST(test_ports_outside_of_the_range_do_not_count),
        USAGE_TEST(test_no_port_is_subtracted_twice),
        USAGE_TEST(test_owned_ports_count_for_bind),
        USAGE_TEST(test_a_former_owner_that_connected_is_a_holder),
        USAGE_TEST(test_a_sure_owner_stays_one),
        USAGE_TEST(test_a_former_owner_of_a_reserved_port_frees_none),
        USAGE_TEST(test_the_scopes_differ),
        USAGE_TEST(test_the_fullest_is_named_once_it_has_a_tenth_of_the_ports),
        USAGE_TEST(test_the_any_address_counts_for_each),
        USAGE_TEST(test_an_address_with_one_word_is_not_any),
        USAGE_TEST(test_addresses_of_the_two_families_are_apart),
        USAGE_TEST(test_sockets_of_no_interface_count_on_each),
        USAGE_TEST(test_ipv6_only_sockets_block_no_ipv4),
        USAGE_TEST(test_sockets_of_two_interfaces_are_apart_but_for_one_of_none),
        USAGE_TEST(test_the_any_address_of_an_interface_counts_for_each),
        USAGE_TEST(test_the_preferred_parity_is_that_of_the_low_end),
        USAGE_TEST(test_a_range_without_a_usable_port_is_full),
        USAGE_TEST(test_the_whole_range_of_numbers_works),
        USAGE_TEST(test_each_sample_replaces_the_last),
        USAGE_TEST(test_listeners_that_are_not_reserved_are_named),
        USAGE_TEST(test_only_the_first_unreserved_listeners_are_named),
        USAGE_TEST(test_a_listener_on_the_last_of_all_ports_is_named),
        USAGE_TEST(test_ports_of_the_other_parity_were_bound_first),
        USAGE_TEST(test_nothing_is_estimated_once_a_destination_has_all_preferred_ports),
        USAGE_TEST(test_nothing_is_estimated_without_destinations),
        USAGE_TEST(test_addresses_beyond_the_capacity_still_count_for_the_host),
        USAGE_TEST(test_without_destinations_the_other_scopes_remain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
