// SPDX-License-Identifier: Apache-2.0
/*
 * Text on its way into HTML. Whatever could have been written by somebody else goes through here.
 * Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_HTML_WRITER_H
#define SOCKDIAG_STATUS_HTML_WRITER_H

#include "base/buffer.h"

/* Append `text` so that a browser shows it as it is, as content or as the value of an attribute in
 * double quotes. Control characters, which HTML has no way to show, become U+FFFD. */
void html_text(struct buffer *out, const char *text);

/* Append a link to `path`, which begins with a slash, that shows it. The link is relative to the
 * page at "/", so that it also leads there behind a proxy that puts a prefix before all paths. */
void html_link(struct buffer *out, const char *path);

/* As html_text(); a line that is too long for its place may be broken after each colon. For
 * addresses. */
void html_breakable(struct buffer *out, const char *text);

#endif
