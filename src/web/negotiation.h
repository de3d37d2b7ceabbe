// SPDX-License-Identifier: Apache-2.0
/*
 * What a client asks for in its Accept and Accept-Encoding headers (RFC 9110, section 12.5). One of
 * more than a kilobyte asks for nothing.
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
 * The format of metrics that `accept` (NULL: there is no such header) names with the highest
 * quality, the first one of several. Text 0.0.4 if it names none of ours, as ranges with "*" do:
 * scrapers have always accepted it.
 */
struct negotiated_format negotiate_format(const char *accept);

/* Does the client accept gzip? `accept_encoding` is NULL if there is no such header. */
bool negotiate_gzip(const char *accept_encoding);

#endif
