// SPDX-License-Identifier: Apache-2.0
/*
 * Pages under several readers and one writer. Run under ThreadSanitizer and AddressSanitizer, it
 * also shows that nobody reads a page that is gone.
 */
#include "sockdiag/publication.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Under the sanitizers, an allocation that is too large fails as it does without them. */
const char *__asan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

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

static void put_text(struct publication *publication, const char *text)
{
    assert_true(publication_put(publication, &(struct page){.body = text, .length = strlen(text)}));
}

static void assert_text(const struct page *page, const char *text)
{
    assert_non_null(page);
    assert_int_equal(page->length, strlen(text));
    assert_memory_equal(page->body, text, strlen(text));
}

static void test_before_the_first_there_is_no_page(void **state)
{
    assert_null(publication_get(*state));
    assert_null(publication_get(*state));
}

static void test_a_page_comes_out_as_it_went_in(void **state)
{
    assert_true(publication_put(
        *state, &(struct page){.body = "a\0b", .length = 3, .ready = true, .valid_until = 12345}));
    const struct page *page = publication_get(*state);
    assert_non_null(page);
    assert_int_equal(page->length, 3);
    assert_memory_equal(page->body, "a\0b", 3);
    assert_true(page->ready);
    assert_int_equal(page->valid_until, 12345);
    page_release(page);
}

static void test_a_page_is_a_copy(void **state)
{
    char body[] = "before";
    put_text(*state, body);
    memset(body, '?', sizeof body - 1);
    const struct page *page = publication_get(*state);
    assert_text(page, "before");
    page_release(page);
}

static void test_an_empty_page_is_a_page(void **state)
{
    assert_true(publication_put(*state, &(struct page){.body = NULL, .length = 0, .ready = true}));
    const struct page *page = publication_get(*state);
    assert_text(page, "");
    assert_true(page->ready);
    page_release(page);
}

static void test_the_newest_page_takes_the_place_of_the_old(void **state)
{
    put_text(*state, "old");
    put_text(*state, "newer");
    const struct page *page = publication_get(*state);
    assert_text(page, "newer");
    page_release(page);
}

static void test_a_page_lives_until_its_last_reader_is_done(void **state)
{
    put_text(*state, "old");
    const struct page *first = publication_get(*state);
    const struct page *second = publication_get(*state);
    put_text(*state, "newer");
    put_text(*state, "newest");
    assert_text(first, "old");
    page_release(first);
    assert_text(second, "old");
    page_release(second);
    const struct page *page = publication_get(*state);
    assert_text(page, "newest");
    page_release(page);
}

static void test_a_page_is_read_again_and_again(void **state)
{
    put_text(*state, "page");
    for (int i = 0; i < 1000; i++) {
        const struct page *page = publication_get(*state);
        assert_text(page, "page");
        page_release(page);
    }
}

static void test_without_memory_the_old_page_stays(void **state)
{
    put_text(*state, "old");
    assert_false(publication_put(*state, &(struct page){.body = "new", .length = SIZE_MAX / 2}));
    const struct page *page = publication_get(*state);
    assert_text(page, "old");
    page_release(page);
}

/* Page number n: its length and each of its bytes follow from n, which `valid_until` carries. */
enum { PUTS = 4000, READERS = 4, HELD = 5, READS_AT_MOST = 200000 };

static size_t length_of(int64_t number)
{
    return (size_t)(number * 37 % 1500);
}

static bool is_page(const struct page *page)
{
    if (page->length != length_of(page->valid_until) || page->ready != (page->valid_until % 2 == 0))
        return false;
    for (size_t i = 0; i < page->length; i++) {
        if (page->body[i] != (char)page->valid_until)
            return false;
    }
    return true;
}

static bool put_number(struct publication *publication, int64_t number)
{
    char body[1500];
    memset(body, (char)number, sizeof body);
    return publication_put(publication, &(struct page){.body = body,
                                                       .length = length_of(number),
                                                       .ready = number % 2 == 0,
                                                       .valid_until = number});
}

struct traffic {
    struct publication *publication;
    pthread_barrier_t start;
    atomic_bool over;
    atomic_uint failures; /* cmocka's asserts are for the main thread only */
    const struct page *_Atomic handed_over;
};

/* Get pages and hold the last few; each must stay as it is, and none may be older than the one
 * before. */
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
        traffic->failures += !is_page(*place) || (*place)->valid_until < newest;
        newest = (*place)->valid_until;
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
    assert_int_equal(last->valid_until, PUTS);
    page_release(last);
}

/* Release what another thread got: as many pages as were put, or a failure is reported there. */
static void *release_pages(void *context)
{
    struct traffic *traffic = context;
    pthread_barrier_wait(&traffic->start);
    for (;;) {
        const struct page *page = atomic_exchange(&traffic->handed_over, NULL);
        if (page) {
            traffic->failures += !is_page(page);
            page_release(page);
        } else if (atomic_load(&traffic->over)) {
            return NULL;
        } else {
            sched_yield();
        }
    }
}

static void test_a_page_may_be_given_back_by_another_thread(void **state)
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
        with_publication(test_a_page_comes_out_as_it_went_in),
        with_publication(test_a_page_is_a_copy),
        with_publication(test_an_empty_page_is_a_page),
        with_publication(test_the_newest_page_takes_the_place_of_the_old),
        with_publication(test_a_page_lives_until_its_last_reader_is_done),
        with_publication(test_a_page_is_read_again_and_again),
        with_publication(test_without_memory_the_old_page_stays),
        with_publication(test_readers_and_a_writer_do_not_disturb_each_other),
        with_publication(test_a_page_may_be_given_back_by_another_thread),
    };
    return cmocka_run_group_tests_name("publication", tests, NULL, NULL);
}
