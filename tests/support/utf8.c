// SPDX-License-Identifier: Apache-2.0
#include "utf8.h"

#include <stdint.h>

/* How characters are encoded, by the number of bytes that follow the first: in the first byte the
 * bits of `mask` have the value `lead`, and the others belong to the character. Characters below
 * `smallest` have a shorter form. */
static const struct {
    unsigned char mask;
    unsigned char lead;
    uint32_t smallest;
} forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
enum { FORMS = sizeof forms / sizeof forms[0] };

static bool is_surrogate(uint32_t character)
{
    return character >= 0xd800 && character <= 0xdfff;
}

bool utf8_is_valid(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;
    while (at < end) {
        size_t form = 0;
        while (form < FORMS && (*at & forms[form].mask) != forms[form].lead)
            form++;
        if (form == FORMS || (size_t)(end - at) <= form)
            return false;
        uint32_t character = *at & (0xffU ^ forms[form].mask);
        at++;
        for (size_t i = 0; i < form; i++, at++) {
            if ((*at & 0xc0) != 0x80)
                return false;
            character = character << 6 | (*at & 0x3fU);
        }
        if (character < forms[form].smallest || character > 0x10ffff || is_surrogate(character))
            return false;
    }
    return true;
}
