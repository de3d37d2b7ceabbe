// SPDX-License-Identifier: Apache-2.0
/*
 * What is answered at which path: shared by all listeners. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_HTTP_SITE_H
#define SOCKDIAG_WEB_HTTP_SITE_H

#include "access.h"
#include "base/clock.h"
#include "publish/publication.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

struct http_site;

/* The pointers must outlive the site. NULL when there is no memory. */
struct http_site *http_site_create(const char *telemetry_path, struct publication *publication,
                                   const struct clock *clock);

/* After all listeners are stopped. NULL is allowed. */
void http_site_destroy(struct http_site *site);

/* One request of a connection. */
struct http_request;

/* A request has begun, which `admission` (copied) will let in or not. NULL when there is no memory.
 * To be freed when it is completed. */
struct http_request *http_request_create(struct http_site *site, const struct admission *admission,
                                         const char *target, const char *method);
void http_request_free(struct http_request *request);

/* The request is there: queue an answer, after which the connection ends if `last`. Or, `suspended`
 * tells, suspend the connection until a password is checked: then this is to be called again.
 * MHD_NO when there is no memory. */
enum MHD_Result http_request_answer(struct http_request *request, bool last, bool *suspended);

/* The requests answered so far, every handler and code that can occur. Returns how many entries of
 * `counts` were filled. */
size_t http_site_requests(const struct http_site *site,
                          struct request_count counts[static REQUEST_COUNTS_MAX]);

#endif
