// SPDX-License-Identifier: Apache-2.0
/*
 * The formats, and their buffer when memory runs out.
 */
#include "exposition/metric_writer.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Families, as arguments of metric_begin(). */
#define GAUGE     "level", METRIC_GAUGE, "How high."
#define COUNTER   "events", METRIC_COUNTER, "How many."
#define HISTOGRAM "size", METRIC_HISTOGRAM, "How large."
#define SECONDS   "waited_seconds", METRIC_COUNTER, "How \"long\"."
#define BUILD     "build", METRIC_INFO, "Which."

#define GAUGE_HEADING   "# HELP level How high.\n# TYPE level gauge\n"
#define COUNTER_HEADING "# HELP events_total How many.\n# TYPE events_total counter\n"

/* The current page. */
struct sheet {
    struct buffer buffer;
    struct metric_writer writer;
};

static int begin_sheet(void **state)
{
    struct sheet *sheet = calloc(1, sizeof *sheet);
    if (!sheet)
        return -1;
    sheet->writer = metric_writer_start(&sheet->buffer, METRIC_TEXT, 0);
    *state = sheet;
    return 0;
}

static int end_sheet(void **state)
{
    struct sheet *sheet = *state;
    buffer_free(&sheet->buffer);
    free(sheet);
    return 0;
}

/* The page as a string, valid until the next call. */
static const char *text_of(struct sheet *sheet)
{
    assert_false(sheet->buffer.failed);
    buffer_append(&sheet->buffer, "", 1);
    sheet->buffer.length--;
    return sheet->buffer.data;
}

/* The text of this label value, between the quotes. */
static void assert_label_escaped(struct sheet *sheet, const char *value, const char *escaped)
{
    char expected[256];
    struct label label = {"name", value};
    snprintf(expected, sizeof expected, GAUGE_HEADING "level{name=\"%s\"} 1\n", escaped);
    buffer_clear(&sheet->buffer);
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, &label, 1, 1);
    assert_string_equal(text_of(sheet), expected);
}

static void assert_help_escaped(struct sheet *sheet, const char *help, const char *escaped)
{
    char expected[256];
    snprintf(expected, sizeof expected, "# HELP level %s\n# TYPE level gauge\nlevel 1\n", escaped);
    buffer_clear(&sheet->buffer);
    metric_begin(&sheet->writer, "level", METRIC_GAUGE, help);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    assert_string_equal(text_of(sheet), expected);
}

/* The written value. */
static const char *real_as_text(struct sheet *sheet, double value)
{
    buffer_clear(&sheet->buffer);
    metric_begin(&sheet->writer, GAUGE);
    metric_write_real(&sheet->writer, NULL, 0, value);
    const char *text = text_of(sheet);
    assert_int_equal(strncmp(text, GAUGE_HEADING "level ", strlen(GAUGE_HEADING "level ")), 0);
    assert_int_equal(text[sheet->buffer.length - 1], '\n');
    sheet->buffer.data[sheet->buffer.length - 1] = '\0';
    return text + strlen(GAUGE_HEADING "level ");
}

static void assert_round_trip(struct sheet *sheet, double value)
{
    char *end;
    const char *text = real_as_text(sheet, value);
    double read = strtod(text, &end);
    if (*end || memcmp(&read, &value, sizeof value) != 0)
        fail_msg("%a is written as %s", value, text);
}

static void test_heading_comes_once_before_the_samples(void **state)
{
    struct sheet *sheet = *state;
    struct label label = {"side", "left"};
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, &label, 1, 1);
    label.value = "right";
    metric_write_integer(&sheet->writer, &label, 1, 2);
    assert_string_equal(text_of(sheet),
                        GAUGE_HEADING "level{side=\"left\"} 1\nlevel{side=\"right\"} 2\n");
}

static void test_a_family_without_samples_is_not_written(void **state)
{
    struct sheet *sheet = *state;
    metric_begin(&sheet->writer, COUNTER);
    metric_begin(&sheet->writer, HISTOGRAM);
    assert_int_equal(sheet->buffer.length, 0);
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    metric_begin(&sheet->writer, COUNTER);
    assert_string_equal(text_of(sheet), GAUGE_HEADING "level 1\n");
}

