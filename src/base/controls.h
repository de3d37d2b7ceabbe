// SPDX-License-Identifier: Apache-2.0
/*
 * ASCII control characters in external text that must stay on one line.
 */
#ifndef SOCKDIAG_CONTROLS_H
#define SOCKDIAG_CONTROLS_H

#include <stdbool.h>

static inline bool is_control(char character)
{
    return (unsigned char)character < ' ' || character == '\x7f';
}

bool has_controls(const char *text);

/* Replace each by a question mark. */
void mask_controls(char *text);

#endif
