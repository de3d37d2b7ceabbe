// SPDX-License-Identifier: Apache-2.0
/*
 * The answers: their paths, status codes and headers.
 */
#ifndef SOCKDIAG_WEB_HTTP_SITE_H
#define SOCKDIAG_WEB_HTTP_SITE_H

#include "base/clock.h"
#include "passwords.h"
#include "publish/publication.h"
#include "sockdiag/self_report.h"
#include "web_config.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

enum route { ROUTE_METRICS, ROUTE_STATUS, ROUTE_HEALTHY, ROUTE_READY, ROUTE_OTHER, ROUTES };
enum { HTTP_STATUSES = 7 }; /* that can be answered */

struct http_site {
    struct publication *publication;
    const struct clock *clock;
    const char *paths[ROUTES];
    char content_security_policy[384];
    atomic_uint_least64_t requests[ROUTES][HTTP_STATUSES];
    atomic_uint_least64_t rejections; /* connections closed because there was no place for them */
};

/* The pointers must outlive the site. False when GnuTLS fails. */
bool http_site_init(struct http_site *site, const char *telemetry_path,
                    struct publication *publication, const struct clock *clock);

/* A request, to be answered with the headers of `config`, if that is not NULL. The strings are
 * libmicrohttpd's. */
struct http_request {
    struct http_site *site;
    struct MHD_Connection *connection;
    const struct web_config *config;
    const char *target;
    const char *method;
    bool last; /* the connection ends with the answer */
    /* Set by the answer: */
    enum route route;
    struct body *body; /* the answer's, to be released after the last byte; NULL if it is no page */
};

/* Queue an answer to a request with this verdict, which is not PASSWORD_PENDING. MHD_NO, which ends
 * the connection, when there is no memory. */
enum MHD_Result http_site_answer(struct http_request *request, enum password_verdict verdict);

/* Queue a refusal with `status`, as http_head_check() says, and end the connection. */
enum MHD_Result http_site_refuse(struct http_request *request, unsigned status);

/* The requests answered so far, every handler and code that can occur. Returns how many entries of
 * `counts` were filled. From any thread. */
size_t http_site_requests(const struct http_site *site,
                          struct request_count counts[static REQUEST_COUNTS_MAX]);

#endif