static void test_a_counter_has_its_suffix_everywhere(void **state)
{
    struct sheet *sheet = *state;
    struct label label = {"kind", "a"};
    metric_begin(&sheet->writer, COUNTER);
    metric_write_integer(&sheet->writer, &label, 1, 3);
    label.value = "b";
    metric_write_real(&sheet->writer, &label, 1, 0.5);
    assert_string_equal(text_of(sheet), COUNTER_HEADING "events_total{kind=\"a\"} 3\n"
                                                        "events_total{kind=\"b\"} 0.5\n");
}

static void test_families_follow_each_other(void **state)
{
    struct sheet *sheet = *state;
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    metric_begin(&sheet->writer, COUNTER);
    metric_write_integer(&sheet->writer, NULL, 0, 2);
    assert_string_equal(text_of(sheet),
                        GAUGE_HEADING "level 1\n" COUNTER_HEADING "events_total 2\n");
}

static void test_labels_keep_their_order(void **state)
{
    struct sheet *sheet = *state;
    const struct label labels[] = {{"z", "1"}, {"a", ""}, {"m", "3"}};
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, labels, 3, 7);
    assert_string_equal(text_of(sheet), GAUGE_HEADING "level{z=\"1\",a=\"\",m=\"3\"} 7\n");
}

static void test_label_values_are_escaped(void **state)
{
    assert_label_escaped(*state, "C:\\temp", "C:\\\\temp");
    assert_label_escaped(*state, "a\nb", "a\\nb");
    assert_label_escaped(*state, "say \"hi\"", "say \\\"hi\\\"");
    assert_label_escaped(*state, "\\", "\\\\");
    assert_label_escaped(*state, "\n", "\\n");
    assert_label_escaped(*state, "\"", "\\\"");
    assert_label_escaped(*state, "\\n", "\\\\n"); /* not a newline: a backslash and an n */
    assert_label_escaped(*state, "\\\"\n\n\"\\", "\\\\\\\"\\n\\n\\\"\\\\");
}

static void test_other_bytes_of_label_values_are_not_changed(void **state)
{
    assert_label_escaped(*state, "größer 漢字 🜁", "größer 漢字 🜁");
    assert_label_escaped(*state, "tab\tcr\rbell\a{}=,'#", "tab\tcr\rbell\a{}=,'#");
    assert_label_escaped(*state, "100%s %n", "100%s %n");
}

static void test_help_is_escaped_except_quotes(void **state)
{
    assert_help_escaped(*state, "a \\ b", "a \\\\ b");
    assert_help_escaped(*state, "two\nlines", "two\\nlines");
    assert_help_escaped(*state, "the \"best\"", "the \"best\"");
    assert_help_escaped(*state, "größer 100 %s", "größer 100 %s");
}

static void test_long_texts_are_written_completely(void **state)
{
    struct sheet *sheet = *state;
    char name[1001], value[5001], help[3001];
    memset(name, 'n', sizeof name - 1);
    memset(value, '"', sizeof value - 1);
    memset(help, 'h', sizeof help - 1);
    name[sizeof name - 1] = value[sizeof value - 1] = help[sizeof help - 1] = '\0';
    metric_begin(&sheet->writer, name, METRIC_GAUGE, help);
    metric_write_integer(&sheet->writer, &(struct label){"name", value}, 1, 1);
    assert_int_equal(strlen(text_of(sheet)), strlen("# HELP  \n# TYPE  gauge\n{name=\"\"} 1\n") +
                                                 3 * 1000 + 3000 + 2 * 5000);
}

static void test_integers_have_all_their_digits(void **state)
{
    struct sheet *sheet = *state;
    static const struct {
        uint64_t value;
        const char *text;
    } numbers[] = {
        {0, "0"},
        {UINT64_C(9007199254740993), "9007199254740993"}, /* 2^53 + 1 is not a double */
        {INT64_MAX, "9223372036854775807"},
        {UINT64_MAX, "18446744073709551615"},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, GAUGE_HEADING "level %s\n", numbers[i].text);
        buffer_clear(&sheet->buffer);
        metric_begin(&sheet->writer, GAUGE);
        metric_write_integer(&sheet->writer, NULL, 0, numbers[i].value);
        assert_string_equal(text_of(sheet), expected);
    }
}

static void test_simple_reals_are_simple_texts(void **state)
{
    assert_string_equal(real_as_text(*state, 0), "0");
    assert_string_equal(real_as_text(*state, 0.1), "0.1");
    assert_string_equal(real_as_text(*state, -2.5), "-2.5");
    assert_string_equal(real_as_text(*state, 60), "60");
    assert_string_equal(real_as_text(*state, 1e300), "1e+300");
    assert_string_equal(real_as_text(*state, 9007199254740992.0), "9007199254740992");
}

