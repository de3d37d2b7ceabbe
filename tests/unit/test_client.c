// SPDX-License-Identifier: Apache-2.0
#include "web/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>

/* With a different port each time. */
static uint64_t client_at(const char *address)
{
    static uint16_t port;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = ++port};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
        return client_of((struct sockaddr *)&in);
    assert_int_equal(inet_pton(AF_INET6, address, &in6.sin6_addr), 1);
    return client_of((struct sockaddr *)&in6);
}

static void test_each_address_of_ipv4_is_a_client(void **state)
{
    (void)state;
    assert_int_equal(client_at("192.0.2.1"), client_at("192.0.2.1"));
    assert_int_not_equal(client_at("192.0.2.1"), client_at("192.0.2.2"));
    assert_int_equal(client_at("192.0.2.1"), client_at("::ffff:192.0.2.1"));
    assert_int_not_equal(client_at("::ffff:192.0.2.1"), client_at("::ffff:192.0.2.2"));
}

static void test_each_64_network_of_ipv6_is_a_client(void **state)
{
    (void)state;
    assert_int_equal(client_at("2001:db8:0:1::1"), client_at("2001:db8:0:1:ffff::2"));
    assert_int_not_equal(client_at("2001:db8:0:1::1"), client_at("2001:db8:0:2::1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_address_of_ipv4_is_a_client),
        cmocka_unit_test(test_each_64_network_of_ipv6_is_a_client),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
