// SPDX-License-Identifier: Apache-2.0
#include "http_listener.h"

#include "sockdiag/log.h"
#include "sockdiag/web_server.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* libmicrohttpd's own defaults never time out and take connections until descriptors run out. A
 * client has ten seconds for its first request; after one, the connection is kept beyond the usual
 * scrape intervals, or each scrape would leave a TIME_WAIT here. When half of the connections are
 * taken, there is no such patience: who is idle must not keep others out. */
static const unsigned request_timeout_seconds = 10;
static const unsigned keep_alive_seconds = 65;
static const unsigned crowded_timeout_seconds = 2;
static const size_t connection_memory = 16384; /* the most a request's head may take */

struct http_listener {
    struct MHD_Daemon *daemon;
    struct http_site *site;
    unsigned max_connections;
    enum client_auth client_auth; /* CLIENT_AUTH_NONE without TLS */

    pthread_mutex_t mutex;  /* of all below: the daemon's thread counts, another one waits */
    pthread_cond_t changed; /* one of the next two has come down to 0 */
    unsigned busy;          /* connections with a request under way, or before their first */
    unsigned suspended;     /* connections that wait for a password to be checked */
    unsigned connections;
    bool retiring;
};

/* What is kept with a connection: in which of the counts it is. */
struct connection_state {
    bool busy;
    bool suspended;
};

static void count(struct http_listener *listener, bool *counted, bool now, unsigned *total)
{
    pthread_mutex_lock(&listener->mutex);
    if (*counted != now)
        *total += now ? 1U : -1U;
    *counted = now;
    if (*total == 0)
        pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->mutex);
}

static void set_busy(struct http_listener *listener, struct connection_state *state, bool busy)
{
    count(listener, &state->busy, busy, &listener->busy);
}

static void set_suspended(struct http_listener *listener, struct connection_state *state,
                          bool suspended)
{
    count(listener, &state->suspended, suspended, &listener->suspended);
}

/* Are there more connections than are comfortable, or is none to stay? */
static bool is_crowded(struct http_listener *listener)
{
    pthread_mutex_lock(&listener->mutex);
    bool crowded = listener->retiring || listener->connections > listener->max_connections / 2;
    pthread_mutex_unlock(&listener->mutex);
    return crowded;
}

/* Called by GnuTLS within the handshake when the client has shown a certificate or none. Whether it
 * may show none, GnuTLS has been told. */
static int verify_client(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned count, problems;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return 0;
    int result = gnutls_certificate_verify_peers(session, &purpose, 1, &problems);
    return result < 0 || problems != 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

/* libmicrohttpd asks for a certificate but takes whatever comes: the rest is said here, before the
 * handshake begins. */
static void demand_certificate(struct MHD_Connection *connection, enum client_auth client_auth)
{
    if (client_auth == CLIENT_AUTH_NONE)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info->tls_session;
    bool required =
        client_auth == CLIENT_AUTH_REQUIRE_ANY || client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
    gnutls_certificate_server_set_request(session,
                                          required ? GNUTLS_CERT_REQUIRE : GNUTLS_CERT_REQUEST);
    if (client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN || client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY)
        gnutls_session_set_verify_function(session, verify_client);
}

/* Without memory the connection ends with its first request. */
static void connection_started(struct http_listener *listener, struct MHD_Connection *connection,
                               void **state)
{
    demand_certificate(connection, listener->client_auth);
    *state = calloc(1, sizeof(struct connection_state));
    if (!*state)
        return;
    set_busy(listener, *state, true);
    pthread_mutex_lock(&listener->mutex);
    listener->connections++;
    pthread_mutex_unlock(&listener->mutex);
    if (is_crowded(listener))
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                                  crowded_timeout_seconds);
}

static void connection_closed(struct http_listener *listener, struct connection_state *state)
{
    if (!state)
        return;
    set_busy(listener, state, false);
    pthread_mutex_lock(&listener->mutex);
    listener->connections--;
    pthread_mutex_unlock(&listener->mutex);
    free(state);
}

static void notify_connection(void *context, struct MHD_Connection *connection, void **state,
                              enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        connection_started(context, connection, state);
    else
        connection_closed(context, *state);
}

static struct connection_state *state_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void request_completed(void *context, struct MHD_Connection *connection, void **request,
                              enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct connection_state *state = state_of(connection);
    if (!state)
        return;
    http_request_free(*request);
    *request = NULL;
    set_suspended(context, state, false);
    set_busy(context, state, false);
}