static void test_nan_and_infinity_have_their_names(void **state)
{
    assert_string_equal(real_as_text(*state, NAN), "NaN");
    assert_string_equal(real_as_text(*state, -NAN), "NaN");
    assert_string_equal(real_as_text(*state, INFINITY), "+Inf");
    assert_string_equal(real_as_text(*state, -INFINITY), "-Inf");
}

static void test_reals_read_back_as_they_were(void **state)
{
    static const double values[] = {
        0.0,
        -0.0,
        0.1,
        1.0 / 3,
        0.1 + 0.2,
        1e300,
        5e-324,
        DBL_MIN,
        -DBL_MAX,
        DBL_MAX,
        1e15,
        1e16,
        1e17,
        1767225600.123456,
        /* integers above 2^53 */
        9007199254740994.0,
        18446744073709551616.0,
        1.2345678901234567e19,
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_round_trip(*state, values[i]);
}

static void test_any_real_reads_back_as_it_was(void **state)
{
    struct seeded random = seeded_start();
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = seeded_bits(&random);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (isfinite(value))
            assert_round_trip(*state, value);
    }
}

static void test_a_histogram_is_cumulative_up_to_infinity(void **state)
{
    struct sheet *sheet = *state;
    static const double bounds[] = {0.1, 1, 1e6};
    struct histogram histogram = histogram_make(bounds, 3, HISTOGRAM_OF_COUNTS);
    static const double values[] = {0.05, 0.1, 0.7, 2e6, 3e6, 4e6};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        histogram_observe(&histogram, values[i]);
    metric_begin(&sheet->writer, HISTOGRAM);
    metric_write_histogram(&sheet->writer, &(struct label){"of", "it"}, 1, &histogram);
    assert_string_equal(text_of(sheet), "# HELP size How large.\n# TYPE size histogram\n"
                                        "size_bucket{of=\"it\",le=\"0.1\"} 2\n"
                                        "size_bucket{of=\"it\",le=\"1\"} 3\n"
                                        "size_bucket{of=\"it\",le=\"1e+06\"} 3\n"
                                        "size_bucket{of=\"it\",le=\"+Inf\"} 6\n"
                                        "size_sum{of=\"it\"} 9000000.85\n"
                                        "size_count{of=\"it\"} 6\n");
}

static void test_a_histogram_needs_no_labels_and_no_values(void **state)
{
    struct sheet *sheet = *state;
    struct histogram histogram = histogram_make(NULL, 0, HISTOGRAM_OF_COUNTS);
    metric_begin(&sheet->writer, HISTOGRAM);
    metric_write_histogram(&sheet->writer, NULL, 0, &histogram);
    assert_string_equal(text_of(sheet), "# HELP size How large.\n# TYPE size histogram\n"
                                        "size_bucket{le=\"+Inf\"} 0\nsize_sum 0\nsize_count 0\n");
}

static void test_the_page_is_appended(void **state)
{
    struct sheet *sheet = *state;
    buffer_append_string(&sheet->buffer, "# before\n");
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    assert_string_equal(text_of(sheet), "# before\n" GAUGE_HEADING "level 1\n");
}

/* The page of one format, from `write`, as a string. */
static const char *page_in(struct sheet *sheet, enum metric_format format,
                           void (*write)(struct metric_writer *writer))
{
    struct metric_writer writer = metric_writer_start(&sheet->buffer, format, 1.5);
    write(&writer);
    metric_writer_finish(&writer);
    return text_of(sheet);
}

static void write_each_type(struct metric_writer *writer)
{
    static const double bounds[] = {0.5, 10, 1e5, 1e6};
    struct histogram histogram = histogram_make(bounds, 4, HISTOGRAM_OF_COUNTS);
    histogram_observe(&histogram, 7);
    metric_begin(writer, GAUGE);
    metric_write_integer(writer, &(struct label){"of", "it"}, 1, 10);
    metric_begin(writer, SECONDS);
    metric_write_real(writer, NULL, 0, 1.5);
    metric_begin(writer, BUILD);
    metric_write_integer(writer, &(struct label){"version", "1"}, 1, 1);
    metric_begin(writer, COUNTER); /* writes nothing */
    metric_begin(writer, HISTOGRAM);
    metric_write_histogram(writer, NULL, 0, &histogram);
}

