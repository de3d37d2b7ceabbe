// SPDX-License-Identifier: Apache-2.0
/*
 * A directory under /tmp that a test program has for itself, and files in it. What goes wrong fails
 * the test.
 */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

/* Make the directory, and remove it with all that is in it: setup and teardown of a test or of a
 * group of them. They return 0, or -1. */
int scratch_make(void **state);
int scratch_remove(void **state);

/* The path of the directory, valid until it is removed. */
const char *scratch_directory(void);

/* The path of `name` in the directory, valid until eight calls later. */
const char *scratch_path(const char *name);

/* Give the file `name` these contents, whether it was there or not. */
void scratch_write(const char *name, const void *bytes, size_t length);
void scratch_write_text(const char *name, const char *text);

#endif
