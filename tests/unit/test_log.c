// SPDX-License-Identifier: Apache-2.0
/*
 * Log lines as a reader of logfmt or JSON gets them. Standard error is one end of a socket that
 * preserves messages, so that each write(2) arrives separately.
 */
#include "base/log.h"

#include "utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 8192 };

static int real_stderr;
static int reading_end;

static int redirect(void **state)
{
    (void)state;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return -1;
    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    reading_end = ends[0];
    if (real_stderr < 0 || dup2(ends[1], STDERR_FILENO) < 0)
        return -1;
    return close(ends[1]);
}

static int restore(void **state)
{
    (void)state;
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    if (dup2(real_stderr, STDERR_FILENO) < 0)
        return -1;
    close(real_stderr);
    return close(reading_end);
}

/* Fail with a message on the real standard error. */
#define give_up(...)                                                                               \
    do {                                                                                           \
        dup2(real_stderr, STDERR_FILENO);                                                          \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

/* The data of one write(2), or false when there was none. */
static bool next_write(char text[static LINE_SIZE])
{
    ssize_t length = recv(reading_end, text, LINE_SIZE - 1, MSG_DONTWAIT);
    if (length < 0) {
        assert_int_equal(errno, EAGAIN);
        return false;
    }
    assert_in_range(length, 1, LINE_SIZE - 2);
    text[length] = '\0';
    assert_int_equal(strlen(text), length);
    return true;
}

/* A parsed line, with its values unquoted. */
struct line {
    char time[LINE_SIZE];
    char level[LINE_SIZE];
    char component[LINE_SIZE];
    char msg[LINE_SIZE];
};

/* Read a quoted string of JSON (RFC 8259): no bare control characters, known escapes only. Returns
 * the rest, or NULL. */
static const char *unquote(const char *text, char *value)
{
    if (*text++ != '"')
        return NULL;
    while (*text != '"') {
        unsigned char c = (unsigned char)*text++;
        if (c < 0x20)
            return NULL;
        if (c == '\\') {
            static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
            const char *known = *text ? strchr(escapes, *text) : NULL;
            unsigned code;
            int length = 0;
            if (known)
                c = (unsigned char)meanings[known - escapes];
            else if (sscanf(text, "u%4x%n", &code, &length) == 1 && length == 5 && code < 0x80)
                c = (unsigned char)code;
            else
                return NULL;
            text += known ? 1 : 5;
        }
        *value++ = (char)c;
    }
    *value = '\0';
    return text + 1;
}

/* Step over `expected`. */
static const char *skip_text(const char *text, const char *expected)
{
    size_t length = strlen(expected);
    return text && strncmp(text, expected, length) == 0 ? text + length : NULL;
}

/* A bare logfmt value: up to the next space. */
static const char *read_bare(const char *text, char *value)
{
    size_t length = text ? strcspn(text, " =\"\n") : 0;
    if (length == 0)
        return NULL;
    memcpy(value, text, length);
    value[length] = '\0';
    return text + length;
}

static const char *read_quoted(const char *text, char *value)
{
    return text ? unquote(text, value) : NULL;
}

static bool read_logfmt(const char *text, struct line *line)
{
    text = read_bare(skip_text(text, "time="), line->time);
    text = read_bare(skip_text(text, " level="), line->level);
    text = read_bare(skip_text(text, " component="), line->component);
    text = read_quoted(skip_text(text, " msg="), line->msg);
    return text && strcmp(text, "\n") == 0;
}

static bool read_json(const char *text, struct line *line)
{
    text = read_quoted(skip_text(text, "{\"time\":"), line->time);
    text = read_quoted(skip_text(text, ",\"level\":"), line->level);
    text = read_quoted(skip_text(text, ",\"component\":"), line->component);
    text = read_quoted(skip_text(text, ",\"msg\":"), line->msg);
    return text && strcmp(text, "}\n") == 0;
}

/* The next line, which must be valid. */
static void next_line(enum log_format format, struct line *line)
{
    char text[LINE_SIZE];
    if (!next_write(text))
        give_up("no line");
    if (!(format == LOG_FORMAT_JSON ? read_json : read_logfmt)(text, line))
        give_up("not a line: %s", text);
    if (!utf8_is_valid(text, strlen(text)))
        give_up("not UTF-8: ...%s", strlen(text) > 40 ? text + strlen(text) - 40 : text);
}

static void assert_no_line(void)
{
    char text[LINE_SIZE];
    if (next_write(text))
        give_up("unexpected line: %s", text);
}

#define for_each_format(format)                                                                    \
    for (enum log_format format = LOG_FORMAT_LOGFMT; format <= LOG_FORMAT_JSON; format++)

static void assert_message(const char *message)
{
    for_each_format(format)
    {
        struct line line;
        log_configure(LOG_LEVEL_DEBUG, format);
        log_info("test", "%s", message);
        next_line(format, &line);
        assert_string_equal(line.msg, message);
        assert_no_line();
    }
}

static void test_info_and_logfmt_are_the_defaults(void **state)
{
    (void)state;
    struct line line;
    log_debug("test", "dropped");
    assert_no_line();
    log_info("test", "kept");
    next_line(LOG_FORMAT_LOGFMT, &line);
    assert_string_equal(line.msg, "kept");
}

static void test_a_line_has_level_component_and_message(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for_each_format(format)
    {
        log_configure(LOG_LEVEL_DEBUG, format);
        for (enum log_level level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
            struct line line;
            log_message(level, "sampler", "%s is %d", "the answer", 42);
            next_line(format, &line);
            assert_string_equal(line.level, names[level]);
            assert_string_equal(line.component, "sampler");
            assert_string_equal(line.msg, "the answer is 42");
        }
    }
}

static void test_each_shorthand_has_its_level(void **state)
{
    (void)state;
    static const char *const names[] = {"debug", "info", "warn", "error"};
    struct line line;
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    log_debug("test", "x");
    log_info("test", "x");
    log_warn("test", "x");
    log_error("test", "x");
    for (size_t i = 0; i < 4; i++) {
        next_line(LOG_FORMAT_JSON, &line);
        assert_string_equal(line.level, names[i]);
    }
}

static void test_lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    for_each_format(format)
    {
        for (enum log_level least = LOG_LEVEL_DEBUG; least <= LOG_LEVEL_ERROR; least++) {
            log_configure(least, format);
            for (enum log_level level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
                struct line line;
                log_message(level, "test", "x");
                if (level >= least)
                    next_line(format, &line);
                assert_no_line();
            }
        }
    }
}

