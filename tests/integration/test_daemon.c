// SPDX-License-Identifier: Apache-2.0
/*
 * The program itself: how it starts, serves, counts sockets between scrapes, and ends.
 */
#include "daemon_check.h"
#include "exposition_check.h"
#include "http_client.h"
#include "skip.h"
#include "zoo.h"

#include "base/clock.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

enum { PORT = 10073 };

/* Fast enough for a test to wait for the next sample. */
#define SAMPLE_FAST                                                                                \
    "--sample.interval=20ms", "--sample.detail-interval=100ms", "--sample.cpu-budget=100"

static struct daemon exporter;
static struct zoo *zoo; /* of the current test, so that teardown can remove it after a failure */

static void start(const char *const arguments[])
{
    daemon_start_ready(&exporter, arguments, NULL);
}

static void end_cleanly(void)
{
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static int end_what_runs(void **daemon)
{
    zoo_destroy(zoo);
    zoo = NULL;
    return daemon_end_what_runs(daemon);
}

static double value_of(const struct http_reply *reply, const char *series)
{
    return exposition_read(reply->body, reply->body_length, series);
}

static void assert_value(const struct http_reply *reply, const char *series, double expected)
{
    double value = value_of(reply, series);
    if (value != expected)
        fail_msg("%s is %g instead of %g", series, value, expected);
}

/* The value of one series in a new scrape. */
static double scrape(const char *series)
{
    struct http_reply reply;
    assert_int_equal(http_request(PORT, "GET", "/metrics", &reply), 0);
    assert_int_equal(reply.status, 200);
    double value = value_of(&reply, series);
    http_reply_free(&reply);
    return value;
}

/* Wait until the page has count samples that began after this call. It does not scrape, because
 * that would add sockets. The first page may have earlier samples; each of the others follows
 * several. */
static void await_pages(void)
{
    daemon_drop_messages(&exporter);
    for (int page = 0; page < 3; page++)
        assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
}

/* Wait for samples of a kind that began after this call: two more than before. The event is the
 * watchdog message of each page. */
static void await_samples(const char *series)
{
    double before = scrape(series);
    for (int turn = 0; turn < 500 && scrape(series) < before + 2; turn++)
        assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
    assert_true(scrape(series) >= before + 2);
}

#define COUNT_SAMPLES  "sockdiag_exporter_samples_total{sample=\"count\"}"
#define DETAIL_SAMPLES "sockdiag_exporter_samples_total{sample=\"detail\"}"

static void assert_reply(const char *method, const char *path, int status, const char *header)
{
    struct http_reply reply;
    assert_int_equal(http_request(PORT, method, path, &reply), 0);
    if (reply.status != status)
        fail_msg("%s %s: %d instead of %d", method, path, reply.status, status);
    if (header && !strstr(reply.head, header))
        fail_msg("%s %s: no \"%s\" in\n%s", method, path, header, reply.head);
    http_reply_free(&reply);
}

static void test_paths_and_methods(void **state)
{
    (void)state;
    start((const char *[]){NULL});
    assert_reply("GET", "/metrics", 200, "Content-Type: text/plain; version=0.0.4; charset=utf-8");
    assert_reply("GET", "/", 200, "Content-Type: text/html");
    assert_reply("GET", "/-/healthy", 200, NULL);
    assert_reply("GET", "/-/ready", 200, NULL);
    assert_reply("GET", "http://localhost/metrics", 200, "Content-Type: text/plain");
    assert_reply("GET", "HTTP://localhost", 200, "Content-Type: text/html");
    assert_reply("GET", "/metrics/", 404, NULL);
    assert_reply("GET", "/favicon.ico", 404, NULL);
    assert_reply("GET", "http://localhost/favicon.ico", 404, NULL);
    assert_reply("POST", "/metrics", 405, "Allow: GET, HEAD");
    assert_reply("DELETE", "/", 405, "Allow: GET, HEAD");
    end_cleanly();
}

static void test_a_place_is_reused(void **state)
{
    (void)state;
    start((const char *[]){"--web.max-connections=1", NULL});
    int64_t begin = clock_now(&system_clock);
    for (int i = 0; i < 20; i++)
        assert_reply("GET", "/-/healthy", 200, NULL);
    /* At once: not only when the exporter checks again after a second. */
    assert_true(clock_now(&system_clock) - begin < 10 * NANOSECONDS_PER_SECOND);
    end_cleanly();
}

static void test_head_has_the_headers_and_no_body(void **state)
{
    (void)state;
    struct http_reply reply;
    start((const char *[]){NULL});
    assert_int_equal(http_request(PORT, "HEAD", "/metrics", &reply), 0);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.head, "Content-Type: text/plain; version=0.0.4"));
    assert_null(strstr(reply.head, "Content-Length: 0"));
    assert_int_equal(reply.body_length, 0);
    http_reply_free(&reply);
    end_cleanly();
}

