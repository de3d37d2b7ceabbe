// SPDX-License-Identifier: Apache-2.0
/*
 * Pages with several readers and one writer. With ThreadSanitizer and AddressSanitizer, it also
 * shows that no reader uses a released page.
 */
#include "publish/publication.h"

#include "exposition_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static int create(void **state)
{
    *state = publication_create();
    return *state ? 0 : -1;
}

static int destroy(void **state)
{
    publication_destroy(*state);
    return 0;
}

static int64_t zero(void *context)
{
    (void)context;
    return 0;
}

static const struct clock still = {.monotonic = zero, .unix_time = zero, .thread_cpu = zero};

/* Page number n: `valid_until` is n, and the number of sockets and the readiness follow from n. */
static struct page *make_page(int64_t number)
{
    const struct snapshot snapshot = {
        .has_counts = number % 2 == 0,
        .sockets = {[TCP_STATE_ESTABLISHED] = (uint64_t)number},
        .errors = {(uint64_t)number},
        .next_within = number,
    };
    const struct self_report self = {.version = "1", .revision = "2", .telemetry_path = "/metrics"};
    return page_create(&snapshot, &self, &still);
}

static bool put_number(struct publication *publication, int64_t number)
{
    struct page *page = make_page(number);
    if (page)
        publication_put(publication, page);
    return page;
}

/* Does it agree with its number? Every reader gets the body, so that they compete for it. */
static bool is_page(const struct page *page)
{
    int64_t number = page_valid_until(page);
    char series[96];
    struct body *body = page_body(page, PAGE_TEXT, false);
    if (!body)
        return false;
    double errors;
    snprintf(series, sizeof series, "sockdiag_exporter_errors_total{reason=\"%s\"}",
             fault_reason_name(0));
    bool good = exposition_value(body->bytes.data, body->bytes.length, series, &errors) &&
                errors == (double)number && page_is_ready(page) == (number % 2 == 0);
    body_release(body);
    return good;
}

static void assert_number(const struct page *page, int64_t number)
{
    assert_non_null(page);
    assert_int_equal(page_valid_until(page), number);
    assert_true(is_page(page));
}

static void test_before_the_first_there_is_no_page(void **state)
{
    assert_null(publication_get(*state));
    assert_null(publication_get(*state));
}

static void test_the_newest_page_replaces_the_old(void **state)
{
    assert_true(put_number(*state, 1));
    assert_true(put_number(*state, 2));
    const struct page *page = publication_get(*state);
    assert_number(page, 2);
    page_release(page);
}

static void test_a_page_lives_until_its_last_reader_is_done(void **state)
{
    assert_true(put_number(*state, 1));
    const struct page *first = publication_get(*state);
    const struct page *second = publication_get(*state);
    assert_true(put_number(*state, 2));
    assert_true(put_number(*state, 3));
    assert_number(first, 1);
    page_release(first);
    assert_number(second, 1);
    page_release(second);
    const struct page *page = publication_get(*state);
    assert_number(page, 3);
    page_release(page);
}

enum { PUTS = 500, READERS = 4, HELD = 5, READS_AT_MOST = 20000 };

struct traffic {
    struct publication *publication;
    pthread_barrier_t start;
    atomic_bool over;
    atomic_uint failures; /* cmocka's asserts are for the main thread only */
    const struct page *_Atomic handed_over;
};

/* Get pages and hold the last few; none may change, and none may be older than the one before. */
static void *read_pages(void *context)
{
    struct traffic *traffic = context;
    const struct page *held[HELD] = {NULL};
    int64_t newest = 0;
    pthread_barrier_wait(&traffic->start);
    for (size_t i = 0; i < READS_AT_MOST && !atomic_load(&traffic->over); i++) {
        const struct page **place = &held[i % HELD];
        if (*place) {
            traffic->failures += !is_page(*place);
            page_release(*place);
        }
        *place = publication_get(traffic->publication);
        if (!*place)
            continue;
        traffic->failures += !is_page(*place) || page_valid_until(*place) < newest;
        newest = page_valid_until(*place);
    }
    for (size_t i = 0; i < HELD; i++) {
        if (!held[i])
            continue;
        traffic->failures += !is_page(held[i]);
        page_release(held[i]);
    }
    return NULL;
}

static void test_readers_and_a_writer_do_not_disturb_each_other(void **state)
{
    struct traffic traffic = {.publication = *state};
    pthread_t readers[READERS];
    pthread_barrier_init(&traffic.start, NULL, READERS + 1);
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_pages, &traffic), 0);
    pthread_barrier_wait(&traffic.start);
    for (int64_t number = 1; number <= PUTS; number++) {
        traffic.failures += !put_number(*state, number);
        if (number % 8 == 0)
            sched_yield();
    }
    atomic_store(&traffic.over, true);
    for (size_t i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    pthread_barrier_destroy(&traffic.start);
    assert_int_equal(traffic.failures, 0);

    const struct page *last = publication_get(*state);
    assert_non_null(last);
    assert_int_equal(page_valid_until(last), PUTS);
    page_release(last);
}

/* Release pages that another thread got, until all are released or that thread reports a failure.
 */
static void *release_pages(void *context)
{
    struct traffic *traffic = context;
    pthread_barrier_wait(&traffic->start);
    for (;;) {
        bool over = atomic_load(&traffic->over); /* first, so that the last page is seen */
        const struct page *page = atomic_exchange(&traffic->handed_over, NULL);
        if (page) {
            traffic->failures += !is_page(page);
            page_release(page);
        } else if (over) {
            return NULL;
        } else {
            sched_yield();
        }
    }
}

static void test_another_thread_may_release_a_page(void **state)
{
    struct traffic traffic = {.publication = *state};
    pthread_t releaser;
    pthread_barrier_init(&traffic.start, NULL, 2);
    assert_int_equal(pthread_create(&releaser, NULL, release_pages, &traffic), 0);
    pthread_barrier_wait(&traffic.start);
    for (int64_t number = 1; number <= PUTS; number++) {
        traffic.failures += !put_number(*state, number);
        const struct page *page = atomic_exchange(&traffic.handed_over, publication_get(*state));
        if (page) /* the other thread was too slow for this one */
            page_release(page);
    }
    atomic_store(&traffic.over, true);
    pthread_join(releaser, NULL);
    pthread_barrier_destroy(&traffic.start);
    assert_int_equal(traffic.failures, 0);
}

#define with_publication(test) cmocka_unit_test_setup_teardown(test, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_publication(test_before_the_first_there_is_no_page),
        with_publication(test_the_newest_page_replaces_the_old),
        with_publication(test_a_page_lives_until_its_last_reader_is_done),
        with_publication(test_readers_and_a_writer_do_not_disturb_each_other),
        with_publication(test_another_thread_may_release_a_page),
    };
    return cmocka_run_group_tests_name("publication", tests, NULL, NULL);
}
