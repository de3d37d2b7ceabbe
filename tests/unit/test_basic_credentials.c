// SPDX-License-Identifier: Apache-2.0
/*
 * The Basic scheme's name and password.
 */
#include "web/basic_credentials.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <string.h>

static void *find_no_memory(size_t size)
{
    (void)size;
    return NULL;
}

static void assert_decoded(const char *authorization, const char *user, const char *password)
{
    struct basic_credentials credentials;
    assert_int_equal(basic_credentials_decode(&credentials, authorization), GNUTLS_E_SUCCESS);
    assert_string_equal(credentials.user, user);
    assert_int_equal(credentials.password_length, strlen(password));
    assert_memory_equal(credentials.password, password, strlen(password));
    assert_int_equal(credentials.size, strlen(user) + 1 + strlen(password));
    basic_credentials_free(&credentials);
}

static void test_name_and_password(void **state)
{
    (void)state;
    assert_decoded("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"); /* RFC 7617 */
    assert_decoded("Basic dGVzdDoxMjPCow==", "test", "123\u00a3");                  /* as well */
    assert_decoded("Basic YTpiOmM=", "a", "b:c");
    assert_decoded("Basic Og==", "", "");
}

static void test_the_scheme_has_no_case(void **state)
{
    (void)state;
    assert_decoded("basic YTpi", "a", "b");
    assert_decoded("BASIC   YTpi", "a", "b");
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const refused[] = {
        NULL,
        "",
        "Basic",
        "Basic ",
        "Bearer YTpi",
        "BasicYTpi",
        "Basic !!!",
        "Basic YTpi=YTpi",
        "Basic YWI=" /* ab */,
        "Digest YTpi",
        "Basic YTpiAGM=" /* a:b\0c */,
        "Basic YTpib" /* cut off */,
    };
    struct basic_credentials credentials;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        if (basic_credentials_decode(&credentials, refused[i]) != GNUTLS_E_BASE64_DECODING_ERROR)
            fail_msg("taken: %s", refused[i] ? refused[i] : "no header");
    }
}

static void test_without_memory_they_are_not_called_wrong(void **state)
{
    (void)state;
    struct basic_credentials credentials;
    const gnutls_alloc_function usual = gnutls_malloc;
    gnutls_malloc = find_no_memory;
    int code = basic_credentials_decode(&credentials, "Basic YTpi");
    gnutls_malloc = usual;
    assert_int_equal(code, GNUTLS_E_MEMORY_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_name_and_password),
        cmocka_unit_test(test_the_scheme_has_no_case),
        cmocka_unit_test(test_what_is_none),
        cmocka_unit_test(test_without_memory_they_are_not_called_wrong),
    };
    return cmocka_run_group_tests_name("basic credentials", tests, NULL, NULL);
}
