// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces of HTML. Texts, links, and the names and cells of rows are escaped. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_HTML_WRITER_H
#define SOCKDIAG_STATUS_HTML_WRITER_H

#include "base/buffer.h"
#include "measure/history.h"

/* Append `text`, escaped as content or as the value of an attribute in double quotes. Control
 * characters, which HTML cannot show, become U+FFFD. */
void html_write_text(struct buffer *out, const char *text);

/* Append a link to `path`, any text that begins with a slash. The link is relative to the page at
 * "/", so that it also works behind a proxy that adds a prefix to all paths. */
void html_write_link(struct buffer *out, const char *path);

/* Append the reason why numbers are unknown, a sentence without its full stop, in their place. */
void html_write_unknown(struct buffer *out, const char *why);

/* Append a figure of a <dl>, coloured by the level that `class` names. */
void html_write_figure(struct buffer *out, const char *class, const char *name, const char *value);

/* The same for a part, "7 of 9". */
void html_write_part(struct buffer *out, const char *name, const char *part, const char *whole);

/* Open a table with these headings of its columns. */
#define html_open_table(out, class, ...)                                                           \
    html_open_columns(out, class, (const char *const[]){__VA_ARGS__, NULL})
void html_open_columns(struct buffer *out, const char *class, const char *const headings[]);
void html_close_table(struct buffer *out);

/* Open a row with its name, which may break after each colon, as addresses do. */
void html_open_row(struct buffer *out, const char *class, const char *name);

/* Append a row with these cells, which may break in the same way. */
#define html_write_row(out, class, name, ...)                                                      \
    html_write_cells(out, class, name, (const char *const[]){__VA_ARGS__, NULL})
void html_write_cells(struct buffer *out, const char *class, const char *name,
                      const char *const cells[]);

struct chart {
    const char *name; /* of what is shown, without special characters */
    const struct history *history;
    double interval; /* seconds between observations: points at this distance are joined, a longer
                      * distance is a gap */
    uint64_t whole;  /* 100 %, where the axis ends; 0: counts, up to the highest */
};

/* Append the curve of the last 15 minutes, with both axes. */
void html_write_chart(struct buffer *out, const struct chart *chart);

/* Append a meter of `share`, whose bar ends at 0 and at 1. `name` describes the share; `knee` marks
 * the middle. */
void html_write_meter(struct buffer *out, const char *name, double share, bool knee);

#endif
