// SPDX-License-Identifier: Apache-2.0
#include "http_site.h"

#include "negotiation.h"
#include "status/status_page.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum route { ROUTE_METRICS, ROUTE_STATUS, ROUTE_HEALTHY, ROUTE_READY, ROUTE_OTHER, ROUTES };

/* What can be answered where: each pair is counted. */
static const struct {
    enum route route;
    unsigned code;
} answers[] = {
    {ROUTE_METRICS, MHD_HTTP_OK},
    {ROUTE_METRICS, MHD_HTTP_UNAUTHORIZED},
    {ROUTE_METRICS, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_METRICS, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_STATUS, MHD_HTTP_OK},
    {ROUTE_STATUS, MHD_HTTP_UNAUTHORIZED},
    {ROUTE_STATUS, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_STATUS, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_HEALTHY, MHD_HTTP_OK},
    {ROUTE_HEALTHY, MHD_HTTP_UNAUTHORIZED},
    {ROUTE_HEALTHY, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_HEALTHY, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_READY, MHD_HTTP_OK},
    {ROUTE_READY, MHD_HTTP_UNAUTHORIZED},
    {ROUTE_READY, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_READY, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_OTHER, MHD_HTTP_NOT_FOUND},
    {ROUTE_OTHER, MHD_HTTP_UNAUTHORIZED},
    {ROUTE_OTHER, MHD_HTTP_SERVICE_UNAVAILABLE},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };
_Static_assert(ANSWERS <= (int)REQUEST_COUNTS_MAX, "http_site_requests() must hold every pair");

struct http_site {
    struct publication *publication;
    const struct clock *clock;
    const char *paths[ROUTES];
    atomic_uint_least64_t requests[ANSWERS];
};

struct http_request {
    struct http_site *site;
    struct admission admission;
    enum route route;
    bool is_get; /* or HEAD */
    bool is_head;
    bool last; /* the connection ends with the answer */
};

struct http_site *http_site_create(const char *telemetry_path, struct publication *publication,
                                   const struct clock *clock)
{
    struct http_site *site = calloc(1, sizeof *site);
    if (!site)
        return NULL;
    site->publication = publication;
    site->clock = clock;
    site->paths[ROUTE_METRICS] = telemetry_path;
    site->paths[ROUTE_STATUS] = "/";
    site->paths[ROUTE_HEALTHY] = "/-/healthy";
    site->paths[ROUTE_READY] = "/-/ready";
    site->paths[ROUTE_OTHER] = "other";
    return site;
}

void http_site_destroy(struct http_site *site)
{
    free(site);
}

size_t http_site_requests(const struct http_site *site,
                          struct request_count counts[static REQUEST_COUNTS_MAX])
{
    for (size_t i = 0; i < ANSWERS; i++) {
        counts[i] = (struct request_count){
            .handler = site->paths[answers[i].route],
            .code = answers[i].code,
            .requests = atomic_load_explicit(&site->requests[i], memory_order_relaxed),
        };
    }
    return ANSWERS;
}

/* The path of a request's target, which a client may also write as a whole URI (RFC 9112, 3.2.2).
 */
static const char *path_of(const char *target)
{
    if (strncasecmp(target, "http://", 7) != 0 && strncasecmp(target, "https://", 8) != 0)
        return target;
    const char *path = strchr(strchr(target, ':') + 3, '/');
    return path ? path : "/";
}

static enum route find_route(const struct http_site *site, const char *path)
{
    for (enum route route = 0; route < ROUTE_OTHER; route++) {
        if (strcmp(path, site->paths[route]) == 0)
            return route;
    }
    return ROUTE_OTHER;
}

struct http_request *http_request_create(struct http_site *site, const struct admission *admission,
                                         const char *target, const char *method)
{
    struct http_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->site = site;
    request->admission = *admission;
    request->route = find_route(site, path_of(target));
    request->is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->is_get = request->is_head || strcmp(method, MHD_HTTP_METHOD_GET) == 0;
    return request;
}

void http_request_free(struct http_request *request)
{
    free(request);
}

/* Queue `response` with the headers that every answer has, count it and drop it. NULL, for want of
 * memory, ends the connection. */
static enum MHD_Result answer(struct http_request *request, unsigned code,
                              struct MHD_Response *response)
{
    struct http_site *site = request->site;
    if (!response)
        return MHD_NO;
    if (request->last)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    /* As the status page itself does it: who looks at it sees that it is there again. */
    if (request->route == ROUTE_STATUS && code == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, "Refresh", "5");
    access_add_headers(request->admission.access, response);
    for (size_t i = 0; i < ANSWERS; i++) {
        if (answers[i].route == request->route && answers[i].code == code)
            atomic_fetch_add_explicit(&site->requests[i], 1, memory_order_relaxed);
    }
    enum MHD_Result result = MHD_queue_response(request->admission.connection, code, response);
    MHD_destroy_response(response);
    return result;
}

