// SPDX-License-Identifier: Apache-2.0
/*
 * Reads the text files of /proc and finds numbers in them. Private to src/kernel.
 *
 * All functions return false with the fault filled when a file cannot be read or does not have
 * the number.
 */
#ifndef SOCKDIAG_KERNEL_PROC_FILE_H
#define SOCKDIAG_KERNEL_PROC_FILE_H

#include "base/fault.h"
#include "procfs.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest file, net/netstat, has about 4 KiB. A file larger than this is a fault. */
enum { PROC_FILE_SIZE = 16384 };

struct proc_file {
    const char *name; /* below the root, a literal: the subject of a fault */
    struct fault *fault;
    char text[PROC_FILE_SIZE];
};

/* Read `root`/`name` into `file`, NUL-terminated. `fault` is filled now or when a number is not
 * found later. */
bool proc_file_read(struct proc_file *file, const char *root, const char *name,
                    struct fault *fault);

/* The same from the open file `fd`, which is closed in any case. */
bool proc_file_read_open(struct proc_file *file, int fd, const char *name, struct fault *fault);

/* Read `root`/`name` into `text` of `size` bytes, for a file that may be larger. */
bool proc_file_read_text(char *text, size_t size, const char *root, const char *name,
                         struct fault *fault);

/* The same from the open file `fd`, which stays open. */
bool proc_file_read_open_text(char *text, size_t size, int fd, const char *name,
                              struct fault *fault);

/* Get the number after the word `key` on the line that begins with `line`:
 * proc_file_get_keyed(file, "TCP:", "tw", &value) of "TCP: inuse 5 orphan 0 tw 1" is 1. */
bool proc_file_get_keyed(const struct proc_file *file, const char *line, const char *key,
                         uint64_t *value);

/* Get the number below the heading `column`, PROCFS_ABSENT if there is no such heading: an older
 * kernel has fewer. As in net/netstat, a line of headings comes before one of numbers, and both
 * begin with `line`. Also PROCFS_ABSENT after a fault. */
bool proc_file_get_column(const struct proc_file *file, const char *line, const char *column,
                          uint64_t *value);

/* The same for several columns in one pass: a file has about 150 of them. */
struct proc_column {
    const char *name;
    uint64_t *value;
};
bool proc_file_get_columns(const struct proc_file *file, const char *line,
                           const struct proc_column *columns, size_t count);

/* Get the number that is the whole file. */
bool proc_file_get_number(const struct proc_file *file, uint64_t *value);

/* The same for a limit that is PROCFS_UNLIMITED when the number is negative. */
bool proc_file_get_limit(const struct proc_file *file, uint64_t *value);

/* Get the `count` numbers that the first line begins with. */
bool proc_file_get_numbers(const struct proc_file *file, uint64_t *values, size_t count);

#endif