static void test_the_time_is_now_in_utc(void **state)
{
    (void)state;
    for_each_format(format)
    {
        struct line line;
        struct tm utc = {0};
        log_configure(LOG_LEVEL_INFO, format);
        time_t before = time(NULL);
        log_info("test", "x");
        time_t after = time(NULL) + 1; /* time() may lag behind the clock by a tick */
        next_line(format, &line);
        const char *rest = strptime(line.time, "%Y-%m-%dT%H:%M:%S", &utc);
        assert_non_null(rest);
        assert_true(rest[0] == '.' && strspn(rest + 1, "0123456789") == 3);
        assert_string_equal(rest + 4, "Z");
        assert_in_range(timegm(&utc), before, after);
    }
}

static void test_quotes_and_backslashes_are_quoted(void **state)
{
    (void)state;
    assert_message("say \"hi\"");
    assert_message("C:\\temp\\new");
    assert_message("\"");
    assert_message("\\");
    assert_message("\\\"");
    assert_message("\\n is not a newline, \\u0041 not an A");
}

static void test_control_characters_are_quoted(void **state)
{
    (void)state;
    char message[2] = "";
    for (char c = 1; c < 0x20; c++) {
        message[0] = c;
        assert_message(message);
    }
    assert_message("\x7f");
    assert_message("two\nlines\r\n\tand a tab");
}

static void test_a_newline_does_not_forge_a_line(void **state)
{
    (void)state;
    assert_message("x\"\ntime=2026-01-01T00:00:00.000Z level=error component=main msg=\"forged");
}

static void test_other_text_is_not_changed(void **state)
{
    (void)state;
    assert_message("");
    assert_message("a=b {\"c\"}, 100%s %n");
    assert_message("größer als 漢字 🜁");
}

static void assert_cut_well(const char *message)
{
    for_each_format(format)
    {
        struct line line;
        log_configure(LOG_LEVEL_INFO, format);
        log_info("test", "%s", message);
        next_line(format, &line);
        assert_no_line();
        assert_true(strlen(line.msg) < strlen(message));
        assert_int_equal(strncmp(message, line.msg, strlen(line.msg)), 0);
        assert_true(strlen(line.msg) >= 300);
    }
}

/* Fill a long message with `part` after 0 to 11 other characters, so that the truncation occurs at
 * every place in an escape or a character. */
static void assert_cut_well_everywhere(const char *part)
{
    for (size_t offset = 0; offset < 12; offset++) {
        char message[4000];
        memset(message, 'x', offset);
        size_t used = offset;
        for (; used + strlen(part) < sizeof message; used += strlen(part))
            memcpy(message + used, part, strlen(part));
        message[used] = '\0';
        assert_cut_well(message);
    }
}

