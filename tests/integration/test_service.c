// SPDX-License-Identifier: Apache-2.0
/*
 * The program under a service manager and a shell: which signals end it and when, its
 * notifications, and that it does not wait for the reader of its log.
 */
#include "await.h"
#include "daemon_check.h"
#include "exposition_check.h"
#include "http_client.h"
#include "scratch.h"
#include "skip.h"
#include "zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PORT = 10073, PAGE = 4096, PATIENCE_MS = 30000 };

static const int stop_signals[] = {SIGTERM, SIGINT};

static struct daemon exporter;

static void start(const char *const arguments[], void (*before_exec)(void))
{
    assert_int_equal(daemon_start(&exporter, arguments, before_exec), 0);
}

/* The signal itself ends it: that is not a clean stop. */
static void assert_signal_ends_it(int signal_number)
{
    daemon_assert_end(&exporter, signal_number, -signal_number);
}

/* Read its log until it contains `text`. */
static void await_log(const char *text)
{
    static char line[65536];
    size_t used = 0;
    struct pollfd pollfd = {.fd = exporter.error_fd, .events = POLLIN};
    while (used < sizeof line - 1 && poll(&pollfd, 1, PATIENCE_MS) == 1 &&
           read(exporter.error_fd, line + used, 1) == 1) {
        line[++used] = '\0';
        if (line[used - 1] != '\n')
            continue;
        if (strstr(line, text))
            return;
        used = 0;
    }
    fail_msg("the log does not contain \"%s\"", text);
}

static double scrape(const char *series)
{
    struct http_reply reply;
    assert_int_equal(http_request(PORT, "GET", "/metrics", &reply), 0);
    assert_int_equal(reply.status, 200);
    double value = exposition_read(reply.body, reply.body_length, series);
    http_reply_free(&reply);
    return value;
}

/* Standard output of the next exporter: a pipe of one page. */
static int output[2];

static void use_output(void)
{
    dup2(output[1], STDOUT_FILENO);
}

static int is_output_full(void *context)
{
    (void)context;
    int bytes;
    return ioctl(output[0], FIONREAD, &bytes) == 0 ? bytes == PAGE : -errno;
}

static void test_once_with_a_stuck_output_ends_on_a_signal(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pipe2(output, O_CLOEXEC), 0);
        assert_true(fcntl(output[1], F_SETPIPE_SZ, PAGE) >= 0);
        start((const char *[]){"--once", NULL}, use_output);
        assert_int_equal(await_until(is_output_full, NULL), 0);
        assert_signal_ends_it(stop_signals[i]);
        close(output[0]);
        close(output[1]);
    }
}

/* Resolve names only with DNS, at 127.0.0.1. */
static void use_test_resolver(void)
{
    static const char *const files[] = {"resolv.conf", "nsswitch.conf"};
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        _exit(99);
    for (size_t i = 0; i < 2; i++) {
        char path[64];
        snprintf(path, sizeof path, "/etc/%s", files[i]);
        /* Without the file, the default is the same. */
        if (mount(scratch_path(files[i]), path, NULL, MS_BIND, NULL) != 0 && errno != ENOENT)
            _exit(99);
    }
}

/* A name server that never answers. */
static int open_name_server(void)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void test_a_start_that_waits_for_dns_ends_on_a_signal(void **state)
{
    (void)state;
    scratch_write_text("resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
    scratch_write_text("nsswitch.conf", "hosts: dns\n");
    for (size_t i = 0; i < 2; i++) {
        struct pollfd server = {.fd = open_name_server(), .events = POLLIN};
        start((const char *[]){"--web.listen-address=host.example:10073", NULL}, use_test_resolver);
        assert_int_equal(poll(&server, 1, PATIENCE_MS), 1); /* it has asked */
        kill(exporter.pid, SIGHUP);                         /* a reload, for later */
        assert_signal_ends_it(stop_signals[i]);
        close(server.fd);
    }
}

/* A mask from /proc/PID/task/TID/status. */
static uint64_t read_blocked_signals(const char *thread)
{
    char path[300], line[256];
    uint64_t mask = 0;
    snprintf(path, sizeof path, "/proc/%d/task/%s/status", exporter.pid, thread);
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) && sscanf(line, "SigBlk: %" SCNx64, &mask) != 1)
        ;
    fclose(file);
    return mask;
}

/* A signal that another thread does not block would end the process instead of stopping it. */
static void test_no_thread_takes_the_signals_of_the_main_thread(void **state)
{
    (void)state;
    static const uint64_t expected = 1u << (SIGHUP - 1) | 1u << (SIGINT - 1) | 1u << (SIGTERM - 1);
    char path[64], flag[256];
    scratch_write_text("web.yml", "basic_auth_users:\n  user: "
                                  "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi\n");
    snprintf(flag, sizeof flag, "--web.config.file=%s", scratch_path("web.yml"));
    daemon_start_ready(&exporter, (const char *[]){flag, NULL}, NULL);

    snprintf(path, sizeof path, "/proc/%d/task", exporter.pid);
    DIR *threads = opendir(path);
    assert_non_null(threads);
    int count = 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] == '.' || atoi(entry->d_name) == exporter.pid)
            continue;
        count++;
        if ((read_blocked_signals(entry->d_name) & expected) != expected)
            fail_msg("a thread does not block the signals: %s", entry->d_name);
    }
    closedir(threads);
    assert_true(count > 0);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

