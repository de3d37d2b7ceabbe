// SPDX-License-Identifier: Apache-2.0
/*
 * The log without a reader: between log_start() and log_stop() it never blocks, and each line
 * arrives or is counted as dropped.
 */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum {
    PATIENCE = 60, /* seconds; the limit for a test that hangs */
    FEW = 200,     /* lines that fit the queue, but not a terminal or a pipe of one page */
    MANY = 3000,   /* lines that fit neither */
    PADDING = 100, /* spaces at the end of each */
};

/* The saved standard error, and the other end of its replacement. */
static int real_stderr;
static FILE *reader;

static int open_pipe(int ends[2])
{
    return pipe2(ends, O_CLOEXEC) == 0 && fcntl(ends[1], F_SETPIPE_SZ, 4096) > 0 ? 0 : -1;
}

/* Like the connection between a service and systemd's journal. */
static int open_stream(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

/* Like a container with a terminal. */
static int open_terminal(int ends[2])
{
    struct termios settings;
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0 || grantpt(ends[0]) != 0 || unlockpt(ends[0]) != 0)
        return -1;
    ends[1] = open(ptsname(ends[0]), O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[1] < 0 || tcgetattr(ends[1], &settings) != 0)
        return -1;
    cfmakeraw(&settings);
    return tcsetattr(ends[1], TCSANOW, &settings);
}

static void redirect(int (*open_ends)(int ends[2]))
{
    int ends[2] = {-1, -1};
    assert_int_equal(open_ends(ends), 0);
    alarm(PATIENCE);
    reader = fdopen(ends[0], "r");
    assert_non_null(reader);
    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    assert_true(real_stderr >= 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    close(ends[1]);
}

static void restore(void)
{
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
}

static int close_reader(void **state)
{
    (void)state;
    alarm(0);
    return fclose(reader);
}

static void log_numbers(int count)
{
    for (int i = 0; i < count; i++)
        log_error("test", "number %d.%*s", i, PADDING, "");
}

/* The received lines. */
struct arrivals {
    int lines;
    int out_of_order;
    int malformed;
    int reports;
    uint64_t dropped; /* as reported */
};

static void take_line(struct arrivals *arrivals, int *last)
{
    char line[4096], end;
    int number, spaces = 0;
    uint64_t dropped;
    const char *message = fgets(line, sizeof line, reader) ? strstr(line, " msg=\"") : NULL;
    if (message && sscanf(message, " msg=\"number %d.%n%*[ ]\"%c", &number, &spaces, &end) == 2 &&
        end == '\n' && message[spaces + PADDING] == '"') {
        arrivals->lines++;
        arrivals->out_of_order += number <= *last;
        *last = number;
    } else if (message && strstr(line, "level=error component=log ") &&
               sscanf(message, " msg=\"log lines dropped because %*[a-z ]: %" SCNu64, &dropped) ==
                   1) {
        arrivals->reports++;
        arrivals->dropped += dropped;
    } else {
        arrivals->malformed++;
    }
}

/* Read until `count` lines have arrived or are reported as dropped. */
static struct arrivals read_lines(uint64_t count)
{
    struct arrivals arrivals = {0};
    int last = -1;
    while ((uint64_t)arrivals.lines + arrivals.dropped < count && !arrivals.malformed)
        take_line(&arrivals, &last);
    return arrivals;
}

/* All of `count` lines have arrived, in their order. */
static void assert_complete(const struct arrivals *arrivals, int count)
{
    assert_int_equal(arrivals->lines, count);
    assert_int_equal(arrivals->malformed, 0);
    assert_int_equal(arrivals->out_of_order, 0);
    assert_int_equal(arrivals->reports, 0);
}

static void assert_never_blocks(int (*open_ends)(int ends[2]))
{
    uint64_t before = log_lines_dropped();
    redirect(open_ends);
    bool started = log_start();
    log_numbers(MANY);
    uint64_t dropped = log_lines_dropped() - before;
    struct arrivals arrivals = read_lines(MANY);
    log_numbers(FEW); /* there is room again */
    struct arrivals later = read_lines(FEW);
    log_stop();
    restore();
    assert_true(started);
    assert_int_equal(arrivals.malformed, 0);
    assert_int_equal(arrivals.out_of_order, 0);
    assert_true(arrivals.lines > 0);
    assert_true(arrivals.reports > 0);
    assert_int_equal(arrivals.dropped, dropped);
    assert_int_equal(arrivals.lines, MANY - dropped);
    assert_complete(&later, FEW);
    assert_int_equal(log_lines_dropped() - before, dropped);
}

static void test_a_pipe_without_a_reader_does_not_block(void **state)
{
    (void)state;
    assert_never_blocks(open_pipe);
}

static void test_a_stream_without_a_reader_does_not_block(void **state)
{
    (void)state;
    assert_never_blocks(open_stream);
}

static void test_a_terminal_without_a_reader_does_not_block(void **state)
{
    (void)state;
    assert_never_blocks(open_terminal);
}

static void test_a_stop_writes_the_queue(void **state)
{
    (void)state;
    redirect(open_stream);
    bool started = log_start();
    log_numbers(FEW);
    log_stop();
    restore(); /* closes the stream: lines that are not in it now are lost */
    struct arrivals arrivals = {0};
    for (int last = -1, next; (next = getc(reader)) != EOF;) {
        ungetc(next, reader);
        take_line(&arrivals, &last);
    }
    assert_true(started);
    assert_complete(&arrivals, FEW);
}

static void test_a_stop_does_not_wait_for_a_missing_reader(void **state)
{
    (void)state;
    redirect(open_pipe);
    bool started = log_start();
    log_numbers(FEW);
    log_stop();
    struct arrivals arrivals = read_lines(FEW);
    log_stop(); /* a second one does nothing */
    log_numbers(1);
    struct arrivals direct = read_lines(1);
    restore();
    assert_true(started);
    assert_complete(&arrivals, FEW);
    assert_complete(&direct, 1);
}

/* Another process with the same standard error may have made it non-blocking. */
static void assert_nothing_is_lost_in(int (*open_ends)(int ends[2]))
{
    redirect(open_ends);
    fcntl(STDERR_FILENO, F_SETFL, O_WRONLY | O_NONBLOCK);
    bool started = log_start();
    log_numbers(FEW);
    struct arrivals arrivals = read_lines(FEW);
    log_stop();
    restore();
    assert_true(started);
    assert_complete(&arrivals, FEW);
}

static void test_nothing_is_lost_in_a_non_blocking_pipe(void **state)
{
    (void)state;
    assert_nothing_is_lost_in(open_pipe);
}

static void test_nothing_is_lost_in_a_non_blocking_terminal(void **state)
{
    (void)state;
    assert_nothing_is_lost_in(open_terminal);
}

/* A socket that preserves messages. */
static int open_packets(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);
}

