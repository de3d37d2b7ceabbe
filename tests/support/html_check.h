// SPDX-License-Identifier: Apache-2.0
/*
 * A small reader of the pages that src/status writes. It refuses pages with mistakes.
 */
#ifndef TESTS_SUPPORT_HTML_CHECK_H
#define TESTS_SUPPORT_HTML_CHECK_H

#include "base/buffer.h"

/* NULL if it is one HTML document whose tags are balanced, and that loads nothing, links to no
 * other site, and has no styles and scripts but its two elements; otherwise what is wrong. */
const char *html_find_fault(const char *html);

/* Append what a person reads of the body, and the end of a string: each tag becomes a space, <wbr>
 * nothing, several spaces one; entities are decoded. */
void html_read_as_text(struct buffer *text, const char *html);

#endif
