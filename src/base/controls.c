// SPDX-License-Identifier: Apache-2.0
#include "controls.h"

bool has_controls(const char *text)
{
    while (*text && !is_control(*text))
        text++;
    return *text != '\0';
}

void mask_controls(char *text)
{
    for (; *text; text++) {
        if (is_control(*text))
            *text = '?';
    }
}
