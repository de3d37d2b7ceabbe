// SPDX-License-Identifier: Apache-2.0
/*
 * Labels from names that other programs choose.
 */
#ifndef SOCKDIAG_PRINTABLE_H
#define SOCKDIAG_PRINTABLE_H

#include <stddef.h>

/* Copy `length` bytes, truncated to `size`, NUL-terminated. Bytes that are not printable ASCII
 * become '_'. */
void copy_printable(char *text, size_t size, const char *bytes, size_t length);

#endif
