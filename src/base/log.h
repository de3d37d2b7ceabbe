// SPDX-License-Identifier: Apache-2.0
/*
 * Log lines on standard error: one line for each event, in logfmt or JSON.
 *
 *     time=2026-01-02T03:04:05.678Z level=warn component=sampler msg="..."
 *
 * Each line is one write(2), so that threads do not mix their lines. errno is preserved. A message
 * longer than about a kilobyte is truncated.
 *
 * A pipe, a terminal or a journal without a reader makes write(2) wait. Between log_start() and
 * log_stop() no caller waits: lines that do not fit into the queue are dropped and counted, and the
 * count is logged as soon as the queue is empty.
 */
#ifndef SOCKDIAG_LOG_H
#define SOCKDIAG_LOG_H

#include <stdbool.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Lines below `level` are left out. Call before the first thread starts; the defaults are info and
 * logfmt. */
void log_configure(enum log_level level, enum log_format format);

/* Write one line. `component`, one word, is the part of the program that logs. */
void log_message(enum log_level level, const char *component, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Start the thread that writes the lines from now on. False when there are no descriptors or
 * threads left. Call it, and log_stop(), while no other thread logs. */
bool log_start(void);

/* Write the lines of the queue, for a second at most, and end the thread. Lines are written
 * directly from now on. Does nothing without log_start(). */
void log_stop(void);

/* Lines that found no room in the queue, since the start of the process. */
uint64_t log_lines_dropped(void);

/* The prefix of a line on standard error that sets its level in systemd's journal: "<3>" for an
 * error; "" if the journal does not read there. log_message() adds it by itself. */
const char *log_priority(enum log_level level);

#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_message(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)

#endif
