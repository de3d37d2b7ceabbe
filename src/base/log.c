// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
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

static const char *const layouts[] = {
    [LOG_FORMAT_LOGFMT] = "time=%s level=%s component=%s msg=\"%s\"\n",
    [LOG_FORMAT_JSON] = "{\"time\":\"%s\",\"level\":\"%s\",\"component\":\"%s\",\"msg\":\"%s\"}\n",
};

void log_configure(enum log_level level, enum log_format format)
{
    threshold = level;
    line_format = format;
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
    int length = snprintf(line, sizeof line, layouts[line_format], now, level_names[level],
                          component, escaped);
    /* A log that cannot be written has nowhere to complain. */
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        errno = saved_errno;
    errno = saved_errno;
}