/* Answer with one constant line of text, and one more header if `header` is not NULL. */
static enum MHD_Result answer_text(struct http_request *request, unsigned code, const char *text,
                                   const char *header, const char *value)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8");
    if (response && header)
        MHD_add_response_header(response, header, value);
    return answer(request, code, response);
}

static enum MHD_Result answer_unavailable(struct http_request *request, const char *text)
{
    return answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, text, MHD_HTTP_HEADER_RETRY_AFTER,
                       "1");
}

static void release_body(void *body)
{
    body_release(body);
}

/* Why `page` cannot be shown, as a line of text; NULL if it can. */
static const char *why_unavailable(const struct http_site *site, const struct page *page)
{
    if (!page)
        return "No sample was taken yet.\n";
    if (clock_now(site->clock) > page_valid_until(page))
        return "The sampler is stuck: the numbers are too old to be shown.\n";
    return NULL;
}

/* The values of a header that a client may also send in several lines, as one list. What is beyond
 * a kilobyte is left out. */
struct joined_header {
    const char *name;
    char list[1024];
    size_t length;
};

static enum MHD_Result join_header(void *context, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    (void)kind;
    struct joined_header *header = context;
    if (!value || strcasecmp(name, header->name) != 0)
        return MHD_YES;
    size_t length = strlen(value);
    if (header->length + length + 2 > sizeof header->list)
        return MHD_YES;
    memcpy(header->list + header->length, value, length);
    header->list[header->length + length] = ',';
    header->length += length + 1;
    return MHD_YES;
}

static void get_header(struct MHD_Connection *connection, const char *name,
                       struct joined_header *header)
{
    *header = (struct joined_header){.name = name};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, join_header, header);
}

/* Answer with the page of this moment in `format`. */
static enum MHD_Result answer_page(struct http_request *request, enum page_format format,
                                   const char *content_type, const char *vary)
{
    const struct page *page = publication_get(request->site->publication);
    const char *why = why_unavailable(request->site, page);
    if (why) {
        page_release(page);
        return answer_unavailable(request, why);
    }
    struct joined_header accepted;
    get_header(request->admission.connection, MHD_HTTP_HEADER_ACCEPT_ENCODING, &accepted);
    bool compressed = negotiate_gzip(accepted.list);
    struct body *body = page_body(page, format, compressed);
    page_release(page);
    if (!body)
        return MHD_NO;
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body->bytes.length, body->bytes.data, release_body, body);
    if (!response) {
        body_release(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, vary);
    if (compressed)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    if (!request->is_head)
        daemon_thread_sends(request->admission.thread, body->bytes.length);
    return answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result answer_metrics(struct http_request *request)
{
    struct joined_header accepted;
    get_header(request->admission.connection, MHD_HTTP_HEADER_ACCEPT, &accepted);
    struct negotiated_format chosen = negotiate_format(accepted.list);
    return answer_page(request, chosen.format, chosen.content_type, "Accept, Accept-Encoding");
}

static enum MHD_Result answer_ready(struct http_request *request)
{
    const struct page *page = publication_get(request->site->publication);
    const char *why = why_unavailable(request->site, page);
    if (!why && !page_is_ready(page))
        why = "No current count sample.\n";
    page_release(page);
    return why ? answer_unavailable(request, why)
               : answer_text(request, MHD_HTTP_OK, "Ready.\n", NULL, NULL);
}

static enum MHD_Result dispatch(struct http_request *request)
{
    if (request->route == ROUTE_OTHER)
        return answer_text(request, MHD_HTTP_NOT_FOUND, "Not found.\n", NULL, NULL);
    if (!request->is_get)
        return answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method not allowed.\n",
                           MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    switch (request->route) {
    case ROUTE_METRICS:
        return answer_metrics(request);
    case ROUTE_READY:
        return answer_ready(request);
    case ROUTE_STATUS:
        return answer_page(request, PAGE_STATUS, STATUS_PAGE_CONTENT_TYPE, "Accept-Encoding");
    default:
        return answer_text(request, MHD_HTTP_OK, "Healthy.\n", NULL, NULL);
    }
}

enum MHD_Result http_request_answer(struct http_request *request, bool last, bool *suspended)
{
    request->last = last;
    *suspended = false;
    if (request->admission.verdict == PASSWORD_PENDING &&
        access_admit(&request->admission) == PASSWORD_PENDING) {
        *suspended = true;
        return MHD_YES; /* the request is already the other thread's to write to */
    }
    switch (request->admission.verdict) {
    case PASSWORD_RIGHT:
        return dispatch(request);
    case PASSWORD_WRONG:
        return answer_text(request, MHD_HTTP_UNAUTHORIZED, "Unauthorized.\n",
                           MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                           "Basic realm=\"sockdiag_exporter\", charset=\"UTF-8\"");
    default:
        return answer_unavailable(request, "Too many passwords wait to be checked.\n");
    }
}
