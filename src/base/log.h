// SPDX-License-Identifier: Apache-2.0
/*
 * Log lines on standard error: one line an event, logfmt or JSON.
 *
 *     time=2026-01-02T03:04:05.678Z level=warn component=sampler msg="..."
 *
 * Lines are written whole with one write(2), so that threads do not mix theirs. errno is left as
 * it was. A message longer than about a kilobyte is cut.
 */
#ifndef SOCKDIAG_LOG_H
#define SOCKDIAG_LOG_H

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Lines below `level` are dropped. Call before the first thread starts; info and logfmt hold
 * until then. */
void log_configure(enum log_level level, enum log_format format);

/* Write one line. `component` is a bare word: the part of the program that speaks. */
void log_message(enum log_level level, const char *component, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What to put before a line on standard error so that systemd's journal, if it reads there, knows
 * the level: "<3>" for an error, or nothing. log_message() does that by itself. */
const char *log_priority(enum log_level level);

#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_message(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