static void test_an_unexpected_body_is_answered_405(void **state)
{
    (void)state;
    struct http_reply reply;
    start((const char *[]){NULL});
    int fd = http_connect(NULL, "127.0.0.1", PORT);
    assert_true(fd >= 0);
    assert_int_equal(http_exchange(fd,
                                   "POST /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: "
                                   "close\r\nContent-Length: 5\r\n\r\nhello",
                                   &reply),
                     0);
    assert_int_equal(reply.status, 405);
    http_reply_free(&reply);
    close(fd);
    end_cleanly();
}

static void test_the_page_is_valid_and_both_families_are_served(void **state)
{
    (void)state;
    struct http_reply reply;
    char why[256];
    start((const char *[]){SAMPLE_FAST, NULL});
    await_samples(DETAIL_SAMPLES);
    int fd = http_connect(NULL, "::1", PORT);
    assert_true(fd >= 0);
    assert_int_equal(
        http_exchange(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &reply),
        0);
    if (!exposition_is_valid(reply.body, reply.body_length, why, sizeof why))
        fail_msg("%s", why);
    assert_true(value_of(&reply, "process_open_fds") > 0);
    assert_true(value_of(&reply, "process_resident_memory_bytes") > 0);
    assert_value(&reply, "sockdiag_exporter_derived_counts", 1);
    http_reply_free(&reply);
    close(fd);
    end_cleanly();
}

static void test_the_daemon_counts_a_zoo(void **state)
{
    (void)state;
    const struct zoo_population population = {.established = 5,
                                              .syn_recv = 3,
                                              .fin_wait2_mini = 4,
                                              .time_wait = 20,
                                              .close_wait = 2,
                                              .listen = 6};
    struct http_reply reply;
    start((const char *[]){SAMPLE_FAST, "--web.listen-address=127.0.0.1:10073", NULL});
    assert_int_equal(zoo_create(&population, &population, &zoo), 0);
    await_pages();
    assert_int_equal(http_request(PORT, "GET", "/metrics", &reply), 0);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"established\"}", 10);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"syn_recv\"}", 6);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"fin_wait2\"}", 8);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"close_wait\"}", 4);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"listen\"}", 13);
    /* Scrapes of earlier tests have left some, too. */
    assert_true(value_of(&reply, "sockdiag_tcp_sockets{state=\"time_wait\"}") >= 40);
    http_reply_free(&reply);
    end_cleanly();
}

static void test_a_burst_between_scrapes_is_seen(void **state)
{
    (void)state;
    enum { BURST = 3000 };
    start((const char *[]){SAMPLE_FAST, NULL});
    assert_int_equal(zoo_create(NULL, NULL, &zoo), 0);
    double quiet = scrape("sockdiag_tcp_sampled_sockets_bucket{state=\"syn_recv\",le=\"2000\"}");
    double all = scrape("sockdiag_tcp_sampled_sockets_count{state=\"syn_recv\"}");
    assert_true(all >= quiet);

    /* It comes and goes without a scrape; watchdog messages show that samples were taken. */
    assert_int_equal(zoo_burst_syn_recv(zoo, BURST), 0);
    await_pages();
    assert_int_equal(zoo_burst_end(zoo), 0);
    await_pages();

    struct http_reply reply;
    assert_int_equal(http_request(PORT, "GET", "/metrics", &reply), 0);
    assert_value(&reply, "sockdiag_tcp_sockets{state=\"syn_recv\"}", 0);
    assert_value(&reply, "sockdiag_tcp_sockets_peak{state=\"syn_recv\"}", BURST);
    double above =
        value_of(&reply, "sockdiag_tcp_sampled_sockets_count{state=\"syn_recv\"}") -
        value_of(&reply, "sockdiag_tcp_sampled_sockets_bucket{state=\"syn_recv\",le=\"2000\"}");
    assert_true(above >= 1);
    assert_value(&reply, "sockdiag_tcp_sampled_sockets_bucket{state=\"syn_recv\",le=\"5000\"}",
                 value_of(&reply, "sockdiag_tcp_sampled_sockets_count{state=\"syn_recv\"}"));
    http_reply_free(&reply);
    end_cleanly();
}