static void test_text(void **state)
{
    assert_string_equal(page_in(*state, METRIC_TEXT, write_each_type),
                        "# HELP level How high.\n# TYPE level gauge\nlevel{of=\"it\"} 10\n"
                        "# HELP waited_seconds_total How \"long\".\n"
                        "# TYPE waited_seconds_total counter\nwaited_seconds_total 1.5\n"
                        "# HELP build_info Which.\n# TYPE build_info gauge\n"
                        "build_info{version=\"1\"} 1\n"
                        "# HELP size How large.\n# TYPE size histogram\n"
                        "size_bucket{le=\"0.5\"} 0\nsize_bucket{le=\"10\"} 1\n"
                        "size_bucket{le=\"100000\"} 1\nsize_bucket{le=\"1e+06\"} 1\n"
                        "size_bucket{le=\"+Inf\"} 1\nsize_sum 7\nsize_count 1\n");
}

static void test_openmetrics(void **state)
{
    assert_string_equal(page_in(*state, METRIC_OPENMETRICS, write_each_type),
                        "# HELP level How high.\n# TYPE level gauge\nlevel{of=\"it\"} 10\n"
                        "# HELP waited_seconds How \\\"long\\\".\n# TYPE waited_seconds counter\n"
                        "# UNIT waited_seconds seconds\nwaited_seconds_total 1.5\n"
                        "# HELP build Which.\n# TYPE build info\nbuild_info{version=\"1\"} 1\n"
                        "# HELP size How large.\n# TYPE size histogram\n"
                        "size_bucket{le=\"0.5\"} 0\nsize_bucket{le=\"10.0\"} 1\n"
                        "size_bucket{le=\"100000.0\"} 1\nsize_bucket{le=\"1e+06\"} 1\n"
                        "size_bucket{le=\"+Inf\"} 1\nsize_sum 7\nsize_count 1\n# EOF\n");
}

static void write_nothing(struct metric_writer *writer)
{
    metric_begin(writer, GAUGE);
}

static void test_empty_pages(void **state)
{
    struct sheet *sheet = *state;
    assert_string_equal(page_in(sheet, METRIC_TEXT, write_nothing), "");
    assert_string_equal(page_in(sheet, METRIC_PROTOBUF, write_nothing), "");
    assert_string_equal(page_in(sheet, METRIC_OPENMETRICS, write_nothing), "# EOF\n");
}

static void assert_bytes(const struct sheet *sheet, const void *expected, size_t length)
{
    assert_int_equal(sheet->buffer.length, length);
    assert_memory_equal(sheet->buffer.data, expected, length);
}

static void write_labelled_counter(struct metric_writer *writer)
{
    metric_begin(writer, "a_bytes", METRIC_COUNTER, "B.");
    metric_write_integer(writer, &(struct label){"l", "v"}, 1, 1);
}

/* A timestamp of 1.5 seconds. */
#define CREATED "\x08\x01\x10\x80\xca\xb5\xee\x01"

static void test_protobuf_byte_for_byte(void **state)
{
    struct sheet *sheet = *state;
    page_in(sheet, METRIC_PROTOBUF, write_labelled_counter);
    static const char expected[] = "\x3b"                             /* the length of the family */
                                   "\x0a\x0d"                         /* name */
                                   "a_bytes_total"                    /* */
                                   "\x12\x02"                         /* help */
                                   "B."                               /* */
                                   "\x18\x00"                         /* COUNTER */
                                   "\x2a\x05"                         /* unit */
                                   "bytes"                            /* */
                                   "\x22\x1d"                         /* metric */
                                   "\x0a\x06\x0a\x01l\x12\x01v"       /* label */
                                   "\x1a\x13\x09\0\0\0\0\0\0\xf0\x3f" /* counter of 1.0 */
                                   "\x1a\x08" CREATED;
    assert_bytes(sheet, expected, sizeof expected - 1);
}

static void write_foreign_counter(struct metric_writer *writer)
{
    metric_begin(writer, "a", METRIC_FOREIGN_COUNTER, "B.");
    metric_write_integer(writer, NULL, 0, 1);
}

static void test_a_kernel_counter_has_no_start(void **state)
{
    struct sheet *sheet = *state;
    page_in(sheet, METRIC_PROTOBUF, write_foreign_counter);
    static const char expected[] = "\x1c\x0a\x07"
                                   "a_total\x12\x02"
                                   "B.\x18\x00"
                                   "\x22\x0b\x1a\x09\x09\0\0\0\0\0\0\xf0\x3f";
    assert_bytes(sheet, expected, sizeof expected - 1);
}

