// SPDX-License-Identifier: Apache-2.0
/*
 * What a client prefers, from its Accept and Accept-Encoding headers (RFC 9110, section 12.5). One
 * of more than a kilobyte asks for nothing.
 */
#ifndef SOCKDIAG_WEB_NEGOTIATION_H
#define SOCKDIAG_WEB_NEGOTIATION_H

#include "publish/page.h"

#include <stdbool.h>

struct negotiated_format {
    enum page_format format;  /* one of metrics */
    const char *content_type; /* of the answer, a constant */
};

/*
 * The format of metrics that `accept` (NULL: there is no such header) prefers: by quality, then by
 * its own order, then by ours, which begins with text 0.0.4. Text 0.0.4 is also the answer if the
 * client asks for nothing, or for nothing that we have: scrapers have always accepted it.
 */
struct negotiated_format negotiate_format(const char *accept);

/* Does `accept_encoding` (NULL: there is no such header) prefer gzip to plain? */
bool negotiate_gzip(const char *accept_encoding);

#endif
