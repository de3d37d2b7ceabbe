// SPDX-License-Identifier: Apache-2.0
/*
 * What is served for the Accept headers that scrapers, browsers and nonsense really send.
 */
#include "web/negotiation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define TEXT        "text/plain; version=0.0.4; charset=utf-8"
#define TEXT_1      "text/plain; version=1.0.0; charset=utf-8"
#define OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"
#define PROTOBUF                                                                                   \
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
#define ASKS_PROTOBUF                                                                              \
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

struct case_of_accept {
    const char *accept;
    const char *content_type;
};

static void assert_answers(const struct case_of_accept *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct negotiated_format chosen = negotiate_format(cases[i].accept);
        if (strcmp(chosen.content_type, cases[i].content_type) != 0)
            fail_msg("Accept: %s\n  gave %s\n  not  %s",
                     cases[i].accept ? cases[i].accept : "(none)", chosen.content_type,
                     cases[i].content_type);
        enum page_format expected = strncmp(chosen.content_type, "text", 4) == 0 ? PAGE_TEXT
                                    : strstr(chosen.content_type, "openmetrics") ? PAGE_OPENMETRICS
                                                                                 : PAGE_PROTOBUF;
        assert_int_equal(chosen.format, expected);
    }
}

#define assert_all(cases) assert_answers(cases, sizeof(cases) / sizeof((cases)[0]))

static void test_scrapers(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        /* Prometheus 2.42 */
        {"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
         "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         OPENMETRICS},
        /* with native histograms */
        {ASKS_PROTOBUF ",application/openmetrics-text;version=1.0.0;q=0.8,application/"
                       "openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/"
                       "*;q=0.1",
         PROTOBUF},
        /* Prometheus 3 */
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/"
         "openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
         "text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
         OPENMETRICS},
        /* the same told to scrape text 1.0.0 only, and protobuf first */
        {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5", TEXT_1},
        {ASKS_PROTOBUF ";escaping=underscores;q=0.6,text/plain;version=0.0.4;q=0.2", PROTOBUF},
        /* Prometheus before 2.23 knew another OpenMetrics than ours */
        {"application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         TEXT},
        /* curl, nothing, a browser */
        {"*/*", TEXT},
        {NULL, TEXT},
        {"", TEXT},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", TEXT},
    };
    assert_all(cases);
}

static void test_quality_decides_then_order(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        {"text/plain;q=0.4, application/openmetrics-text;q=0.5", OPENMETRICS},
        {"text/plain;q=0.5, application/openmetrics-text;q=0.4", TEXT},
        {"application/openmetrics-text, text/plain", OPENMETRICS},
        {"text/plain, application/openmetrics-text", TEXT},
        {"text/plain;version=1.0.0, text/plain;version=0.0.4", TEXT_1},
        {"text/plain;version=0.0.4;q=0.999, text/plain;version=1.0.0;q=1.000", TEXT_1},
    };
    assert_all(cases);
}

static void test_ranges_ask_for_nothing_in_particular(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        {"text/*", TEXT},
        {"application/*, text/*;q=0.9", TEXT},
        {"*/*, text/plain;q=0", TEXT},
        {"*/*, application/openmetrics-text;q=0.1", OPENMETRICS},
        {"application/*;q=0.9, text/plain;version=1.0.0;q=0.5", TEXT_1},
    };
    assert_all(cases);
}

static void test_what_is_not_had_is_passed_over(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        {"image/png", TEXT},
        {"text/plain;q=0, */*;q=0", TEXT},
        {"text/plain;version=2", TEXT},
        {"application/openmetrics-text;version=2.0.0, text/plain;version=1.0.0;q=0.1", TEXT_1},
        {"application/vnd.google.protobuf", TEXT},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
         TEXT},
        {"application/vnd.google.protobuf;proto=other.Message;encoding=delimited", TEXT},
    };
    assert_all(cases);
}

static void test_spelling(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        {"Application/OpenMetrics-Text; Version=\"1.0.0\" ; Q=0.9", OPENMETRICS},
        {"application/openmetrics-text ; version = 1.0.0", OPENMETRICS},
        {"application/openmetrics-text;VERSION=0.0.1", TEXT},
        {"\tapplication/openmetrics-text\t;charset=utf-8;version=1.0.0", OPENMETRICS},
        {",, ,application/openmetrics-text,,", OPENMETRICS},
        {"application/openmetrics-text;note=\"a b\"", OPENMETRICS},
    };
    assert_all(cases);
}

static void test_what_is_not_understood_does_not_count(void **state)
{
    (void)state;
    static const struct case_of_accept cases[] = {
        {"application/openmetrics-text;q=2", TEXT},
        {"application/openmetrics-text;q=.", TEXT},
        {"application/openmetrics-text;q=1e0", TEXT},
        {"application/openmetrics-text;q=0.5.5", TEXT},
        {"application/openmetrics-text;q=x, text/plain;version=1.0.0;q=0.1", TEXT_1},
        {"application/openmetrics-text;q, text/plain;version=1.0.0;q=0.1", TEXT_1},
        {"application/openmetrics-text;q=", TEXT},
        {"application/openmetrics-text;q=0.1234", TEXT},
        {"application/openmetrics-text;q=-1", TEXT},
        {"application/openmetrics-text;q=1.001", TEXT},
        {"application/openmetrics-text;q=0,5", TEXT},
        {"application/openmetrics-text oops", TEXT},
        {"application/openmetrics-text/more, text/plain;version=1.0.0", TEXT_1},
        {"application/openmetrics-text;q=\"", TEXT},
        {"application", TEXT},
        {"/;=,\"", TEXT},
    };
    assert_all(cases);
}

static void test_gzip(void **state)
{
    (void)state;
    static const struct {
        const char *accept_encoding;
        bool gzip;
    } cases[] = {
        {"gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"deflate;q=1, GZip;q=0.5", true},
        {"x-gzip", true},
        {"*", true},
        {"gzip;q=0.5, identity;q=0.4", true},
        {"gzip;q=0.5, identity;q=0.5", true},
        {"identity", false},
        {"gzip;q=0", false},
        {"gzip;q=0, *", false},
        {"*, gzip;q=0", false},
        {"*;q=0", false},
        {"*;q=0, gzip;q=0.1", true},
        {"gzip;q=0.000", false},
        {"deflate, br", false},
        {"gzipped", false},
        {"", false},
        {NULL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (negotiate_gzip(cases[i].accept_encoding) != cases[i].gzip)
            fail_msg("Accept-Encoding: %s", cases[i].accept_encoding);
    }
}

static void test_a_header_of_more_than_a_kilobyte_asks_for_nothing(void **state)
{
    (void)state;
    char accept[1026], accept_encoding[1026];
    snprintf(accept, sizeof accept, "%-1025s", "application/openmetrics-text");
    snprintf(accept_encoding, sizeof accept_encoding, "%-1025s", "gzip");
    assert_string_equal(negotiate_format(accept).content_type, TEXT);
    assert_false(negotiate_gzip(accept_encoding));
    accept[1024] = accept_encoding[1024] = '\0';
    assert_string_equal(negotiate_format(accept).content_type, OPENMETRICS);
    assert_true(negotiate_gzip(accept_encoding));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrapers),
        cmocka_unit_test(test_quality_decides_then_order),
        cmocka_unit_test(test_ranges_ask_for_nothing_in_particular),
        cmocka_unit_test(test_what_is_not_had_is_passed_over),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_what_is_not_understood_does_not_count),
        cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_a_header_of_more_than_a_kilobyte_asks_for_nothing),
    };
    return cmocka_run_group_tests_name("negotiation", tests, NULL, NULL);
}
