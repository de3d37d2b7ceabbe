// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/web_server.h"

#include "listen_socket.h"
#include "sockdiag/log.h"
#include "sockdiag/metric_writer.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libmicrohttpd's own defaults never time out and take connections until descriptors run out. A
 * client has ten seconds for its first request; after one, the connection is kept beyond the usual
 * scrape intervals, or each scrape would leave a TIME_WAIT here. */
static const unsigned request_timeout_seconds = 10;
static const unsigned keep_alive_seconds = 65;
static const size_t connection_memory = 16384; /* the most a request's head may take */

static const char landing_page[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>sockdiag_exporter</title></head>\n"
    "<body><h1>sockdiag_exporter</h1>\n"
    "<p>Socket states of this host, sampled between scrapes.</p>\n"
    "<ul>\n"
    "<li><a href=\"%s\">Metrics</a></li>\n"
    "<li><a href=\"/-/healthy\">Healthy</a></li>\n"
    "<li><a href=\"/-/ready\">Ready</a></li>\n"
    "</ul></body></html>\n";

enum route { ROUTE_METRICS, ROUTE_LANDING, ROUTE_HEALTHY, ROUTE_READY, ROUTE_OTHER, ROUTES };

/* What can be answered where: each pair is counted. */
static const struct {
    enum route route;
    unsigned code;
} answers[] = {
    {ROUTE_METRICS, MHD_HTTP_OK},
    {ROUTE_METRICS, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_METRICS, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_LANDING, MHD_HTTP_OK},
    {ROUTE_LANDING, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_HEALTHY, MHD_HTTP_OK},
    {ROUTE_HEALTHY, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_READY, MHD_HTTP_OK},
    {ROUTE_READY, MHD_HTTP_METHOD_NOT_ALLOWED},
    {ROUTE_READY, MHD_HTTP_SERVICE_UNAVAILABLE},
    {ROUTE_OTHER, MHD_HTTP_NOT_FOUND},
};
enum { ANSWERS = sizeof answers / sizeof answers[0] };
_Static_assert(ANSWERS <= (int)WEB_REQUEST_COUNTS, "web_server_requests() must hold every pair");

struct web_server {
    struct publication *publication;
    const struct clock *clock;
    const char *paths[ROUTES];
    struct MHD_Response *landing;
    struct MHD_Daemon *daemons[WEB_MAX_LISTEN_ADDRESSES];
    size_t daemon_count;
    atomic_uint_least64_t requests[ANSWERS];
};

static enum route find_route(const struct web_server *server, const char *path)
{
    for (enum route route = 0; route < ROUTE_OTHER; route++) {
        if (strcmp(path, server->paths[route]) == 0)
            return route;
    }
    return ROUTE_OTHER;
}

/* Queue `response` and count it; `response` stays the caller's. */
static enum MHD_Result answer(struct web_server *server, struct MHD_Connection *connection,
                              enum route route, unsigned code, struct MHD_Response *response)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        if (answers[i].route == route && answers[i].code == code)
            atomic_fetch_add_explicit(&server->requests[i], 1, memory_order_relaxed);
    }
    return MHD_queue_response(connection, code, response);
}

/* Answer with one constant line of text. `allow` is the Allow header, or NULL. */
static enum MHD_Result answer_text(struct web_server *server, struct MHD_Connection *connection,
                                   enum route route, unsigned code, const char *text,
                                   const char *allow)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
    if (allow)
        MHD_add_response_header(response, "Allow", allow);
    enum MHD_Result result = answer(server, connection, route, code, response);
    MHD_destroy_response(response);
    return result;
}

static void release_page(void *page)
{
    page_release(page);
}

static bool is_current(const struct web_server *server, const struct page *page)
{
    return page && server->clock->monotonic(server->clock->context) <= page_valid_until(page);
}

static enum MHD_Result answer_metrics(struct web_server *server, struct MHD_Connection *connection)
{
    const struct page *page = publication_get(server->publication);
    if (!is_current(server, page)) {
        const char *why = page ? "The sampler is stuck: the numbers are too old to be shown.\n"
                               : "No sample was taken yet.\n";
        page_release(page);
        return answer_text(server, connection, ROUTE_METRICS, MHD_HTTP_SERVICE_UNAVAILABLE, why,
                           NULL);
    }
    struct body body;
    if (!page_body(page, PAGE_TEXT, false, &body)) {
        page_release(page);
        return MHD_NO;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
        body.length, (void *)body.data, release_page, (void *)page);
    if (!response) {
        page_release(page);
        return MHD_NO;
    }
    MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    enum MHD_Result result = answer(server, connection, ROUTE_METRICS, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_ready(struct web_server *server, struct MHD_Connection *connection)
{
    const struct page *page = publication_get(server->publication);
    bool ready = is_current(server, page) && page_is_ready(page);
    page_release(page);
    return ready ? answer_text(server, connection, ROUTE_READY, MHD_HTTP_OK, "Ready.\n", NULL)
                 : answer_text(server, connection, ROUTE_READY, MHD_HTTP_SERVICE_UNAVAILABLE,
                               "No current count sample.\n", NULL);
}

static enum MHD_Result dispatch(struct web_server *server, struct MHD_Connection *connection,
                                const char *path, const char *method)
{
    enum route route = find_route(server, path);
    if (route == ROUTE_OTHER)
        return answer_text(server, connection, route, MHD_HTTP_NOT_FOUND, "Not found.\n", NULL);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_text(server, connection, route, MHD_HTTP_METHOD_NOT_ALLOWED,
                           "Method not allowed.\n", "GET, HEAD");
    switch (route) {
    case ROUTE_METRICS:
        return answer_metrics(server, connection);
    case ROUTE_READY:
        return answer_ready(server, connection);
    case ROUTE_LANDING:
        return answer(server, connection, route, MHD_HTTP_OK, server->landing);
    default:
        return answer_text(server, connection, route, MHD_HTTP_OK, "Healthy.\n", NULL);
    }
}

/* libmicrohttpd calls this once with the head of a request, then with each piece of a body, then
 * once without one. An answer in the first call would cost the connection. */
static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *body, size_t *body_size, void **request)
{
    static char head_seen;
    (void)version;
    (void)body;
    if (*request != &head_seen) {
        *request = &head_seen;
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, keep_alive_seconds);
        return MHD_YES;
    }
    if (*body_size > 0) {
        *body_size = 0; /* nobody wants it */
        return MHD_YES;
    }
    return dispatch(context, connection, path, method);
}

