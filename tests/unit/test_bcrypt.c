// SPDX-License-Identifier: Apache-2.0
/*
 * Password hashes, compared with those of libcrypt.
 */
#include "web/bcrypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <crypt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A real hash of `password`. */
static void hash_password(const char *prefix, const char *password,
                          char hash[static CRYPT_OUTPUT_SIZE])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data *data = calloc(1, sizeof *data);
    assert_non_null(data);
    assert_non_null(crypt_gensalt_rn(prefix, 4, "0123456789abcdef", 16, setting, sizeof setting));
    assert_non_null(crypt_r(password, setting, data));
    snprintf(hash, CRYPT_OUTPUT_SIZE, "%s", data->output);
    free(data);
}

static bool matches(const char *password, const char *hash)
{
    return bcrypt_matches(password, strlen(password), hash);
}

static void test_hashes_of_every_kind_match(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"$2a$", "$2b$", "$2y$"};
    static const char password[] = "Gr\u00fc\u00dfe";
    for (size_t i = 0; i < 3; i++) {
        char hash[CRYPT_OUTPUT_SIZE];
        hash_password(prefixes[i], password, hash);
        assert_null(bcrypt_fault(hash));
        assert_true(matches(password, hash));
        assert_false(matches("Gruesse", hash));
        assert_false(matches("", hash));
    }
}

static void test_the_first_72_bytes_decide(void **state)
{
    (void)state;
    static const size_t lengths[] = {72, 73, 80, 511};
    static char password[16384];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char hash[CRYPT_OUTPUT_SIZE];
        memset(password, 'x', sizeof password - 1);
        password[lengths[i]] = '\0';
        hash_password("$2b$", password, hash); /* it accepts 511 at most */
        for (size_t length = 71; length < sizeof password; length += length < 74 ? 1 : 500) {
            memset(password, 'x', length);
            password[length] = '\0';
            assert_int_equal(matches(password, hash), length >= 72);
        }
        password[71] = 'y';
        assert_false(matches(password, hash));
    }
}

static void test_nothing_matches_an_invalid_hash(void **state)
{
    (void)state;
    assert_false(matches("", ""));
    assert_false(matches("*0", "*0"));
    assert_false(matches("password", "password"));
    assert_false(matches("password", "$2y$04$"));
}

static void test_which_hashes_are_accepted(void **state)
{
    (void)state;
#define TAIL "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012"
    static const struct {
        const char *hash;
        const char *fault; /* a part of the message */
    } cases[] = {
        {"$2a$04$" TAIL, NULL},
        {"$2b$10$" TAIL, NULL},
        {"$2y$14$" TAIL, NULL},
        {"$2y$03$" TAIL, "cost"},
        {"$2y$15$" TAIL, "cost"},
        {"$2y$31$" TAIL, "cost"},
        {"$2y$99$" TAIL, "cost"},
        {"$2x$10$" TAIL, "bcrypt"},
        {"$2$10$" TAIL, "bcrypt"},
        {"$1$10$" TAIL "a", "bcrypt"},
        {"$2y$1x$" TAIL, "bcrypt"},
        {"$2y$5$" TAIL "a", "bcrypt"},
        {"$2y$ 5$" TAIL, "bcrypt"},
        {"$2y$+5$" TAIL, "bcrypt"},
        {"$2y$100$" TAIL, "bcrypt"},
        {"$2y$10$" TAIL "x", "bcrypt"},
        {"$2y$10$", "bcrypt"},
        {"", "bcrypt"},
        {"wonderland", "bcrypt"},
        {"$2y$10$!" TAIL, "bcrypt"},
        {"$2\0$10$" TAIL, "bcrypt"},
        {"$2y-10$" TAIL, "bcrypt"},
        {"$2y$10$ bcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012", "bcrypt"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *fault = bcrypt_fault(cases[i].hash);
        if (!fault != !cases[i].fault || (fault && !strstr(fault, cases[i].fault)))
            fail_msg("%s: %s", cases[i].hash, fault ? fault : "taken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hashes_of_every_kind_match),
        cmocka_unit_test(test_the_first_72_bytes_decide),
        cmocka_unit_test(test_nothing_matches_an_invalid_hash),
        cmocka_unit_test(test_which_hashes_are_accepted),
    };
    return cmocka_run_group_tests_name("bcrypt", tests, NULL, NULL);
}