static void write_sparse_histogram(struct metric_writer *writer)
{
    struct histogram histogram = histogram_make(NULL, 0, HISTOGRAM_OF_SHARES);
    static const double values[] = {0, 0.25, 0.25, 0.25, 0.5, 0.5, 0.5, 1.05, 1.1};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        histogram_observe(&histogram, values[i]);
    metric_begin(writer, HISTOGRAM);
    metric_write_histogram(writer, NULL, 0, &histogram);
}

static void write_labelled_histogram(struct metric_writer *writer)
{
    static const double bounds[] = {0.25};
    struct histogram histogram = histogram_make(bounds, 1, HISTOGRAM_OF_SHARES);
    histogram_observe(&histogram, 0);
    histogram_observe(&histogram, 0.5);
    metric_begin(writer, "share", METRIC_HISTOGRAM, "Of.");
    metric_write_histogram(writer, &(struct label){"l", "v"}, 1, &histogram);
}

static void test_a_protobuf_histogram_byte_for_byte(void **state)
{
    struct sheet *sheet = *state;
    page_in(sheet, METRIC_PROTOBUF, write_labelled_histogram);
    static const char expected[] = "\x51\x0a\x05share\x12\x03Of."
                                   "\x18\x04"                         /* HISTOGRAM */
                                   "\x22\x41"                         /* metric */
                                   "\x0a\x06\x0a\x01l\x12\x01v"       /* label */
                                   "\x3a\x37"                         /* histogram */
                                   "\x08\x02"                         /* count */
                                   "\x11\0\0\0\0\0\0\xe0\x3f"         /* sum 0.5 */
                                   "\x1a\x0b\x08\x01"                 /* 1 up to */
                                   "\x11\0\0\0\0\0\0\xd0\x3f"         /* 0.25 */
                                   "\x28\x06"                         /* schema 3 */
                                   "\x31\0\0\0\0\0\0\xf0\x37\x38\x01" /* zeros: 1, up to 2^-128 */
                                   "\x62\x04\x08\x0f\x10\x01"         /* from -8, length 1 */
                                   "\x68\x02"                         /* 1 */
                                   "\x7a\x08" CREATED;
    assert_bytes(sheet, expected, sizeof expected - 1);
}

/* 0.25 is in bucket -16, 0.5 in -8, 1.05 in 1, 1.1 in 2. */
static void test_native_buckets_are_spans_and_deltas(void **state)
{
    struct sheet *sheet = *state;
    page_in(sheet, METRIC_PROTOBUF, write_sparse_histogram);
    static const char spans[] = "\x62\x04\x08\x1f\x10\x01"         /* offset -16, length 1 */
                                "\x62\x04\x08\x0e\x10\x01"         /* 7 skipped */
                                "\x62\x04\x08\x10\x10\x02"         /* 8 skipped, length 2 */
                                "\x68\x06\x68\x00\x68\x03\x68\x00" /* 3, +0, -2, +0 */
                                "\x7a\x08" CREATED;
    size_t length = sizeof spans - 1;
    assert_true(sheet->buffer.length > length);
    assert_memory_equal(sheet->buffer.data + sheet->buffer.length - length, spans, length);
}

/* Lengths above 127 need a second byte, so all data after it moves. */
static void write_long_label(struct metric_writer *writer)
{
    static char value[20001];
    memset(value, 'x', sizeof value - 1);
    metric_begin(writer, GAUGE);
    metric_write_integer(writer, &(struct label){"l", value}, 1, 1);
}

static void test_protobuf_lengths_grow(void **state)
{
    struct sheet *sheet = *state;
    page_in(sheet, METRIC_PROTOBUF, write_long_label);
    /* Three bytes of length, name, help, type; then metric, label, and the value's 20,000. */
    static const char head[] = "\xce\x9c\x01"
                               "\x0a\x05level\x12\x09How high.\x18\x01"
                               "\x22\xb6\x9c\x01\x0a\xa7\x9c\x01\x0a\x01l\x12\xa0\x9c\x01xxx";
    assert_int_equal(sheet->buffer.length, 3 + 20046);
    assert_memory_equal(sheet->buffer.data, head, sizeof head - 1);
}

/* A buffer at the end of the address space: it cannot grow, and no test writes into it. */
static struct buffer full_buffer(void)
{
    return (struct buffer){.length = SIZE_MAX / 2 + 1, .capacity = SIZE_MAX / 2 + 1};
}