static void test_each_line_is_written_separately(void **state)
{
    (void)state;
    redirect(open_packets);
    bool started = log_start();
    log_numbers(FEW);
    log_stop();
    int alone = 0;
    char line[4096];
    for (ssize_t length; (length = recv(fileno(reader), line, sizeof line, MSG_DONTWAIT)) > 0;)
        alone += memchr(line, '\n', (size_t)length) == line + length - 1;
    restore();
    assert_true(started);
    assert_int_equal(alone, FEW);
}

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

static void test_a_stop_closes_all_descriptors_of_the_start(void **state)
{
    (void)state;
    int before = count_descriptors();
    log_stop(); /* does nothing without a start */
    assert_int_equal(count_descriptors(), before);
    assert_true(log_start());
    assert_true(count_descriptors() > before);
    log_stop();
    assert_int_equal(count_descriptors(), before);
}

#define redirected(test) cmocka_unit_test_teardown(test, close_reader)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stop_closes_all_descriptors_of_the_start),
        redirected(test_a_pipe_without_a_reader_does_not_block),
        redirected(test_a_stream_without_a_reader_does_not_block),
        redirected(test_a_terminal_without_a_reader_does_not_block),
        redirected(test_a_stop_writes_the_queue),
        redirected(test_a_stop_does_not_wait_for_a_missing_reader),
        redirected(test_nothing_is_lost_in_a_non_blocking_pipe),
        redirected(test_nothing_is_lost_in_a_non_blocking_terminal),
        redirected(test_each_line_is_written_separately),
    };
    return cmocka_run_group_tests_name("log_queue", tests, NULL, NULL);
}
