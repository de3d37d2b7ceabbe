// SPDX-License-Identifier: Apache-2.0
/*
 * Whose a destination is: one cgroup alone, or nobody's.
 */
#include "measure/destination_owners.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MEMORY = 120, CAPACITY = DESTINATION_OWNERS_CAPACITY };

static int set_up(void **state)
{
    *state = destination_owners_create(MEMORY);
    return *state ? 0 : -1;
}

static int tear_down(void **state)
{
    destination_owners_destroy(*state);
    return 0;
}

/* The destination with this number. */
static struct destination to(uint16_t number)
{
    return (struct destination){.family = IP_FAMILY_IPV4,
                                .local_address = {{1}},
                                .remote_address = {{2}},
                                .remote_port = number};
}

static void add_to(struct destination_owners *owners, const struct destination *destination,
                   uint64_t cgroup, int64_t now)
{
    const struct socket_record record = {
        .family = destination->family,
        .local_address = destination->local_address,
        .remote_address = destination->remote_address,
        .remote_port = destination->remote_port,
        .interface = destination->interface,
        .local_port = (uint16_t)(40000 + now), /* does not matter */
        .cgroup = cgroup,
    };
    destination_owners_add(owners, &record, now);
}

static void add(struct destination_owners *owners, uint16_t number, uint64_t cgroup, int64_t now)
{
    struct destination destination = to(number);
    add_to(owners, &destination, cgroup, now);
}

static uint64_t find(struct destination_owners *owners, uint16_t number, int64_t now)
{
    struct destination destination = to(number);
    return destination_owners_find(owners, &destination, now);
}

static void end(struct destination_owners *owners, int64_t now)
{
    destination_owners_end(owners, now, NULL, 0);
}

static void test_the_only_cgroup_is_the_owner(void **state)
{
    struct destination_owners *owners = *state;
    assert_int_equal(find(owners, 1, 1000), 0);
    add(owners, 1, 7, 1000);
    add(owners, 1, 7, 1000);
    add(owners, 2, 8, 1000);
    assert_int_equal(find(owners, 1, 1000), 7);
    assert_int_equal(find(owners, 2, 1000), 8);
    assert_int_equal(find(owners, 3, 1000), 0);
    add(owners, 4, 7, MEMORY / 2); /* soon after the start of the host */
    assert_int_equal(find(owners, 4, MEMORY / 2), 7);
}

static void test_a_socket_without_a_cgroup_does_not_matter(void **state)
{
    struct destination_owners *owners = *state;
    add(owners, 1, 0, 1000);
    assert_int_equal(find(owners, 1, 1000), 0);
    add(owners, 1, 7, 1000);
    add(owners, 1, 0, 1000);
    assert_int_equal(find(owners, 1, 1000), 7);
}

static void test_each_part_of_a_destination_matters(void **state)
{
    struct destination_owners *owners = *state;
    struct destination parts[6];
    for (size_t i = 0; i < 6; i++)
        parts[i] = to(1);
    parts[1].family = IP_FAMILY_IPV6;
    parts[2].local_address.word[3] = 1;
    parts[3].remote_address.word[2] = 1;
    parts[4].remote_port = 2;
    parts[5].interface = 1;
    for (size_t i = 0; i < 6; i++)
        add_to(owners, &parts[i], 10 + i, 1000);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(destination_owners_find(owners, &parts[i], 1000), 10 + i);
}

static void test_two_cgroups_are_no_owner(void **state)
{
    struct destination_owners *owners = *state;
    add(owners, 1, 7, 1000);
    add(owners, 1, 8, 1000);
    assert_int_equal(find(owners, 1, 1000), 0);
    add(owners, 1, 7, 1001);
    assert_int_equal(find(owners, 1, 1001), 0);
}

static void test_a_cgroup_counts_after_its_last_socket(void **state)
{
    struct destination_owners *owners = *state;
    add(owners, 1, 7, 1000);
    end(owners, 1000 + MEMORY);
    assert_int_equal(find(owners, 1, 1000 + MEMORY), 7);
    assert_int_equal(find(owners, 1, 1000 + MEMORY + 1), 0);
    add(owners, 1, 8, 1000 + MEMORY);
    assert_int_equal(find(owners, 1, 1000 + MEMORY), 0); /* 7 counts still */
    assert_int_equal(find(owners, 1, 1000 + MEMORY + 1), 8);
}