static void test_a_long_message_is_truncated_but_valid(void **state)
{
    (void)state;
    static const char *const parts[] = {"x", "\"", "\\", "\n", "\x01", "x\x01", "x\"", "ab\n"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        assert_cut_well_everywhere(parts[i]);
}

static void test_truncation_leaves_no_half_character(void **state)
{
    (void)state;
    assert_cut_well_everywhere("é");
    assert_cut_well_everywhere("漢");
    assert_cut_well_everywhere("🜁");
}

static void test_truncation_among_escapes_leaves_no_half_character(void **state)
{
    (void)state;
    assert_cut_well_everywhere("\x01é");
    assert_cut_well_everywhere("\x01漢");
    assert_cut_well_everywhere("\n🜁");
}

static void test_a_message_of_a_kilobyte_is_nearly_complete(void **state)
{
    (void)state;
    char message[1001];
    memset(message, 'x', sizeof message - 1);
    message[sizeof message - 1] = '\0';
    assert_message(message);
}

static void test_errno_is_preserved(void **state)
{
    (void)state;
    for_each_format(format)
    {
        log_configure(LOG_LEVEL_INFO, format);
        errno = E2BIG;
        log_info("test", "x");
        assert_int_equal(errno, E2BIG);
        log_debug("test", "dropped");
        assert_int_equal(errno, E2BIG);
    }
}

static void test_errno_is_preserved_when_writing_fails(void **state)
{
    (void)state;
    close(STDERR_FILENO);
    errno = E2BIG;
    log_error("test", "this is lost");
    assert_int_equal(errno, E2BIG);
}

enum { THREADS = 4, LINES_EACH = 50 };

static void *log_many(void *context)
{
    for (int i = 0; i < LINES_EACH; i++)
        log_info("test", "thread %d says %0500d", *(int *)context, i);
    return NULL;
}

/* As systemd sets it: the device and the inode of standard error. */
static void test_the_journal_gets_the_level(void **state)
{
    (void)state;
    static const char *const starts[] = {"<7>time=", "<6>time=", "<4>time=", "<3>time="};
    char text[LINE_SIZE], stream[64];
    struct stat status;
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_LOGFMT);
    for (enum log_level level = LOG_LEVEL_DEBUG; level <= LOG_LEVEL_ERROR; level++) {
        log_message(level, "test", "hello");
        assert_true(next_write(text));
        assert_non_null(skip_text(text, starts[level]));
    }
    log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON);
    log_error("test", "hello");
    assert_true(next_write(text));
    assert_non_null(skip_text(text, "<3>{"));

    /* The variable of another stream has no effect, as after a redirection. */
    static const char *const others[] = {"1:1", "", "nonsense"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        setenv("JOURNAL_STREAM", others[i], 1);
        log_error("test", "hello");
        assert_true(next_write(text));
        assert_non_null(skip_text(text, "{"));
    }
    unsetenv("JOURNAL_STREAM");
}

static void test_threads_do_not_mix_their_lines(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    int names[THREADS], next[THREADS] = {0};
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    for (int i = 0; i < THREADS; i++) {
        names[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, &names[i]), 0);
    }
    /* Read before joining: a full socket makes them wait. */
    for (int lines = 0; lines < THREADS * LINES_EACH; lines++) {
        struct line line;
        int thread, number;
        char peek;
        assert_int_equal(recv(reading_end, &peek, 1, MSG_PEEK), 1);
        next_line(LOG_FORMAT_JSON, &line);
        assert_int_equal(sscanf(line.msg, "thread %d says %d", &thread, &number), 2);
        assert_in_range(thread, 0, THREADS - 1);
        assert_int_equal(number, next[thread]++);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_no_line();
}

#define redirected(test) cmocka_unit_test_setup_teardown(test, redirect, restore)

int main(void)
{
    const struct CMUnitTest tests[] = {
        redirected(test_info_and_logfmt_are_the_defaults),
        redirected(test_a_line_has_level_component_and_message),
        redirected(test_each_shorthand_has_its_level),
        redirected(test_lines_below_the_level_are_dropped),
        redirected(test_the_time_is_now_in_utc),
        redirected(test_quotes_and_backslashes_are_quoted),
        redirected(test_control_characters_are_quoted),
        redirected(test_a_newline_does_not_forge_a_line),
        redirected(test_other_text_is_not_changed),
        redirected(test_a_long_message_is_truncated_but_valid),
        redirected(test_truncation_leaves_no_half_character),
        redirected(test_truncation_among_escapes_leaves_no_half_character),
        redirected(test_a_message_of_a_kilobyte_is_nearly_complete),
        redirected(test_errno_is_preserved),
        redirected(test_errno_is_preserved_when_writing_fails),
        redirected(test_the_journal_gets_the_level),
        redirected(test_threads_do_not_mix_their_lines),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
