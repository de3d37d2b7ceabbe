// SPDX-License-Identifier: Apache-2.0
#include "printable.h"

void copy_printable(char *text, size_t size, const char *bytes, size_t length)
{
    size_t copied = length < size ? length : size - 1;
    for (size_t i = 0; i < copied; i++)
        text[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '_';
    text[copied] = '\0';
}
