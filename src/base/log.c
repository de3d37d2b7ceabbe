// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include "thread.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 1024, ESCAPED_SIZE = 2 * MESSAGE_SIZE, LINE_SIZE = ESCAPED_SIZE + 128 };

static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_LOGFMT;

/* Between log_start() and log_stop(), lines go through a socket with a bounded queue to a thread
 * that writes them to standard error. No other thread waits for standard error. */
static bool queued;
static int queue_fd;
static atomic_int writer_fd; /* the other end of `queue_fd`; the writer closes it */
static pthread_t writer;
static atomic_uint_fast64_t dropped, unreported; /* lines; `unreported` ones are not logged yet */

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

/* The levels of syslog(3), in the form that the journal expects (sd-daemon(3)). */
static const char *const priorities[] = {
    [LOG_LEVEL_DEBUG] = "<7>",
    [LOG_LEVEL_INFO] = "<6>",
    [LOG_LEVEL_WARN] = "<4>",
    [LOG_LEVEL_ERROR] = "<3>",
};

static const char *const layouts[] = {
    [LOG_FORMAT_LOGFMT] = "%stime=%s level=%s component=%s msg=\"%s\"\n",
    [LOG_FORMAT_JSON] =
        "%s{\"time\":\"%s\",\"level\":\"%s\",\"component\":\"%s\",\"msg\":\"%s\"}\n",
};

void log_configure(enum log_level level, enum log_format format)
{
    threshold = level;
    line_format = format;
}

/* Is standard error the stream that systemd has connected to its journal (systemd.exec(5))? */
static bool writes_to_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    uintmax_t device, inode;
    struct stat status;
    return stream && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

const char *log_priority(enum log_level level)
{
    return writes_to_journal() ? priorities[level] : "";
}

static void format_utc_now(char text[static 32])
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tm utc;
    gmtime_r(&now.tv_sec, &utc);
    char seconds[24];
    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(text, 32, "%s.%03dZ", seconds, (int)(now.tv_nsec / 1000000));
}

/* Remove the last character of a truncated text if it has several bytes (UTF-8): some of them may
 * be missing. */
static void trim_last_character(char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0xc0)
        text[start - 1] = '\0';
}

/* Escape for logfmt and JSON: both accept \" \\ \n and \u00XX inside double quotes. */
static void escape(const char *message, char *escaped, size_t size)
{
    size_t used = 0;
    for (; *message && used + sizeof "\\u00ff" < size; message++) {
        unsigned char c = (unsigned char)*message;
        if (c == '"' || c == '\\')
            used += (size_t)snprintf(escaped + used, size - used, "\\%c", c);
        else if (c == '\n')
            used += (size_t)snprintf(escaped + used, size - used, "\\n");
        else if (c < 0x20 || c == 0x7f)
            used += (size_t)snprintf(escaped + used, size - used, "\\u%04x", c);
        else
            escaped[used++] = (char)c;
    }
    escaped[used] = '\0';
    if (*message)
        trim_last_character(escaped, used);
}

/* Format a line with `message`; returns its length. */
static size_t format_line(char line[static LINE_SIZE], enum log_level level, const char *component,
                          const char *message)
{
    char escaped[ESCAPED_SIZE];
    escape(message, escaped, sizeof escaped);
    char now[32];
    format_utc_now(now);
    return (size_t)snprintf(line, LINE_SIZE, layouts[line_format], log_priority(level), now,
                            level_names[level], component, escaped);
}

/* Write a line to standard error, and wait as long as that takes. Another process that shares
 * standard error may have made it non-blocking. */
static void write_line(const char *line, size_t length)
{
    struct pollfd writable = {.fd = STDERR_FILENO, .events = POLLOUT};
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, line, length);
        if (written < 0 && (errno != EAGAIN || poll(&writable, 1, -1) < 0))
            return; /* there is nowhere to report it */
        if (written > 0) {
            line += written;
            length -= (size_t)written;
        }
    }
}

uint64_t log_lines_dropped(void)
{
    return dropped;
}

static void report_dropped(void)
{
    char message[128], line[LINE_SIZE];
    uint64_t lines = atomic_exchange(&unreported, 0);
    if (lines == 0)
        return;
    snprintf(message, sizeof message, "log lines dropped because standard error was full: %" PRIu64,
             lines);
    write_line(line, format_line(line, LOG_LEVEL_ERROR, "log", message));
}

/* The thread of log_start(). It ends once `queue_fd` is closed and all lines are written. */
static void *write_queue(void *unused)
{
    (void)unused;
    int fd = writer_fd;
    for (;;) {
        char line[LINE_SIZE];
        ssize_t length = recv(fd, line, sizeof line, MSG_DONTWAIT);
        if (length <= 0) { /* nothing is left in the queue */
            report_dropped();
            length = recv(fd, line, sizeof line, 0);
        }
        if (length <= 0)
            break;
        write_line(line, (size_t)length);
    }
    close(fd);
    return NULL;
}

bool log_start(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return false;
    writer_fd = ends[0];
    if (thread_start(&writer, "log", write_queue, NULL) != 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }
    queue_fd = ends[1];
    queued = true;
    return true;
}

void log_stop(void)
{
    if (!queued)
        return;
    queued = false;
    close(queue_fd);
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec++;
    if (pthread_timedjoin_np(writer, NULL, &deadline) != 0)
        pthread_detach(writer); /* it still waits for standard error, and ends with the process */
}

void log_message(enum log_level level, const char *component, const char *format, ...)
{
    if (level < threshold)
        return;
    int saved_errno = errno;

    char message[MESSAGE_SIZE], line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (wanted >= (int)sizeof message)
        trim_last_character(message, sizeof message - 1);

    size_t length = format_line(line, level, component, message);
    if (!queued) {
        write_line(line, length);
    } else if (send(queue_fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        dropped++;
        unreported++;
    }
    errno = saved_errno;
}
