// SPDX-License-Identifier: Apache-2.0
/*
 * Reading the text files of /proc whole and finding numbers in them. Private to src/kernel.
 */
#ifndef SOCKDIAG_KERNEL_PROC_FILE_H
#define SOCKDIAG_KERNEL_PROC_FILE_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest file read into it, net/netstat, has about 4 KiB; a larger one than this is a fault.
 */
enum { PROC_FILE_SIZE = 16384 };

struct proc_file {
    const char *name; /* below the root, a literal: the subject of a fault */
    char text[PROC_FILE_SIZE];
};

/* Read `root`/`name` into `file`, NUL-terminated. False with `fault` filled. */
bool proc_file_read(struct proc_file *file, const char *root, const char *name,
                    struct fault *fault);

/* The same into `text` of `size` bytes, for a file that may be larger. */
bool proc_file_read_text(char *text, size_t size, const char *root, const char *name,
                         struct fault *fault);

/* False, after filling `fault` with FAULT_PROC_PARSE for the file `name`. */
bool proc_file_not_understood(const char *name, struct fault *fault);

/* The number after the word `key` on the line that begins with `line`, as in
 * "TCP: inuse 5 orphan 0 tw 1": proc_file_keyed(file, "TCP:", "tw", &value). False when it is not
 * there. */
bool proc_file_keyed(const struct proc_file *file, const char *line, const char *key,
                     uint64_t *value);

/* The number under the heading `column` where the file has a line of headings and then one of
 * numbers, both beginning with `line`, as net/netstat has. False when it is not there. */
bool proc_file_column(const struct proc_file *file, const char *line, const char *column,
                      uint64_t *value);

/* The whole file is one number. */
bool proc_file_number(const struct proc_file *file, uint64_t *value);

/* The first line begins with `count` numbers. */
bool proc_file_numbers(const struct proc_file *file, uint64_t *values, size_t count);

#endif
