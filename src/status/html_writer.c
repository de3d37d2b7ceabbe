// SPDX-License-Identifier: Apache-2.0
#include "html_writer.h"

#include "base/controls.h"

#include <limits.h>

static void write_character(struct buffer *out, char character)
{
    static const char *const escapes[UCHAR_MAX + 1] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;",
    };
    const char *escape = is_control(character) ? "\ufffd" : escapes[(unsigned char)character];
    if (escape)
        buffer_append_string(out, escape);
    else
        buffer_append(out, &character, 1);
}

void html_write_text(struct buffer *out, const char *text)
{
    for (; *text; text++)
        write_character(out, *text);
}

void html_write_link(struct buffer *out, const char *path)
{
    buffer_append_string(out, "<a href=\"");
    html_write_text(out, path + 1);
    buffer_append_string(out, "\">");
    html_write_text(out, path);
    buffer_append_string(out, "</a>");
}

void html_write_unknown(struct buffer *out, const char *why)
{
    buffer_append_format(out, "<p class=\"Unknown\"><strong>Unknown.</strong> %s.</p>\n", why);
}

void html_write_figure(struct buffer *out, const char *class, const char *name, const char *value)
{
    buffer_append_format(out, "<div class=\"%s\"><dt>%s</dt><dd>%s</dd></div>", class, name, value);
}

void html_write_part(struct buffer *out, const char *name, const char *part, const char *whole)
{
    buffer_append_format(out, "<div><dt>%s</dt><dd>%s of %s</dd></div>", name, part, whole);
}

static void write_breakable(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        write_character(out, *text);
        if (*text == ':')
            buffer_append_string(out, "<wbr>");
    }
}

void html_open_columns(struct buffer *out, const char *class, const char *const headings[])
{
    buffer_append_format(out, "<table class=\"%s\"><thead><tr>", class);
    for (; *headings; headings++)
        buffer_append_format(out, "<th scope=\"col\">%s</th>", *headings);
    buffer_append_string(out, "</tr></thead>\n<tbody>\n");
}

void html_close_table(struct buffer *out)
{
    buffer_append_string(out, "</tbody></table>\n");
}

void html_open_row(struct buffer *out, const char *class, const char *name)
{
    buffer_append_format(out, "<tr class=\"%s\"><th scope=\"row\">", class);
    write_breakable(out, name);
    buffer_append_string(out, "</th>");
}

void html_write_cells(struct buffer *out, const char *class, const char *name,
                      const char *const cells[])
{
    html_open_row(out, class, name);
    for (; *cells; cells++) {
        buffer_append_string(out, "<td>");
        write_breakable(out, *cells);
        buffer_append_string(out, "</td>");
    }
    buffer_append_string(out, "</tr>\n");
}
