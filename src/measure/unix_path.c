// SPDX-License-Identifier: Apache-2.0
#include "unix_path.h"

#include "base/controls.h"

#include <stdio.h>
#include <string.h>

/* The ranges of the first two bytes of a UTF-8 character, and its length (RFC 3629, section 4).
 * Further bytes are from 80 to BF. */
static const struct {
    unsigned char first_low, first_high, second_low, second_high;
    size_t length;
} forms[] = {
    {0x00, 0x7f, 0x00, 0xff, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Are the bytes after the first two continuation bytes? */
static bool is_continued(const unsigned char *bytes, size_t length)
{
    for (size_t i = 2; i < length; i++) {
        if (bytes[i] < 0x80 || bytes[i] > 0xbf)
            return false;
    }
    return true;
}

/* The length of the UTF-8 character that begins at `bytes`, of which there are `left`; 0 if it is
 * not valid. */
static size_t measure_character(const unsigned char *bytes, size_t left)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (bytes[0] < forms[i].first_low || bytes[0] > forms[i].first_high)
            continue;
        size_t length = forms[i].length;
        if (length == 1)
            return 1;
        return length <= left && bytes[1] >= forms[i].second_low &&
                       bytes[1] <= forms[i].second_high && is_continued(bytes, length)
                   ? length
                   : 0;
    }
    return 0;
}

void unix_path_write(char text[static UNIX_PATH_SIZE], const char *name, size_t length)
{
    memset(text, 0, UNIX_PATH_SIZE);
    while (length > 0) {
        size_t bytes = measure_character((const unsigned char *)name, length);
        if (*name == '\0')
            *text++ = '@';
        else if (bytes == 0 || is_control(*name))
            text += sprintf(text, "\\x%02x", (unsigned char)*name);
        else
            text = mempcpy(text, name, bytes);
        bytes += bytes == 0;
        name += bytes;
        length -= bytes;
    }
}
