// SPDX-License-Identifier: Apache-2.0
/*
 * Counts the lines written to standard error.
 */
#ifndef TESTS_SUPPORT_STDERR_LINES_H
#define TESTS_SUPPORT_STDERR_LINES_H

#include <stdio.h>

struct stderr_lines {
    FILE *file;
    int original;
};

/* Redirect standard error to a temporary file. */
struct stderr_lines stderr_lines_start(void);

/* Restore standard error; returns how many lines were written. `last`, unless it is NULL, gets the
 * last line, or the end of it if it is too long. */
unsigned stderr_lines_stop(struct stderr_lines *lines, char last[256]);

#endif
