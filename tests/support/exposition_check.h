// SPDX-License-Identifier: Apache-2.0
/*
 * Reads a page of metrics with the eyes of Prometheus, and stricter: it shares no code with what
 * writes the page.
 */
#ifndef TESTS_SUPPORT_EXPOSITION_CHECK_H
#define TESTS_SUPPORT_EXPOSITION_CHECK_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Is `text` a sound page in the text format 0.0.4? Beyond its syntax (names, labels, escapes,
 * values, UTF-8):
 *
 *   a family has one HELP, one TYPE and then its samples, at least one, all in one place
 *   no series comes twice, whatever the order of its labels
 *   a counter is called ..._total and not negative
 *   a histogram has, for each set of labels, ascending buckets up to +Inf, a sum and a count that
 *   agrees
 *   no timestamps, no other comments, no empty lines
 *
 * False: `why` then holds one line with the number of the line that is wrong.
 */
bool exposition_is_valid(const char *text, size_t length, char *why, size_t size);

/* The value of a series, spelt as on the page: sockdiag_tcp_sockets{state="listen"}. False when
 * the page does not have it. */
bool exposition_value(const char *text, size_t length, const char *series, double *value);

#endif