static void test_out_of_memory_is_reported_at_the_end(void **state)
{
    (void)state;
    static const double bounds[] = {1};
    struct histogram histogram = histogram_make(bounds, 1, HISTOGRAM_OF_COUNTS);
    struct buffer buffer = full_buffer();
    struct metric_writer writer = metric_writer_start(&buffer, METRIC_TEXT, 0);
    metric_begin(&writer, GAUGE);
    assert_false(buffer.failed); /* nothing was written yet */
    metric_write_integer(&writer, &(struct label){"name", "\"value\""}, 1, 1);
    assert_true(buffer.failed);
    metric_write_real(&writer, NULL, 0, 0.1);
    metric_begin(&writer, HISTOGRAM);
    metric_write_histogram(&writer, NULL, 0, &histogram);
    assert_true(buffer.failed);
    assert_int_equal(buffer.length, SIZE_MAX / 2 + 1);
}

/* A family in protobuf has a buffer of its own. */
static void test_a_family_that_is_not_whole_fails_the_page(void **state)
{
    (void)state;
    struct buffer buffer = {0};
    struct metric_writer writer = metric_writer_start(&buffer, METRIC_PROTOBUF, 0);
    metric_begin(&writer, GAUGE);
    metric_write_integer(&writer, NULL, 0, 1);
    writer.message.failed = true;
    metric_write_integer(&writer, &(struct label){"name", "value"}, 1, 1);
    metric_writer_finish(&writer);
    assert_true(buffer.failed);
    buffer_free(&buffer);
}

static void test_a_failed_buffer_takes_no_more_even_with_room(void **state)
{
    struct sheet *sheet = *state;
    buffer_append_string(&sheet->buffer, "0123456789");
    sheet->buffer.failed = true;
    size_t length = sheet->buffer.length;
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    buffer_append(&sheet->buffer, "x", 1);
    buffer_append_format(&sheet->buffer, "%d%500s", 1, "long");
    assert_int_equal(sheet->buffer.length, length);
    assert_true(sheet->buffer.failed);
}

static void test_clearing_ends_the_failure(void **state)
{
    struct sheet *sheet = *state;
    sheet->buffer.failed = true;
    buffer_clear(&sheet->buffer);
    metric_begin(&sheet->writer, GAUGE);
    metric_write_integer(&sheet->writer, NULL, 0, 1);
    assert_string_equal(text_of(sheet), GAUGE_HEADING "level 1\n");
}

#define on_sheet(test) cmocka_unit_test_setup_teardown(test, begin_sheet, end_sheet)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_sheet(test_heading_comes_once_before_the_samples),
        on_sheet(test_a_family_without_samples_is_not_written),
        on_sheet(test_a_counter_has_its_suffix_everywhere),
        on_sheet(test_families_follow_each_other),
        on_sheet(test_labels_keep_their_order),
        on_sheet(test_label_values_are_escaped),
        on_sheet(test_other_bytes_of_label_values_are_not_changed),
        on_sheet(test_help_is_escaped_except_quotes),
        on_sheet(test_long_texts_are_written_completely),
        on_sheet(test_integers_have_all_their_digits),
        on_sheet(test_simple_reals_are_simple_texts),
        on_sheet(test_nan_and_infinity_have_their_names),
        on_sheet(test_reals_read_back_as_they_were),
        on_sheet(test_any_real_reads_back_as_it_was),
        on_sheet(test_a_histogram_is_cumulative_up_to_infinity),
        on_sheet(test_a_histogram_needs_no_labels_and_no_values),
        on_sheet(test_the_page_is_appended),
        on_sheet(test_text),
        on_sheet(test_openmetrics),
        on_sheet(test_empty_pages),
        on_sheet(test_protobuf_byte_for_byte),
        on_sheet(test_a_protobuf_histogram_byte_for_byte),
        on_sheet(test_a_kernel_counter_has_no_start),
        on_sheet(test_native_buckets_are_spans_and_deltas),
        on_sheet(test_protobuf_lengths_grow),
        cmocka_unit_test(test_out_of_memory_is_reported_at_the_end),
        cmocka_unit_test(test_a_family_that_is_not_whole_fails_the_page),
        on_sheet(test_a_failed_buffer_takes_no_more_even_with_room),
        on_sheet(test_clearing_ends_the_failure),
    };
    return cmocka_run_group_tests_name("metric writer", tests, NULL, NULL);
}
