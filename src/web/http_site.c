// SPDX-License-Identifier: Apache-2.0
#include "http_site.h"

#include "negotiation.h"
#include "status/status_page.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
    unsigned code;
    bool with_path, without; /* where it can occur; a refused head has no path */
} statuses[HTTP_STATUSES] = {
    {MHD_HTTP_OK, true, false},
    {MHD_HTTP_BAD_REQUEST, false, true},
    {MHD_HTTP_UNAUTHORIZED, true, true},
    {MHD_HTTP_NOT_FOUND, false, true},
    {MHD_HTTP_METHOD_NOT_ALLOWED, true, false},
    {MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE, false, true},
    {MHD_HTTP_SERVICE_UNAVAILABLE, true, true},
};

enum { HASH_SIZE = 48 };

/* Write the base64 of a text's SHA-256. False when GnuTLS fails. */
static bool hash_text(const char *text, char base64[static HASH_SIZE])
{
    unsigned char hash[32];
    gnutls_datum_t encoded = {0};
    const gnutls_datum_t raw = {hash, sizeof hash};
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash) < 0 ||
        gnutls_base64_encode2(&raw, &encoded) < 0)
        return false;
    snprintf(base64, HASH_SIZE, "%.*s", (int)encoded.size, encoded.data);
    gnutls_free(encoded.data);
    return true;
}

/* The policy allows the style and the script of the status page, by their hashes (CSP Level 3), and
 * that the script loads the page again. */
static bool write_policy(struct http_site *site)
{
    char style[HASH_SIZE], script[HASH_SIZE];
    if (!hash_text(status_page_style, style) || !hash_text(status_page_script, script))
        return false;
    snprintf(site->content_security_policy, sizeof site->content_security_policy,
             "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "
             "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             style, script);
    return true;
}

bool http_site_init(struct http_site *site, const char *telemetry_path,
                    struct publication *publication, const struct clock *clock)
{
    *site = (struct http_site){
        .publication = publication,
        .clock = clock,
        .paths = {[ROUTE_METRICS] = telemetry_path,
                  [ROUTE_STATUS] = "/",
                  [ROUTE_HEALTHY] = "/-/healthy",
                  [ROUTE_READY] = "/-/ready",
                  [ROUTE_OTHER] = "other"},
    };
    return write_policy(site);
}

size_t http_site_requests(const struct http_site *site,
                          struct request_count counts[static REQUEST_COUNTS_MAX])
{
    size_t count = 0;
    for (enum route route = 0; route < ROUTES; route++) {
        for (size_t i = 0; i < HTTP_STATUSES; i++) {
            if (route == ROUTE_OTHER ? !statuses[i].without : !statuses[i].with_path)
                continue;
            counts[count++] = (struct request_count){
                .handler = site->paths[route],
                .code = statuses[i].code,
                .requests = site->requests[route][i],
            };
        }
    }
    return count;
}

static void count_request(struct http_site *site, enum route route, unsigned status)
{
    for (size_t i = 0; i < HTTP_STATUSES; i++) {
        if (statuses[i].code == status)
            site->requests[route][i]++;
    }
}

/* The path of a request's target, which a client may also write as a whole URI (RFC 9112, 3.2.2).
 */
static const char *get_path(const char *target)
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

/* Add the headers that `config` has for every answer, and defaults, which give the pages no rights
 * in a browser, for those that it does not have. */
static void add_headers(const struct http_site *site, const struct web_config *config,
                        struct MHD_Response *response)
{
    const struct {
        const char *name, *value;
    } defaults[] = {
        {"Content-Security-Policy", site->content_security_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; config && i < config->header_count; i++)
        MHD_add_response_header(response, config->headers[i].name, config->headers[i].value);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (!MHD_get_response_header(response, defaults[i].name))
            MHD_add_response_header(response, defaults[i].name, defaults[i].value);
    }
}

/* Queue `response` with the headers that every answer has, count the answer, and drop the response.
 * If it is NULL, because memory is short, the connection ends. */
static enum MHD_Result answer(const struct http_request *request, unsigned status,
                              struct MHD_Response *response)
{
    if (!response)
        return MHD_NO;
    if (request->last)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    /* As the status page does itself, so that the browser shows the page once it is there again. */
    if (request->route == ROUTE_STATUS && status == MHD_HTTP_SERVICE_UNAVAILABLE)
        MHD_add_response_header(response, "Refresh", "5");
    add_headers(request->site, request->config, response);
    count_request(request->site, request->route, status);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

/* Answer with one constant line of text, and one more header if `header` is not NULL. */
static enum MHD_Result answer_text(const struct http_request *request, unsigned status,
                                   const char *text, const char *header, const char *value)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                "text/plain; charset=utf-8");
    if (response && header)
        MHD_add_response_header(response, header, value);
    return answer(request, status, response);
}

