// SPDX-License-Identifier: Apache-2.0
#include "http_site.h"

#include "bcrypt.h"
#include "negotiation.h"
#include "passwords.h"
#include "security_headers.h"
#include "sockdiag/status_page.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

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
    struct security_headers security;
    atomic_uint_least64_t requests[ANSWERS];

    pthread_rwlock_t config_lock; /* of the next, and of the users of `passwords` */
    struct web_config *config;
    struct passwords *passwords; /* NULL without a configuration */

    /* Held from before a password is asked for until the connection is suspended, and while one is
     * resumed: so none is resumed that is not suspended yet. */
    pthread_mutex_t suspension;
    bool closing;
};

struct http_request {
    struct http_site *site;
    struct MHD_Connection *connection;
    enum route route;
    bool is_get; /* or HEAD */
    bool last;   /* the connection ends with the answer */
    /* PASSWORD_PENDING before the check, and while the connection is suspended. */
    enum password_verdict verdict;
};

struct http_site *http_site_create(const char *telemetry_path, struct publication *publication,
                                   const struct clock *clock, struct web_config *config)
{
    struct http_site *site = calloc(1, sizeof *site);
    if (!site) {
        web_config_free(config);
        return NULL;
    }
    site->publication = publication;
    site->clock = clock;
    site->paths[ROUTE_METRICS] = telemetry_path;
    site->paths[ROUTE_STATUS] = "/";
    site->paths[ROUTE_HEALTHY] = "/-/healthy";
    site->paths[ROUTE_READY] = "/-/ready";
    site->paths[ROUTE_OTHER] = "other";
    site->config = config;
    pthread_rwlock_init(&site->config_lock, NULL);
    pthread_mutex_init(&site->suspension, NULL);
    if (config)
        site->passwords = passwords_create(clock, bcrypt_matches, NULL);
    if (!security_headers_init(&site->security) || (config && !site->passwords) ||
        (config && !passwords_set_users(site->passwords, config->users, config->user_count))) {
        http_site_destroy(site);
        return NULL;
    }
    return site;
}

void http_site_destroy(struct http_site *site)
{
    if (!site)
        return;
    passwords_destroy(site->passwords);
    web_config_free(site->config);
    pthread_mutex_destroy(&site->suspension);
    pthread_rwlock_destroy(&site->config_lock);
    free(site);
}

bool http_site_configure(struct http_site *site, struct web_config *config)
{
    pthread_rwlock_wrlock(&site->config_lock);
    struct web_config *old = site->config;
    bool good = passwords_set_users(site->passwords, config->users, config->user_count);
    if (good)
        site->config = config;
    pthread_rwlock_unlock(&site->config_lock);
    web_config_free(good ? old : config);
    return good;
}

const struct web_config *http_site_config(const struct http_site *site)
{
    return site->config;
}

