// SPDX-License-Identifier: Apache-2.0
#include "security_headers.h"

#include "status/status_page.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The policy allows one thing: the style of the status page, known by its hash (CSP Level 3). */
bool security_headers_init(struct security_headers *headers)
{
    unsigned char hash[32];
    gnutls_datum_t encoded = {0};
    const gnutls_datum_t raw = {hash, sizeof hash};
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, status_page_style, strlen(status_page_style), hash) <
            0 ||
        gnutls_base64_encode2(&raw, &encoded) < 0)
        return false;
    snprintf(headers->content_security_policy, sizeof headers->content_security_policy,
             "default-src 'none'; style-src 'sha256-%.*s'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'none'",
             (int)encoded.size, encoded.data);
    gnutls_free(encoded.data);
    return true;
}

static bool is_configured(const struct web_config *config, const char *name)
{
    for (size_t i = 0; config && i < config->header_count; i++) {
        if (strcasecmp(config->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

void security_headers_add(const struct security_headers *headers, const struct web_config *config,
                          struct MHD_Response *response)
{
    const struct {
        const char *name, *value;
    } defaults[] = {
        {"Content-Security-Policy", headers->content_security_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (!is_configured(config, defaults[i].name))
            MHD_add_response_header(response, defaults[i].name, defaults[i].value);
    }
    for (size_t i = 0; config && i < config->header_count; i++)
        MHD_add_response_header(response, config->headers[i].name, config->headers[i].value);
}
