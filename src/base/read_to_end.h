// SPDX-License-Identifier: Apache-2.0
#ifndef SOCKDIAG_READ_TO_END_H
#define SOCKDIAG_READ_TO_END_H

#include <stddef.h>
#include <sys/types.h>

/* Read from `fd` into `bytes` until the file ends or `size` bytes are read. Returns the number of
 * bytes, or -errno. After `size` bytes the file may have more: to detect it, leave room for one
 * extra byte. */
ssize_t read_to_end(int fd, char *bytes, size_t size);

#endif
