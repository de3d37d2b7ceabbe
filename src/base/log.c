// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static enum log_format line_format = LOG_FORMAT_LOGFMT;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_ERROR] = "error",
};

/* As the journal takes them: syslog(3)'s numbers, sd-daemon(3)'s form. */
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

/* Is standard error the stream that systemd has connected to its journal? */
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

/* Take away the bytes of a last character (UTF-8) that was cut in two. */
static void trim_half_character(char *text, size_t length)
{
    size_t start = length;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0xc0)
        text[start - 1] = '\0';
}

/* Quote for logfmt and JSON alike: both take \" \\ \n and \u00XX inside double quotes. */
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
        trim_half_character(escaped, used);
}

void log_message(enum log_level level, const char *component, const char *format, ...)
{
    if (level < threshold)
        return;
    int saved_errno = errno;

    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    int wanted = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (wanted >= (int)sizeof message)
        trim_half_character(message, sizeof message - 1);

    char escaped[2 * sizeof message];
    escape(message, escaped, sizeof escaped);
    char now[32];
    format_utc_now(now);
    char line[sizeof escaped + 128];
    int length = snprintf(line, sizeof line, layouts[line_format], log_priority(level), now,
                          level_names[level], component, escaped);
    /* A log that cannot be written has nowhere to complain. */
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        errno = saved_errno;
    errno = saved_errno;
}
