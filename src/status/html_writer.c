// SPDX-License-Identifier: Apache-2.0
#include "html_writer.h"

#include "base/controls.h"

#include <string.h>

/* What stands for `character`, or NULL where it stands for itself. */
static const char *replacement(char character)
{
    switch (character) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return is_control(character) ? "\ufffd" : NULL;
    }
}

static void escape(struct buffer *out, const char *text, size_t length)
{
    const char *end = text + length, *plain = text;
    for (; text < end; text++) {
        const char *instead = replacement(*text);
        if (!instead)
            continue;
        buffer_append(out, plain, (size_t)(text - plain));
        buffer_append_string(out, instead);
        plain = text + 1;
    }
    buffer_append(out, plain, (size_t)(text - plain));
}

void html_text(struct buffer *out, const char *text)
{
    escape(out, text, strlen(text));
}

void html_link(struct buffer *out, const char *path)
{
    buffer_append_string(out, "<a href=\"");
    html_text(out, path + 1);
    buffer_append_string(out, "\">");
    html_text(out, path);
    buffer_append_string(out, "</a>");
}

void html_breakable(struct buffer *out, const char *text)
{
    for (const char *colon; (colon = strchr(text, ':')); text = colon + 1) {
        escape(out, text, (size_t)(colon + 1 - text));
        buffer_append_string(out, "<wbr>");
    }
    html_text(out, text);
}
