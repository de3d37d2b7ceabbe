// SPDX-License-Identifier: Apache-2.0
/*
 * Checks a page of metrics more strictly than Prometheus. It shares no code with the functions that
 * write the page.
 */
#ifndef TESTS_SUPPORT_EXPOSITION_CHECK_H
#define TESTS_SUPPORT_EXPOSITION_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is `text` a valid page in the text format 0.0.4? In addition to the syntax (names, labels,
 * escapes, values, UTF-8):
 *
 *   a family has one HELP, one TYPE and then its samples, at least one, all in one place
 *   no series is duplicate, whatever the order of its labels
 *   a counter's name ends in _total, and it is not negative
 *   a histogram has, for each set of labels, ascending buckets up to +Inf, a sum and a count that
 *   agrees
 *   no timestamps, no other comments, no empty lines
 *
 * If false, `why` has one line with the number of the wrong line.
 */
bool exposition_is_valid(const char *text, size_t length, char *why, size_t size);

/* The value of a series, named as on the page: sockdiag_tcp_sockets{state="listen"}. False when the
 * page does not have it. */
bool exposition_value(const char *text, size_t length, const char *series, double *value);

/* The same for a test, which fails when the page does not have it. */
double exposition_read(const char *text, size_t length, const char *series);

#endif
