// SPDX-License-Identifier: Apache-2.0
/*
 * The formats of one snapshot agree, and the check of that refuses pages that do not.
 */
#include "formats_check.h"

#include "sockdiag/exposition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

struct pages {
    struct buffer formats[METRIC_FORMATS];
};

static int make_pages(void **state)
{
    static const double bounds[] = {0, 10};
    static struct pages pages;
    struct snapshot snapshot = {.has_counts = true, .has_settings = true};
    const struct self_report self = {.version = "1", .revision = "2"};
    for (size_t i = 0; i < TCP_STATES; i++)
        snapshot.sampled_sockets[i] = histogram_make(bounds, 2, HISTOGRAM_OF_COUNTS);
    pages = (struct pages){0};
    for (enum metric_format format = 0; format < METRIC_FORMATS; format++)
        exposition_render(&pages.formats[format], format, &snapshot, &self);
    *state = pages.formats;
    return 0;
}

static int free_pages(void **state)
{
    struct buffer *pages = *state;
    for (enum metric_format format = 0; format < METRIC_FORMATS; format++)
        buffer_free(&pages[format]);
    return 0;
}

static void test_the_formats_agree(void **state)
{
    const struct buffer *pages = *state;
    assert_null(openmetrics_find_fault(&pages[METRIC_TEXT], &pages[METRIC_OPENMETRICS]));
    assert_null(protobuf_find_fault(&pages[METRIC_TEXT], &pages[METRIC_PROTOBUF]));
}

/* A page with one byte changed. */
static void change(struct buffer *page, const char *text, char byte)
{
    char *place = memmem(page->data, page->length, text, strlen(text));
    assert_non_null(place);
    *place = byte;
}

static void test_other_openmetrics(void **state)
{
    static const char *const places[] = {"# EOF", "le=\"10.0\"} 0", "sockdiag_tcp_sockets{"};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct buffer *pages = *state;
        change(&pages[METRIC_OPENMETRICS], places[i], 'x');
        assert_non_null(openmetrics_find_fault(&pages[METRIC_TEXT], &pages[METRIC_OPENMETRICS]));
        free_pages(state);
        make_pages(state);
    }
}

static void test_a_sample_more_or_less(void **state)
{
    struct buffer *pages = *state, longer = {0};
    buffer_append_string(&longer, "a_sample 1\n");
    buffer_append(&longer, pages[METRIC_OPENMETRICS].data, pages[METRIC_OPENMETRICS].length);
    assert_non_null(openmetrics_find_fault(&pages[METRIC_TEXT], &longer));
    buffer_clear(&longer);
    buffer_append(&longer, pages[METRIC_TEXT].data, pages[METRIC_TEXT].length);
    buffer_append_string(&longer, "# HELP a A.\n# TYPE a gauge\na 1\n");
    assert_non_null(openmetrics_find_fault(&longer, &pages[METRIC_OPENMETRICS]));
    assert_non_null(protobuf_find_fault(&longer, &pages[METRIC_PROTOBUF]));
    buffer_free(&longer);
    pages[METRIC_TEXT].length = 0;
    assert_non_null(openmetrics_find_fault(&pages[METRIC_TEXT], &pages[METRIC_OPENMETRICS]));
    assert_non_null(protobuf_find_fault(&pages[METRIC_TEXT], &pages[METRIC_PROTOBUF]));
}

static void test_other_protobuf(void **state)
{
    struct buffer *pages = *state;
    struct buffer *protobuf = &pages[METRIC_PROTOBUF];
    change(protobuf, "sockdiag_tcp_sockets", 'x');
    assert_non_null(protobuf_find_fault(&pages[METRIC_TEXT], protobuf));
    change(protobuf, "xockdiag_tcp_sockets", 's');
    assert_null(protobuf_find_fault(&pages[METRIC_TEXT], protobuf));
    protobuf->length--;
    assert_non_null(protobuf_find_fault(&pages[METRIC_TEXT], protobuf));
    protobuf->length++;
    protobuf->data[0]++;
    assert_non_null(protobuf_find_fault(&pages[METRIC_TEXT], protobuf));
    protobuf->data[0]--;
    change(&pages[METRIC_TEXT], "sockdiag_tcp_sockets{", '#'); /* a metric less */
    assert_non_null(protobuf_find_fault(&pages[METRIC_TEXT], protobuf));
}

#define with_pages(test) cmocka_unit_test_setup_teardown(test, make_pages, free_pages)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pages(test_the_formats_agree),
        with_pages(test_other_openmetrics),
        with_pages(test_a_sample_more_or_less),
        with_pages(test_other_protobuf),
    };
    return cmocka_run_group_tests_name("formats_check", tests, NULL, NULL);
}
