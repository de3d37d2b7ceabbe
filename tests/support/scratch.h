// SPDX-License-Identifier: Apache-2.0
/*
 * A separate directory under /tmp for a test program, and files in it. All errors fail the test.
 */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

/* Make the directory, and remove it with its contents: setup and teardown of a test or a group.
 * They return 0, or -1. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* The path of the directory, valid until it is removed. */
const char *scratch_directory(void);

/* The path of `name` in the directory, valid for the next seven calls. */
const char *scratch_path(const char *name);

/* Write the whole file `name`, whether it exists or not. */
void scratch_write(const char *name, const void *bytes, size_t length);
void scratch_write_text(const char *name, const char *text);

#endif
