// SPDX-License-Identifier: Apache-2.0
/*
 * The headers that tell a browser to trust the pages with nothing. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_SECURITY_HEADERS_H
#define SOCKDIAG_WEB_SECURITY_HEADERS_H

#include "web_config.h"

#include <microhttpd.h>
#include <stdbool.h>

struct security_headers {
    char content_security_policy[256];
};

/* False when GnuTLS cannot hash the status page's style. */
bool security_headers_init(struct security_headers *headers);

/* Add them to `response`; those that `config` (may be NULL) has take their place. */
void security_headers_add(const struct security_headers *headers, const struct web_config *config,
                          struct MHD_Response *response);

#endif
