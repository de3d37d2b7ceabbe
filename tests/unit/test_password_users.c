// SPDX-License-Identifier: Apache-2.0
/*
 * Whose hash a password is compared with. How long that takes is told by what it takes it for: the
 * comparisons of digests are counted.
 */
#include "web/password_users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <string.h>

static int comparisons;

/* In the place of the library's. */
int gnutls_memcmp(const void *s1, const void *s2, size_t n)
{
    comparisons++;
    return memcmp(s1, s2, n);
}

static const struct web_user from[] = {{"alice", "1"}, {"bob", "2"}, {"carol", "3"}};

static int start_users(void **state)
{
    static struct password_users users;
    *state = &users;
    return password_users_start(&users) && password_users_replace(&users, from, 3) ? 0 : -1;
}

static int stop_users(void **state)
{
    password_users_stop(*state);
    return 0;
}

/* How many digests are compared to find the hash of `name`, which must be there or not. */
static int cost_of(const struct password_users *users, const char *name, const char *expected_hash)
{
    struct password_question question;
    char hash[BCRYPT_HASH_LENGTH + 1];
    assert_true(password_users_ask(users, name, "password", &question));
    comparisons = 0;
    assert_int_equal(password_users_hash(users, &question, hash), expected_hash != NULL);
    if (expected_hash)
        assert_string_equal(hash, expected_hash);
    return comparisons;
}

static void test_every_name_takes_equally_long(void **state)
{
    assert_int_equal(cost_of(*state, "alice", "1"), 3);
    assert_int_equal(cost_of(*state, "bob", "2"), 3);
    assert_int_equal(cost_of(*state, "carol", "3"), 3);
    assert_int_equal(cost_of(*state, "mallory", NULL), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_name_takes_equally_long, start_users,
                                        stop_users),
    };
    return cmocka_run_group_tests_name("password users", tests, NULL, NULL);
}
