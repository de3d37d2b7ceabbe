// SPDX-License-Identifier: Apache-2.0
#ifndef SOCKDIAG_UNIX_PATH_H
#define SOCKDIAG_UNIX_PATH_H

#include <stddef.h>

/* Room for a name of 108 bytes of which each is escaped, and its end; a multiple of 8. */
enum { UNIX_PATH_SIZE = 440 };

/*
 * Write the name of a UNIX socket as text, in valid UTF-8 and without control characters. As in
 * /proc/net/unix, each NUL becomes "@": so an abstract name begins with one. Control characters and
 * bytes that are not UTF-8 become \xHH. `length` is at most 108; bytes after the text become NUL.
 */
void unix_path_write(char text[static UNIX_PATH_SIZE], const char *name, size_t length);

#endif