/* Clients with idle connections do not block others. */
static void test_idle_connections_of_few_clients_leave_room_for_others(void **state)
{
    (void)state;
    enum { IDLE = 200 };
    static const char *const clients[] = {"127.0.0.2", "127.0.0.3", "127.0.0.4"};
    int idle[IDLE];
    struct http_reply reply;
    start((const char *[]){"--web.max-connections=64", NULL});
    for (int i = 0; i < IDLE; i++) {
        idle[i] = http_connect(clients[i % 3], "127.0.0.1", PORT);
        assert_true(idle[i] >= 0);
        assert_true(send(idle[i], "GET /metr", 9, MSG_NOSIGNAL) >= 0 || errno == EPIPE ||
                    errno == ECONNRESET);
    }
    assert_int_equal(http_request(PORT, "GET", "/metrics", &reply), 0);
    assert_int_equal(reply.status, 200);
    http_reply_free(&reply);
    for (int i = 0; i < IDLE; i++)
        close(idle[i]);
    end_cleanly();
}

static void test_signals_end_it_cleanly(void **state)
{
    (void)state;
    static const int signals[] = {SIGTERM, SIGINT};
    for (int i = 0; i < 2; i++) {
        start((const char *[]){NULL});
        assert_int_equal(kill(exporter.pid, signals[i]), 0);
        assert_true(daemon_await_message(&exporter, "STOPPING=1"));
        daemon_assert_end(&exporter, 0, 0);
    }
}

static void test_the_watchdog_is_fed(void **state)
{
    (void)state;
    start((const char *[]){SAMPLE_FAST, NULL});
    assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
    assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
    end_cleanly();
}

/* It ends by itself with `code` and one line that contains `word`. */
static void assert_refuses(const char *const arguments[], void (*before_exec)(void), int code,
                           const char *word)
{
    static struct daemon daemon;
    assert_int_equal(daemon_start(&daemon, arguments, before_exec), 0);
    daemon_assert_end(&daemon, 0, code);
    const char *errors = daemon.errors;
    const char *line = strstr(errors, "sockdiag_exporter: ");
    if (!line || !strstr(line, word) || strchr(line, '\n') != errors + strlen(errors) - 1)
        fail_msg("not one line with \"%s\":\n%s", word, errors);
}

static void test_a_taken_port_is_one_line_and_exit_1(void **state)
{
    (void)state;
    start((const char *[]){NULL});
    assert_refuses((const char *[]){NULL}, NULL, 1, ":10073");
    end_cleanly();
}

static void test_a_wrong_flag_is_one_line_and_exit_2(void **state)
{
    (void)state;
    assert_refuses((const char *[]){"--no-such-flag", NULL}, NULL, 2, "--no-such-flag");
    assert_refuses((const char *[]){"--sample.interval=soon", NULL}, NULL, 2, "--sample.interval");
    assert_refuses((const char *[]){"--web.listen-address=:99999", NULL}, NULL, 2, ":99999");
}

/* Like a sandbox without AF_NETLINK: socket() fails with EAFNOSUPPORT. */
static void forbid_netlink(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        _exit(99);
}

static void test_a_kernel_without_sock_diag_is_one_line_and_exit_1(void **state)
{
    (void)state;
    assert_refuses((const char *[]){NULL}, forbid_netlink, 1, "AF_NETLINK");
    assert_refuses((const char *[]){"--once", NULL}, forbid_netlink, 1, "AF_NETLINK");
}

#define DAEMON_TEST(name)                                                                          \
    cmocka_unit_test_prestate_setup_teardown(name, NULL, end_what_runs, &exporter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAEMON_TEST(test_paths_and_methods),
        DAEMON_TEST(test_a_place_is_reused),
        DAEMON_TEST(test_head_has_the_headers_and_no_body),
        DAEMON_TEST(test_an_unexpected_body_is_answered_405),
        DAEMON_TEST(test_the_page_is_valid_and_both_families_are_served),
        DAEMON_TEST(test_the_daemon_counts_a_zoo),
        DAEMON_TEST(test_a_burst_between_scrapes_is_seen),
        DAEMON_TEST(test_idle_connections_of_few_clients_leave_room_for_others),
        DAEMON_TEST(test_signals_end_it_cleanly),
        DAEMON_TEST(test_the_watchdog_is_fed),
        DAEMON_TEST(test_a_taken_port_is_one_line_and_exit_1),
        DAEMON_TEST(test_a_wrong_flag_is_one_line_and_exit_2),
        DAEMON_TEST(test_a_kernel_without_sock_diag_is_one_line_and_exit_1),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, NULL, NULL);
}
