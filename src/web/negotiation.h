// SPDX-License-Identifier: Apache-2.0
/*
 * What a client would rather have, from its Accept and Accept-Encoding headers (RFC 9110, section
 * 12.5).
 */
#ifndef SOCKDIAG_WEB_NEGOTIATION_H
#define SOCKDIAG_WEB_NEGOTIATION_H

#include "publish/page.h"

#include <stdbool.h>

enum { CONTENT_TYPE_SIZE = 128 };

struct negotiated_format {
    enum page_format format;              /* one of metrics */
    char content_type[CONTENT_TYPE_SIZE]; /* for the answer */
};

/*
 * The format of metrics that `accept` (NULL: there is no such header) puts first: by quality, then
 * by its own order, then ours, which begins with text 0.0.4. That is also the answer where nothing
 * else is asked for, or nothing that we have: scrapers have always lived with that.
 *
 * An `escaping` that comes with the chosen range is confirmed in the content type: all our names
 * are such that every escaping leaves them as they are.
 */
struct negotiated_format negotiate_format(const char *accept);

/* Does `accept_encoding` (NULL: there is no such header) prefer gzip to plain? */
bool negotiate_gzip(const char *accept_encoding);

#endif