static void test_the_other_must_be_gone_for_long(void **state)
{
    struct destination_owners *owners = *state;
    for (int64_t now = 1000; now < 1000 + 10 * MEMORY; now += 10) {
        if (now == 1000 || now == 1050) /* between two samples of the other */
            add(owners, 1, 8, now);
        add(owners, 1, 7, now);
        end(owners, now);
        assert_int_equal(find(owners, 1, now), now <= 1050 + MEMORY ? 0 : 7);
    }
}

static void test_what_no_cgroup_uses_is_forgotten(void **state)
{
    struct destination_owners *owners = *state;
    for (unsigned i = 0; i < CAPACITY / 2; i++)
        add(owners, (uint16_t)i, 7, 1000);
    end(owners, 1000 + MEMORY + 1);
    for (unsigned i = 0; i < CAPACITY / 2; i++) /* none is too many */
        add(owners, (uint16_t)(CAPACITY + i), 8, 1000 + MEMORY + 1);
    end(owners, 1000 + MEMORY + 2);
    assert_int_equal(find(owners, CAPACITY, 1000 + MEMORY + 2), 8);
}

static void test_a_full_table_takes_no_more(void **state)
{
    struct destination_owners *owners = *state;
    for (unsigned i = 0; i <= CAPACITY; i++)
        add(owners, (uint16_t)i, 7, 1000);
    assert_int_equal(find(owners, CAPACITY - 1, 1000), 7);
    assert_int_equal(find(owners, CAPACITY, 1000), 0);
    add(owners, 0, 8, 1000); /* what is in it still counts */
    assert_int_equal(find(owners, 0, 1000), 0);
}

static void test_of_a_crowded_table_only_the_named_stay(void **state)
{
    struct destination_owners *owners = *state;
    struct destination named[] = {to(5), to(CAPACITY / 2), to(60000)};
    for (unsigned i = 0; i < CAPACITY / 2; i++)
        add(owners, (uint16_t)i, 7, 1000);
    destination_owners_end(owners, 1000, named, 3);
    assert_int_equal(find(owners, 4, 1000), 7); /* it was not crowded */
    add(owners, CAPACITY / 2, 8, 1000);
    destination_owners_end(owners, 1000, named, 3);
    assert_int_equal(find(owners, 4, 1000), 0);
    assert_int_equal(find(owners, 5, 1000), 7);
    assert_int_equal(find(owners, CAPACITY / 2, 1000), 8);
    add(owners, 5, 8, 1000);
    assert_int_equal(find(owners, 5, 1000), 0); /* its past as well */

    for (unsigned i = 0; i < CAPACITY / 2; i++)
        add(owners, (uint16_t)(CAPACITY + i), 7, 1000);
    end(owners, 1000);
    assert_int_equal(find(owners, CAPACITY / 2, 1000), 0); /* it is named no longer */
}

/* The last time that each of a few cgroups was seen at one destination. */
static void test_random_sockets_agree_with_a_naive_model(void **state)
{
    struct destination_owners *owners = *state;
    struct seeded random = seeded_start();
    int64_t seen[4] = {0}, now = 1000;
    for (int turn = 0; turn < 20000; turn++, now += seeded_between(&random, 0, MEMORY / 2)) {
        for (int64_t left = seeded_between(&random, 0, 2); left > 0; left--) {
            int64_t cgroup = seeded_between(&random, 1, seeded_between(&random, 1, 3));
            add(owners, 1, (uint64_t)cgroup, now);
            seen[cgroup] = now;
        }
        if (seeded_between(&random, 0, 1))
            end(owners, now);
        uint64_t count = 0, owner = 0;
        for (uint64_t i = 1; i < 4; i++) {
            if (seen[i] > 0 && now - seen[i] <= MEMORY) {
                count++;
                owner = i;
            }
        }
        assert_int_equal(find(owners, 1, now), count == 1 ? owner : 0);
    }
}

#define OWNERS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OWNERS_TEST(test_the_only_cgroup_is_the_owner),
        OWNERS_TEST(test_a_socket_without_a_cgroup_does_not_matter),
        OWNERS_TEST(test_each_part_of_a_destination_matters),
        OWNERS_TEST(test_two_cgroups_are_no_owner),
        OWNERS_TEST(test_a_cgroup_counts_after_its_last_socket),
        OWNERS_TEST(test_the_other_must_be_gone_for_long),
        OWNERS_TEST(test_what_no_cgroup_uses_is_forgotten),
        OWNERS_TEST(test_a_full_table_takes_no_more),
        OWNERS_TEST(test_of_a_crowded_table_only_the_named_stay),
        OWNERS_TEST(test_random_sockets_agree_with_a_naive_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