void http_site_close(struct http_site *site)
{
    pthread_mutex_lock(&site->suspension);
    site->closing = true;
    pthread_mutex_unlock(&site->suspension);
    passwords_destroy(site->passwords); /* resumes who waits */
    site->passwords = NULL;
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

static enum route find_route(const struct http_site *site, const char *path)
{
    for (enum route route = 0; route < ROUTE_OTHER; route++) {
        if (strcmp(path, site->paths[route]) == 0)
            return route;
    }
    return ROUTE_OTHER;
}

struct http_request *http_request_create(struct http_site *site, struct MHD_Connection *connection,
                                         const char *path, const char *method)
{
    struct http_request *request = calloc(1, sizeof *request);
    if (!request)
        return NULL;
    request->site = site;
    request->connection = connection;
    request->route = find_route(site, path);
    request->is_get =
        strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
    request->verdict = PASSWORD_PENDING;
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
    pthread_rwlock_rdlock(&site->config_lock);
    security_headers_add(&site->security, site->config, response);
    pthread_rwlock_unlock(&site->config_lock);
    for (size_t i = 0; i < ANSWERS; i++) {
        if (answers[i].route == request->route && answers[i].code == code)
            atomic_fetch_add_explicit(&site->requests[i], 1, memory_order_relaxed);
    }
    enum MHD_Result result = MHD_queue_response(request->connection, code, response);
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

static void release_page(void *page)
{
    page_release(page);
}

static bool is_current(const struct http_site *site, const struct page *page)
{
    return page && site->clock->monotonic(site->clock->context) <= page_valid_until(page);
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
    if (!is_current(request->site, page)) {
        const char *why = page ? "The sampler is stuck: the numbers are too old to be shown.\n"
                               : "No sample was taken yet.\n";
        page_release(page);
        return answer_unavailable(request, why);
    }
    struct joined_header accepted;
    get_header(request->connection, MHD_HTTP_HEADER_ACCEPT_ENCODING, &accepted);
    bool compressed = negotiate_gzip(accepted.list);
    struct body body;
    struct MHD_Response *response = NULL;
    if (page_body(page, format, compressed, &body))
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            body.length, (void *)body.data, release_page, (void *)page);
    if (!response) {
        page_release(page);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, vary);
    if (compressed)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return answer(request, MHD_HTTP_OK, response);
}

static enum MHD_Result answer_metrics(struct http_request *request)
{
    struct joined_header accepted;
    get_header(request->connection, MHD_HTTP_HEADER_ACCEPT, &accepted);
    struct negotiated_format chosen = negotiate_format(accepted.list);
    return answer_page(request, chosen.format, chosen.content_type, "Accept, Accept-Encoding");
}

static enum MHD_Result answer_ready(struct http_request *request)
{
    const struct page *page = publication_get(request->site->publication);
    bool ready = is_current(request->site, page) && page_is_ready(page);
    page_release(page);
    return ready ? answer_text(request, MHD_HTTP_OK, "Ready.\n", NULL, NULL)
                 : answer_unavailable(request, "No current count sample.\n");
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

/* Called in the thread of the passwords: the request goes on. */
static void resume(void *context, enum password_verdict verdict)
{
    struct http_request *request = context;
    pthread_mutex_t *suspension = &request->site->suspension; /* outlives the request */
    pthread_mutex_lock(suspension);
    request->verdict = verdict;
    MHD_resume_connection(request->connection);
    pthread_mutex_unlock(suspension);
}

/* Ask about a name and a password. PASSWORD_PENDING: the connection is suspended. */
static enum password_verdict check_password(struct http_request *request, const char *user,
                                            const char *password)
{
    struct http_site *site = request->site;
    const struct sockaddr *client =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    pthread_mutex_lock(&site->suspension);
    enum password_verdict verdict = PASSWORD_BUSY;
    if (!site->closing)
        verdict = passwords_check(site->passwords, user, password, client, resume, request);
    if (verdict == PASSWORD_PENDING)
        MHD_suspend_connection(request->connection);
    pthread_mutex_unlock(&site->suspension);
    return verdict;
}

/* May this request be answered? What is not known at once is PASSWORD_PENDING. */
static enum password_verdict authorize(struct http_request *request)
{
    struct http_site *site = request->site;
    pthread_rwlock_rdlock(&site->config_lock);
    bool needed = site->config && site->config->user_count > 0;
    pthread_rwlock_unlock(&site->config_lock);
    if (!needed)
        return PASSWORD_RIGHT;
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(request->connection, &password);
    enum password_verdict verdict = PASSWORD_WRONG;
    if (user && password)
        verdict = check_password(request, user, password);
    if (password)
        explicit_bzero(password, strlen(password));
    MHD_free(password);
    MHD_free(user);
    return verdict;
}

enum MHD_Result http_request_answer(struct http_request *request, bool last, bool *suspended)
{
    request->last = last;
    *suspended = false;
    if (request->verdict == PASSWORD_PENDING) {
        enum password_verdict verdict = authorize(request);
        *suspended = verdict == PASSWORD_PENDING;
        if (*suspended)
            return MHD_YES; /* the request is already the other thread's to write to */
        request->verdict = verdict;
    }
    switch (request->verdict) {
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
