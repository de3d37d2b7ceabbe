// SPDX-License-Identifier: Apache-2.0
/*
 * Names that others choose, as labels.
 */
#ifndef SOCKDIAG_PRINTABLE_H
#define SOCKDIAG_PRINTABLE_H

#include <stddef.h>

/* Copy `length` bytes, truncated to `size`, NUL-terminated; what is not printable ASCII becomes
 * '_'. */
void copy_printable(char *text, size_t size, const char *bytes, size_t length);

#endif