static void log_library_message(void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static void log_library_message(void *context, const char *format, va_list arguments)
{
    (void)context;
    char message[512];
    vsnprintf(message, sizeof message, format, arguments);
    message[strcspn(message, "\n")] = '\0';
    /* These tell of what clients do (a connection reset, a bad request): not the operator's. */
    log_debug("web", "%s", message);
}

/* Serve one listening socket from a thread of its own. */
static struct MHD_Daemon *serve(struct web_server *server, int fd, unsigned max_connections)
{
    unsigned of_one_client = max_connections / WEB_CLIENTS_AT_LEAST;
    if (of_one_client == 0)
        of_one_client = 1;
    /* ITC: a stop is heard even while the limit keeps the listening socket out of epoll. */
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0,
                            NULL, NULL, handle_request, server, /* the logger must come first */
                            MHD_OPTION_EXTERNAL_LOGGER, log_library_message, NULL,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one_client,
                            MHD_OPTION_CONNECTION_TIMEOUT, request_timeout_seconds,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_END);
}

static struct MHD_Response *make_landing_page(const char *telemetry_path)
{
    char html[sizeof landing_page + 256];
    int length = snprintf(html, sizeof html, landing_page, telemetry_path);
    struct MHD_Response *response =
        MHD_create_response_from_buffer((size_t)length, html, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return NULL;
    MHD_add_response_header(response, "Content-Type", "text/html; charset=utf-8");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "X-Frame-Options", "DENY");
    MHD_add_response_header(response, "Content-Security-Policy", "default-src 'none'");
    return response;
}

static bool listen_everywhere(struct web_server *server, const struct web_options *options,
                              char *error, size_t error_size)
{
    for (size_t i = 0; i < options->listen_address_count; i++) {
        int fd = listen_socket_open(options->listen_addresses[i], error, error_size);
        if (fd < 0)
            return false;
        char address[128];
        listen_socket_describe(fd, address, sizeof address);
        struct MHD_Daemon *daemon = serve(server, fd, (unsigned)options->max_connections);
        if (!daemon) { /* and its socket may be closed or not: the process is about to end */
            snprintf(error, error_size, "cannot serve HTTP on %s: out of memory or threads",
                     address);
            return false;
        }
        server->daemons[server->daemon_count++] = daemon;
        log_info("web", "listening on %s", address);
    }
    return true;
}

struct web_server *web_server_start(const struct web_options *options,
                                    struct publication *publication, const struct clock *clock,
                                    char *error, size_t error_size)
{
    struct web_server *server = calloc(1, sizeof *server);
    if (!server) {
        snprintf(error, error_size, "out of memory");
        return NULL;
    }
    server->publication = publication;
    server->clock = clock;
    server->paths[ROUTE_METRICS] = options->telemetry_path;
    server->paths[ROUTE_LANDING] = "/";
    server->paths[ROUTE_HEALTHY] = "/-/healthy";
    server->paths[ROUTE_READY] = "/-/ready";
    server->paths[ROUTE_OTHER] = "other";
    server->landing = make_landing_page(options->telemetry_path);
    if (!server->landing) {
        snprintf(error, error_size, "out of memory");
        web_server_stop(server);
        return NULL;
    }
    if (!listen_everywhere(server, options, error, error_size)) {
        web_server_stop(server);
        return NULL;
    }
    return server;
}

bool web_address_is_valid(const char *address)
{
    char host[LISTEN_HOST_SIZE];
    const char *port;
    return listen_address_split(address, host, &port);
}

void web_server_stop(struct web_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->daemon_count; i++)
        MHD_stop_daemon(server->daemons[i]);
    if (server->landing)
        MHD_destroy_response(server->landing);
    free(server);
}

size_t web_server_requests(const struct web_server *server,
                           struct request_count counts[static WEB_REQUEST_COUNTS])
{
    for (size_t i = 0; i < ANSWERS; i++) {
        counts[i] = (struct request_count){
            .handler = server->paths[answers[i].route],
            .code = answers[i].code,
            .requests = atomic_load_explicit(&server->requests[i], memory_order_relaxed),
        };
    }
    return ANSWERS;
}