static enum MHD_Result answer_unavailable(const struct http_request *request, const char *text)
{
    return answer_text(request, MHD_HTTP_SERVICE_UNAVAILABLE, text, MHD_HTTP_HEADER_RETRY_AFTER,
                       "1");
}

/* Why `page` cannot be shown, or is not ready, as a line of text; NULL if it can and is. */
static const char *explain_unavailable(const struct http_request *request, const struct page *page)
{
    if (!page)
        return "No sample was taken yet.\n";
    if (clock_now(request->site->clock) > page_valid_until(page))
        return "The sampler is stuck: the numbers are too old to be shown.\n";
    if (request->route == ROUTE_READY && !page_is_ready(page))
        return "No current count sample.\n";
    return NULL;
}

static const char *get_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* Answer with the body of `page` that the route and the client ask for. */
static enum MHD_Result answer_page(struct http_request *request, const struct page *page)
{
    struct negotiated_format chosen = {PAGE_STATUS, STATUS_PAGE_CONTENT_TYPE};
    if (request->route == ROUTE_METRICS)
        chosen = negotiate_format(get_header(request, MHD_HTTP_HEADER_ACCEPT));
    const bool compressed = negotiate_gzip(get_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    struct body *body = request->body = page_body(page, chosen.format, compressed);
    struct MHD_Response *response =
        body ? MHD_create_response_from_buffer(body->bytes.length, body->bytes.data,
                                               MHD_RESPMEM_PERSISTENT)
             : NULL;
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, chosen.content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
                            request->route == ROUTE_METRICS ? "Accept, Accept-Encoding"
                                                            : "Accept-Encoding");
    if (compressed)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result answer_route(struct http_request *request)
{
    const char *method = request->method;
    if (request->route == ROUTE_OTHER)
        return answer_text(request, MHD_HTTP_NOT_FOUND, "Not found.\n", NULL, NULL);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Method not allowed.\n",
                           MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (request->route == ROUTE_HEALTHY)
        return answer_text(request, MHD_HTTP_OK, "Healthy.\n", NULL, NULL);
    const struct page *page = publication_get(request->site->publication);
    const char *why = explain_unavailable(request, page);
    enum MHD_Result result = why ? answer_unavailable(request, why)
                             : request->route == ROUTE_READY
                                 ? answer_text(request, MHD_HTTP_OK, "Ready.\n", NULL, NULL)
                                 : answer_page(request, page);
    page_release(page);
    return result;
}

enum MHD_Result http_site_answer(struct http_request *request, enum password_verdict verdict)
{
    request->route = find_route(request->site, get_path(request->target));
    switch (verdict) {
    case PASSWORD_RIGHT:
        return answer_route(request);
    case PASSWORD_WRONG:
        return answer_text(request, MHD_HTTP_UNAUTHORIZED, "Unauthorized.\n",
                           MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                           "Basic realm=\"sockdiag_exporter\", charset=\"UTF-8\"");
    default:
        return answer_unavailable(request, "Too many passwords wait to be checked.\n");
    }
}

enum MHD_Result http_site_refuse(struct http_request *request, unsigned status)
{
    request->route = ROUTE_OTHER;
    request->last = true;
    const char *text = status == MHD_HTTP_BAD_REQUEST
                           ? "Malformed request.\n"
                           : "The request's head is larger than 16 kB.\n";
    return answer_text(request, status, text, NULL, NULL);
}
