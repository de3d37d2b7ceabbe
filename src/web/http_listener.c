// SPDX-License-Identifier: Apache-2.0
#include "http_listener.h"

#include "base/log.h"
#include "connections.h"
#include "daemon_thread.h"
#include "sockdiag/web_server.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* libmicrohttpd's own defaults never time out and take connections until descriptors run out. An
 * idle connection is kept beyond the usual scrape intervals, or each scrape would leave a TIME_WAIT
 * here. */
static const unsigned keep_alive_seconds = 65;
static const size_t connection_memory = 16384; /* the most a request's head may take */

struct http_listener {
    struct MHD_Daemon *daemon;
    struct daemon_thread thread; /* which runs it */
    struct http_site *site;
    struct access *access;
    enum client_auth client_auth; /* CLIENT_AUTH_NONE without TLS */
    struct connections connections;
    atomic_bool stopping;
};

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

/* Without memory for its bookkeeping, a connection ends with its first request. */
static void notify_connection(void *context, struct MHD_Connection *connection, void **bookkeeping,
                              enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        demand_certificate(connection, listener->client_auth);
        *bookkeeping = connections_add(&listener->connections, fd);
    } else if (*bookkeeping) {
        connections_remove(&listener->connections, *bookkeeping);
    }
}

static struct connection *bookkeeping_of(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void request_completed(void *context, struct MHD_Connection *connection, void **request,
                              enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct http_listener *listener = context;
    struct connection *bookkeeping = bookkeeping_of(connection);
    http_request_free(*request);
    *request = NULL;
    if (bookkeeping)
        connections_enter(&listener->connections, bookkeeping, CONNECTION_IDLE);
}

static enum MHD_Result answer(struct http_listener *listener, struct connection *bookkeeping,
                              struct http_request *request)
{
    bool last = !connections_are_kept(&listener->connections);
    /* Told before it happens: once suspended, the connection may be resumed at any time. And before
     * the look at `stopping`, so that a stop either is seen here or waits for this one. */
    connections_enter(&listener->connections, bookkeeping, CONNECTION_SUSPENDED);
    bool suspended = false;
    enum MHD_Result result = MHD_NO;
    if (!atomic_load(&listener->stopping))
        result = http_request_answer(request, last, &suspended);
    if (!suspended)
        connections_enter(&listener->connections, bookkeeping, CONNECTION_ANSWERING);
    return result;
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
    struct connection *bookkeeping = bookkeeping_of(connection);
    if (!bookkeeping)
        return MHD_NO;
    if (!*request) {
        daemon_thread_serves_request(&listener->thread);
        const struct admission admission = {.access = listener->access,
                                            .connection = connection,
                                            .thread = &listener->thread,
                                            .verdict = PASSWORD_PENDING};
        *request = http_request_create(listener->site, &admission, path, method);
        return *request ? MHD_YES : MHD_NO;
    }
    if (*body_size > 0) {
        *body_size = 0; /* nobody wants it */
        return MHD_YES;
    }
    return answer(listener, bookkeeping, *request);
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

static struct MHD_Daemon *start_daemon(struct http_listener *listener, unsigned max_connections,
                                       const struct tls_settings *tls)
{
    unsigned of_one_client = max_connections / WEB_CLIENTS_AT_LEAST;
    if (of_one_client == 0)
        of_one_client = 1;
    struct MHD_OptionItem tls_options[5];
    set_tls_options(tls_options, tls);
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
                     MHD_ALLOW_SUSPEND_RESUME | (tls ? (unsigned)MHD_USE_TLS : 0);
    return MHD_start_daemon(
        flags, 0, NULL, NULL, handle_request, listener, MHD_OPTION_EXTERNAL_LOGGER,
        log_library_message, NULL, /* the logger must come first */
        MHD_OPTION_CONNECTION_LIMIT, max_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        of_one_client, MHD_OPTION_CONNECTION_TIMEOUT, keep_alive_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, listener, MHD_OPTION_NOTIFY_COMPLETED, request_completed, listener,
        MHD_OPTION_ARRAY, tls_options, MHD_OPTION_END);
}

struct http_listener *http_listener_start(int fd, unsigned max_connections, struct access *access,
                                          struct http_site *site, const struct clock *clock)
{
    const struct web_config *config = access_config(access);
    const struct tls_settings *tls = config ? config->tls : NULL;
    struct http_listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        return NULL;
    listener->site = site;
    listener->access = access;
    listener->client_auth = tls ? tls->client_auth : CLIENT_AUTH_NONE;
    connections_init(&listener->connections, max_connections, clock);
    listener->daemon = start_daemon(listener, max_connections, tls);
    if (listener->daemon &&
        daemon_thread_start(&listener->thread, listener->daemon, fd, max_connections))
        return listener;
    if (listener->daemon)
        MHD_stop_daemon(listener->daemon);
    connections_release(&listener->connections);
    free(listener);
    return NULL;
}

void http_listener_retire(struct http_listener *listener)
{
    connections_dismiss(&listener->connections);
    daemon_thread_quiesce(&listener->thread);
}

struct connections *http_listener_connections(struct http_listener *listener)
{
    return &listener->connections;
}

void http_listener_stop(struct http_listener *listener)
{
    if (!listener)
        return;
    http_listener_retire(listener);
    atomic_store(&listener->stopping, true);
    connections_await_resumed(&listener->connections); /* or libmicrohttpd ends the process */
    daemon_thread_end(&listener->thread);
    MHD_stop_daemon(listener->daemon);
    connections_release(&listener->connections);
    free(listener);
}
