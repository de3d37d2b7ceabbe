// SPDX-License-Identifier: Apache-2.0
/*
 * Pieces of HTML. Only html_write_text() and html_write_link() escape their text. Private to
 * src/status.
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

/* Append that `count` more rows are at `path`, unless it is 0. */
void html_write_hidden(struct buffer *out, size_t count, const char *path);

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

/* Append the curve of the last 15 minutes, with both axes. `name` describes the count, in plain
 * text without special characters. `interval` is the time between observations in seconds: points
 * at this distance are joined, a longer distance is a gap. */
void html_write_chart(struct buffer *out, const char *name, const struct history *history,
                      double interval);

/* Append a meter of `share`, whose bar ends at 0 and at 1. `name` describes the share; `knee` marks
 * the middle. */
void html_write_meter(struct buffer *out, const char *name, double share, bool knee);

#endif
