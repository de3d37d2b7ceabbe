// SPDX-License-Identifier: Apache-2.0
/*
 * Pages: copies of a snapshot, and the bodies that are made from them once.
 */
#include "publish/page.h"

#include "exposition_check.h"
#include "status/status_page.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static const double bounds[] = {1, 10};
static const struct self_report self = {
    .version = "1.2.3", .revision = "abc", .telemetry_path = "/metrics"};

/* A snapshot in memory that the test may overwrite, and the time. */
struct source {
    int64_t now; /* monotonic; unix time is the same */
    struct clock clock;
    struct listener_row listeners[3];
    struct destination destinations[2];
    struct snapshot snapshot;
};

static int64_t read_now(void *context)
{
    const struct source *source = context;
    return source->now;
}

static int make_source(void **state)
{
    struct source *source = calloc(1, sizeof *source);
    if (!source)
        return -1;
    for (uint16_t i = 0; i < 3; i++)
        source->listeners[i] = (struct listener_row){.port = (uint16_t)(80 + i), .queue_length = 5};
    source->destinations[0].remote_port = 443;
    source->destinations[1].remote_port = 444;
    source->snapshot = (struct snapshot){
        .has_counts = true,
        .sockets = {[TCP_STATE_TIME_WAIT] = 1234},
        .queues = source->listeners,
        .queue_count = 3,
        .has_detail = true,
        .listeners = source->listeners,
        .listener_count = 2,
        .listeners_collected = true,
        .ports = {[SOCKET_TCP] = {.present = true,
                                  .has_destinations = true,
                                  .destinations = source->destinations,
                                  .destination_count = 2}},
    };
    for (size_t i = 0; i < TCP_STATES; i++)
        source->snapshot.sampled_sockets[i] = histogram_make(bounds, 2, HISTOGRAM_OF_COUNTS);
    for (size_t i = 0; i < PORT_SCOPES; i++)
        source->snapshot.ports[SOCKET_TCP].sampled_utilization[i] =
            histogram_make(bounds, 2, HISTOGRAM_OF_SHARES);
    source->clock = (struct clock){.monotonic = read_now, .unix_time = read_now, .context = source};
    *state = source;
    return 0;
}

static int free_source(void **state)
{
    free(*state);
    return 0;
}

/* A body that stays valid because the page is not released. */
static const struct buffer *get_body(const struct page *page, enum page_format format,
                                     bool compressed)
{
    struct body *body = page_body(page, format, compressed);
    assert_non_null(body);
    body_release(body);
    return &body->bytes;
}

/* The uncompressed `body`; free it. */
static char *unpack(const struct buffer *body, size_t *length)
{
    enum { ROOM = 1 << 20 };
    char *text = malloc(ROOM);
    assert_non_null(text);
    z_stream stream = {.next_in = (Bytef *)body->data,
                       .avail_in = (uInt)body->length,
                       .next_out = (Bytef *)text,
                       .avail_out = ROOM};
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    *length = stream.total_out;
    assert_int_equal(inflateEnd(&stream), Z_OK);
    return text;
}

static void test_a_page_holds_copies(void **state)
{
    struct source *source = *state;
    struct buffer direct = {0};
    exposition_render(&direct, METRIC_TEXT, &source->snapshot, &self);
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    assert_non_null(page);
    memset(source->listeners, 0xff, sizeof *source - offsetof(struct source, listeners));

    const struct buffer *body = get_body(page, PAGE_TEXT, false);
    assert_int_equal(body->length, direct.length);
    assert_memory_equal(body->data, direct.data, direct.length);
    assert_true(page_is_ready(page));
    page_release(page);
    buffer_free(&direct);
}

static void test_a_page_is_valid_until_the_next_would_be_late(void **state)
{
    struct source *source = *state;
    source->now = 1000;
    source->snapshot.next_within = 77;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    source->now = 2000;
    assert_int_equal(page_valid_until(page), 1077);
    page_release(page);
}

static void test_each_format_has_its_own_body(void **state)
{
    static const char *const beginnings[PAGE_FORMATS] = {
        [PAGE_TEXT] = "# HELP sockdiag_tcp_sockets ",
        [PAGE_OPENMETRICS] = "# HELP sockdiag_tcp_sockets ",
        [PAGE_STATUS] = "<!DOCTYPE html>",
    };
    struct source *source = *state;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    for (enum page_format format = 0; format < PAGE_FORMATS; format++) {
        const struct buffer *body = get_body(page, format, false);
        if (beginnings[format])
            assert_memory_equal(body->data, beginnings[format], strlen(beginnings[format]));
    }
    const struct buffer *text = get_body(page, PAGE_TEXT, false);
    const struct buffer *openmetrics = get_body(page, PAGE_OPENMETRICS, false);
    char why[256];
    assert_true(exposition_is_valid(text->data, text->length, why, sizeof why));
    assert_memory_equal(openmetrics->data + openmetrics->length - 6, "# EOF\n", 6);
    page_release(page);
}