static enum MHD_Result begin_request(struct http_listener *listener,
                                     struct MHD_Connection *connection,
                                     struct connection_state *state, const char *path,
                                     const char *method, void **request)
{
    set_busy(listener, state, true);
    if (!is_crowded(listener))
        MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, keep_alive_seconds);
    *request = http_request_create(listener->site, connection, path, method);
    return *request ? MHD_YES : MHD_NO;
}

/* libmicrohttpd calls this once with the head of a request, then with each piece of a body, then
 * once without one, and again after a suspension. An answer in the first call would cost the
 * connection. */
static enum MHD_Result handle_request(void *context, struct MHD_Connection *connection,
                                      const char *path, const char *method, const char *version,
                                      const char *body, size_t *body_size, void **request)
{
    (void)version;
    (void)body;
    struct http_listener *listener = context;
    struct connection_state *state = state_of(connection);
    if (!state)
        return MHD_NO;
    if (!*request)
        return begin_request(listener, connection, state, path, method, request);
    if (*body_size > 0) {
        *body_size = 0; /* nobody wants it */
        return MHD_YES;
    }
    /* Counted before it happens: once suspended, the connection may be resumed at any time. */
    set_suspended(listener, state, true);
    bool suspended = false;
    enum MHD_Result result = http_request_answer(*request, is_crowded(listener), &suspended);
    if (!suspended)
        set_suspended(listener, state, false);
    return result;
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

/* The options of libmicrohttpd that TLS adds. They are read when the daemon starts. */
static void set_tls_options(struct MHD_OptionItem options[static 5], const struct tls_settings *tls)
{
    size_t count = 0;
    if (tls) {
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, tls->key};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, tls->priorities};
    }
    if (tls && tls->client_ca)
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, tls->client_ca};
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

static struct MHD_Daemon *start_daemon(struct http_listener *listener, int fd,
                                       const struct tls_settings *tls)
{
    unsigned of_one_client = listener->max_connections / WEB_CLIENTS_AT_LEAST;
    if (of_one_client == 0)
        of_one_client = 1;
    struct MHD_OptionItem tls_options[5];
    set_tls_options(tls_options, tls);
    /* ITC: a stop is heard even while the limit keeps the listening socket out of epoll. */
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG |
                     MHD_ALLOW_SUSPEND_RESUME | (tls ? (unsigned)MHD_USE_TLS : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle_request, listener, MHD_OPTION_EXTERNAL_LOGGER,
        log_library_message, NULL, /* the logger must come first */
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, listener->max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one_client, MHD_OPTION_CONNECTION_TIMEOUT,
        request_timeout_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory,
        MHD_OPTION_NOTIFY_CONNECTION, notify_connection, listener, MHD_OPTION_NOTIFY_COMPLETED,
        request_completed, listener, MHD_OPTION_ARRAY, tls_options, MHD_OPTION_END);
}

struct http_listener *http_listener_start(int fd, unsigned max_connections,
                                          const struct tls_settings *tls, struct http_site *site)
{
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return NULL;
    listener->site = site;
    listener->max_connections = max_connections;
    listener->client_auth = tls ? tls->client_auth : CLIENT_AUTH_NONE;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&listener->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&listener->mutex, NULL);
    listener->daemon = start_daemon(listener, fd, tls);
    if (listener->daemon)
        return listener;
    http_listener_stop(listener);
    return NULL;
}

void http_listener_retire(struct http_listener *listener)
{
    pthread_mutex_lock(&listener->mutex);
    bool retiring = listener->retiring;
    listener->retiring = true;
    pthread_mutex_unlock(&listener->mutex);
    /* Or stopping would shut down a socket that others serve on. */
    if (!retiring && listener->daemon)
        MHD_quiesce_daemon(listener->daemon);
}

bool http_listener_await_idle(struct http_listener *listener, int64_t deadline)
{
    const struct timespec until = {.tv_sec = deadline / NANOSECONDS_PER_SECOND,
                                   .tv_nsec = deadline % NANOSECONDS_PER_SECOND};
    pthread_mutex_lock(&listener->mutex);
    int result = 0;
    while (listener->busy > 0 && result == 0)
        result = pthread_cond_timedwait(&listener->changed, &listener->mutex, &until);
    bool idle = listener->busy == 0;
    pthread_mutex_unlock(&listener->mutex);
    return idle;
}

/* libmicrohttpd would end the process otherwise. */
static void await_none_suspended(struct http_listener *listener)
{
    pthread_mutex_lock(&listener->mutex);
    while (listener->suspended > 0)
        pthread_cond_wait(&listener->changed, &listener->mutex);
    pthread_mutex_unlock(&listener->mutex);
}

void http_listener_stop(struct http_listener *listener)
{
    if (!listener)
        return;
    http_listener_retire(listener);
    await_none_suspended(listener);
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->mutex);
    free(listener);
}