/* Fill the queue of the socket that receives the next exporter's notifications. */
static void fill_notify_queue(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (!name)
        _exit(99);
    memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
    while (sendto(fd, "", 1, MSG_DONTWAIT, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))) >= 0)
        ;
    if (errno != EAGAIN)
        _exit(99);
}

static void test_the_status_tells_what_it_samples(void **state)
{
    (void)state;
    start((const char *[]){"--sample.interval=500ms", "--no-collector.udp", "--collector.netns",
                           NULL},
          NULL);
    assert_true(daemon_await_message(&exporter,
                                     "STATUS=Samples every 0.5 s, in detail every 5 s; collectors: "
                                     "listeners, ports, destinations, time-wait, unix, netns"));
    daemon_assert_end(&exporter, SIGTERM, 0);
}

static void test_ready_is_sent_again_when_it_could_not_be_sent(void **state)
{
    (void)state;
    char flag[256];
    scratch_write_text("web.yml", "http_server_config:\n  headers:\n    X-Frame-Options: deny\n");
    snprintf(flag, sizeof flag, "--web.config.file=%s", scratch_path("web.yml"));
    start((const char *[]){flag, NULL}, fill_notify_queue);
    await_log("samples every");
    kill(exporter.pid, SIGHUP);
    await_log("was read again"); /* it has tried to send READY=1 before */
    daemon_drop_messages(&exporter);
    assert_true(daemon_await_message(&exporter, "READY=1"));

    kill(exporter.pid, SIGHUP);
    await_log("was read again");
    char message[64] = "";
    while (recv(exporter.notify_fd, message, sizeof message - 1, MSG_DONTWAIT) > 0)
        assert_string_equal(message, "WATCHDOG=1"); /* READY=1 comes once */
    daemon_assert_end(&exporter, SIGTERM, 0);
}

/* Return freed memory to the kernel at once, so that the next allocation needs new memory. */
static void keep_no_free_memory(void)
{
    setenv("GLIBC_TUNABLES", "glibc.malloc.mmap_threshold=4096", 1);
}

static void test_the_watchdog_is_not_fed_without_a_new_page(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* sanitizers have their own allocator */
#endif
    const struct zoo_population population = {.listen = 1000}; /* for a large page */
    struct zoo *zoo;
    char message;
    assert_int_equal(zoo_create(&population, NULL, &zoo), 0);
    daemon_start_ready(
        &exporter,
        (const char *[]){"--sample.interval=20ms", "--collector.listeners.top=1000", NULL},
        keep_no_free_memory);
    assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
    assert_true(daemon_limit(&exporter, RLIMIT_DATA, 0));
    await_log("out of memory: keeping the previous page");
    daemon_drop_messages(&exporter);
    for (int page = 0; page < 2; page++)
        await_log("out of memory: keeping the previous page");
    assert_true(recv(exporter.notify_fd, &message, 1, MSG_DONTWAIT) < 0);
    daemon_assert_end(&exporter, SIGTERM, 0);
    zoo_destroy(zoo);
}

/* Make standard error a full pipe. */
static void fill_stderr(void)
{
    static const char page[PAGE];
    if (fcntl(STDERR_FILENO, F_SETPIPE_SZ, PAGE) < 0 || write(STDERR_FILENO, page, PAGE) != PAGE)
        _exit(99);
}

/* At level debug, libmicrohttpd reports each of these requests. */
static void send_bad_requests(int count)
{
    for (int i = 0; i < count; i++) {
        struct http_reply reply;
        int fd = http_connect(NULL, "127.0.0.1", PORT);
        assert_true(fd >= 0);
        assert_int_equal(http_exchange(fd, "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n", &reply), 0);
        assert_int_equal(reply.status, 505);
        http_reply_free(&reply);
        close(fd);
    }
}

static void test_a_log_without_a_reader_does_not_block(void **state)
{
    (void)state;
    static const char dropped[] = "sockdiag_exporter_log_lines_dropped_total";
    daemon_start_ready(&exporter,
                       (const char *[]){"--log.level=debug", "--sample.interval=20ms", NULL},
                       fill_stderr);
    assert_true(scrape(dropped) == 0);
    send_bad_requests(1000); /* more than the queue of the log holds */
    daemon_drop_messages(&exporter);
    for (int page = 0; page < 2; page++)
        assert_true(daemon_await_message(&exporter, "WATCHDOG=1"));
    assert_true(scrape(dropped) > 0);
    daemon_assert_end(&exporter, SIGTERM, 0);
}

#define SERVICE_TEST(name)                                                                         \
    cmocka_unit_test_prestate_setup_teardown(name, NULL, daemon_end_what_runs, &exporter)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVICE_TEST(test_once_with_a_stuck_output_ends_on_a_signal),
        SERVICE_TEST(test_a_start_that_waits_for_dns_ends_on_a_signal),
        SERVICE_TEST(test_no_thread_takes_the_signals_of_the_main_thread),
        SERVICE_TEST(test_the_status_tells_what_it_samples),
        SERVICE_TEST(test_ready_is_sent_again_when_it_could_not_be_sent),
        SERVICE_TEST(test_the_watchdog_is_not_fed_without_a_new_page),
        SERVICE_TEST(test_a_log_without_a_reader_does_not_block),
    };
    int skipped = enter_namespace_or_skip();
    return skipped ? skipped : cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
