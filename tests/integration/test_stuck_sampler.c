// SPDX-License-Identifier: Apache-2.0
/*
 * The web server's answers when the sampler takes no more samples. The test steps the sampler, or
 * does not; sampler and web server use the test's clock.
 */
#include "fake_kernel.h"
#include "http_client.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND NANOSECONDS_PER_SECOND

static const struct sampler_options sampler_options = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 0.02,
    .peak_window = 60 * SECOND,
};

/* The web server's threads read it, too. */
static atomic_int_least64_t now;

static int64_t read_now(void *context)
{
    (void)context;
    return atomic_load(&now);
}

static const struct clock test_clock = {
    .monotonic = read_now, .unix_time = read_now, .thread_cpu = read_now};

static struct fake_kernel kernel;
static struct publication *publication;
static struct sampler *sampler;
static struct web_server *web;

/* The sampler's reader. */
static void publish(void *context, const struct snapshot *snapshot)
{
    (void)context;
    const struct self_report self = {.version = "1", .revision = "2", .telemetry_path = "/metrics"};
    struct page *page = page_create(snapshot, &self, &test_clock);
    assert_non_null(page);
    publication_put(publication, page);
}

static int set_up(void **state)
{
    (void)state;
    atomic_store(&now, 1000 * SECOND);
    fake_kernel_init(&kernel, 0);
    publication = publication_create();
    sampler = sampler_create(&sampler_options, &kernel.access, &test_clock, publish, NULL);
    web = small_web_start(publication, &test_clock, NULL);
    return publication && sampler && web ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    web_server_stop(web);
    sampler_destroy(sampler);
    publication_destroy(publication);
    fake_kernel_release(&kernel);
    return 0;
}

/* The answer at `path` has this status and this text. Only the 503 page for a browser has a Refresh
 * header, because it does not refresh itself. */
static void assert_answer(const char *path, int status, const char *text)
{
    struct http_reply reply;
    assert_int_equal(http_request(SMALL_WEB_PORT, "GET", path, &reply), 0);
    if (reply.status != status || !strstr(reply.body, text))
        fail_msg("%s: %d\n%s", path, reply.status, reply.body);
    bool refreshed = strcmp(path, "/") == 0 && status == 503;
    assert_int_equal(strstr(reply.head, "\r\nRefresh: 5\r\n") != NULL, refreshed);
    assert_int_equal(strstr(reply.head, "Refresh") != NULL, refreshed);
    http_reply_free(&reply);
}

static void assert_served(void)
{
    assert_answer("/metrics", 200, "sockdiag_tcp_sockets");
    assert_answer("/", 200, "</html>");
    assert_answer("/-/ready", 200, "Ready.\n");
}

static void assert_unavailable(const char *why)
{
    assert_answer("/metrics", 503, why);
    assert_answer("/", 503, why);
    assert_answer("/-/ready", 503, why);
    assert_answer("/-/healthy", 200, "Healthy.\n");
}

static void test_before_the_first_sample_nothing_is_served(void **state)
{
    (void)state;
    assert_unavailable("No sample was taken yet.\n");
    sampler_step(sampler);
    assert_served();
}

static void test_a_stuck_sampler_is_reported_after_half_a_minute(void **state)
{
    (void)state;
    sampler_step(sampler);
    atomic_fetch_add(&now, 30 * SECOND);
    assert_served();
    atomic_fetch_add(&now, 1);
    assert_unavailable("The sampler is stuck: the numbers are too old to be shown.\n");
    sampler_step(sampler);
    assert_served();
}

static void test_ages_grow_without_a_sample(void **state)
{
    (void)state;
    sampler_step(sampler);
    assert_answer("/", 200, ">count sample: 0\u202fs ago<");
    atomic_fetch_add(&now, 20 * SECOND);
    assert_answer("/", 200, ">count sample: 20\u202fs ago<");
}

static void test_without_count_samples_it_is_not_ready(void **state)
{
    (void)state;
    sampler_step(sampler);
    kernel.answer = ANSWER_ERROR;
    for (int second = 0; second < 5; second++) {
        atomic_fetch_add(&now, SECOND);
        sampler_step(sampler);
    }
    assert_answer("/metrics", 200, "sockdiag_exporter_errors_total");
    assert_answer("/-/ready", 503, "No current count sample.\n");
}

#define WITH_WEB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WEB(test_before_the_first_sample_nothing_is_served),
        WITH_WEB(test_a_stuck_sampler_is_reported_after_half_a_minute),
        WITH_WEB(test_ages_grow_without_a_sample),
        WITH_WEB(test_without_count_samples_it_is_not_ready),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