static void test_a_compressed_body_is_the_plain_one(void **state)
{
    struct source *source = *state;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    for (enum page_format format = 0; format < PAGE_FORMATS; format++) {
        const struct buffer *packed = get_body(page, format, true);
        const struct buffer *plain = get_body(page, format, false);
        size_t length;
        char *unpacked = unpack(packed, &length);
        assert_int_equal(length, plain->length);
        assert_memory_equal(unpacked, plain->data, length);
        assert_true(packed->length < plain->length);
        free(unpacked);
    }
    page_release(page);
}

static void *ask_for_bodies(void *context)
{
    const struct page *page = context;
    struct body **bodies = calloc(PAGE_FORMATS, sizeof(struct body *));
    for (enum page_format format = 0; bodies && format < PAGE_FORMATS; format++)
        bodies[format] = page_body(page, format, true);
    page_release(page);
    return bodies;
}

static void test_a_body_is_made_once_for_all(void **state)
{
    enum { READERS = 4 };
    struct source *source = *state;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    pthread_t readers[READERS];
    struct body **bodies[READERS];
    for (int i = 0; i < READERS; i++)
        assert_int_equal(
            pthread_create(&readers[i], NULL, ask_for_bodies, (void *)page_share(page)), 0);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i], (void **)&bodies[i]);
        assert_non_null(bodies[i]);
        for (enum page_format format = 0; format < PAGE_FORMATS; format++)
            assert_ptr_equal(bodies[i][format], bodies[0][format]);
    }
    for (int i = 0; i < READERS; i++) {
        for (enum page_format format = 0; format < PAGE_FORMATS; format++)
            body_release(bodies[i][format]);
        free(bodies[i]);
    }
    page_release(page);
}

/* Does the status page, plain and compressed, contain this? */
static void assert_status_says(const struct page *page, const char *text)
{
    const struct buffer *plain = get_body(page, PAGE_STATUS, false);
    assert_non_null(memmem(plain->data, plain->length, text, strlen(text)));
    size_t length;
    char *unpacked = unpack(get_body(page, PAGE_STATUS, true), &length);
    assert_int_equal(length, plain->length);
    assert_memory_equal(unpacked, plain->data, length);
    free(unpacked);
}

static void test_the_status_page_has_the_time_of_the_request(void **state)
{
    struct source *source = *state;
    source->snapshot.samples[SAMPLE_COUNT] =
        (struct sample_report){.successes = 1, .last_success = 90};
    source->now = 100 * NANOSECONDS_PER_SECOND;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    assert_status_says(page, ">1970-01-01 00:01:40 UTC<");
    assert_status_says(page, ">count sample: 10\u202fs ago<");
    source->now = 108 * NANOSECONDS_PER_SECOND;
    assert_status_says(page, ">1970-01-01 00:01:48 UTC<");
    assert_status_says(page, ">count sample: 18\u202fs ago<");
    page_release(page);
}

static void test_only_the_status_page_is_made_again_and_once_a_second(void **state)
{
    struct source *source = *state;
    source->now = 100 * NANOSECONDS_PER_SECOND;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    struct body *last[PAGE_FORMATS][2] = {
        {NULL}}; /* held, so that a new one has a different address */
    for (int quarters = 0; quarters <= 8; quarters++) {
        for (int i = 0; i < PAGE_FORMATS * 2; i++) {
            int format = i / 2, compressed = i % 2;
            struct body *body = page_body(page, (enum page_format)format, compressed);
            bool made = quarters == 0 || (format == PAGE_STATUS && quarters % 4 == 0);
            assert_int_equal(body != last[format][compressed], made);
            body_release(last[format][compressed]);
            last[format][compressed] = body;
        }
        source->now += NANOSECONDS_PER_SECOND / 4;
    }
    for (int i = 0; i < PAGE_FORMATS * 2; i++)
        body_release(last[i / 2][i % 2]);
    page_release(page);
}

static void test_a_body_outlives_its_page(void **state)
{
    struct source *source = *state;
    struct page *page = page_create(&source->snapshot, &self, &source->clock);
    struct body *body = page_body(page, PAGE_OPENMETRICS, false);
    page_release(page);
    assert_memory_equal(body->bytes.data + body->bytes.length - 6, "# EOF\n", 6);
    body_release(body);
}

#define on_source(test) cmocka_unit_test_setup_teardown(test, make_source, free_source)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_source(test_a_page_holds_copies),
        on_source(test_a_page_is_valid_until_the_next_would_be_late),
        on_source(test_each_format_has_its_own_body),
        on_source(test_a_compressed_body_is_the_plain_one),
        on_source(test_a_body_is_made_once_for_all),
        on_source(test_the_status_page_has_the_time_of_the_request),
        on_source(test_only_the_status_page_is_made_again_and_once_a_second),
        on_source(test_a_body_outlives_its_page),
    };
    return cmocka_run_group_tests_name("page", tests, NULL, NULL);
}
