// SPDX-License-Identifier: Apache-2.0
#include "http_daemon.h"

#include "base/log.h"
#include "http_head.h"
#include "publish/body.h"
#include "tls_context.h"

#include <gnutls/abstract.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if MHD_VERSION < 0x00097707
enum { MHD_USE_NO_THREAD_SAFETY = 0 }; /* it begins each connection at once anyway */
#endif

/* In bytes, for each connection, allocated when it begins. Half is for the head of a request, the
 * rest for libmicrohttpd's lists of header fields, cookies and parameters of the query: 56 bytes
 * for each entry, and a copy of the cookies. */
static const size_t connection_memory = 64 * 1024;

/* The bytes of all bodies in memory. Each sample makes a new body, and a client that reads slowly
 * keeps the one it reads. Beyond this limit, the connections that read the oldest body are ended.
 * Together with 256 connections it must stay below the unit's MemoryMax. */
static const size_t most_body_bytes = 8 << 20;

static struct connection *get_connection(struct MHD_Connection *connection)
{
    return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void begin_connection(const struct http_daemon *daemon, struct connection *connection,
                             struct MHD_Connection *handle)
{
    connection->handle = handle;
    if (!daemon->config || !daemon->config->tls)
        return;
    connection->tls = tls_context_share(daemon->config->tls);
    if (!tls_context_apply(
            connection->tls,
            MHD_get_connection_info(handle, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session))
        shutdown(connection->fd, SHUT_RDWR);
}

static void notify_connection(void *context, struct MHD_Connection *handle, void **socket_context,
                              enum MHD_ConnectionNotificationCode code)
{
    struct http_daemon *daemon = context;
    struct connection *connection = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = daemon->added;
        begin_connection(daemon, daemon->added, handle);
        daemon->added = NULL;
    } else {
        tls_context_release(connection->tls);
        connections_remove(&daemon->connections, connection);
    }
}

static void complete_request(void *context, struct MHD_Connection *handle, void **request,
                             enum MHD_RequestTerminationCode code)
{
    (void)code;
    struct http_daemon *daemon = context;
    struct connection *connection = get_connection(handle);
    *request = NULL;
    body_release(connection->body);
    connection->body = NULL;
    connections_enter(&daemon->connections, connection, CONNECTION_IDLE);
}

/* May the request be answered? With PASSWORD_PENDING, the verdict comes later. */
static enum password_verdict check_password(const struct http_daemon *daemon,
                                            struct connection *connection)
{
    if (!daemon->config || daemon->config->user_count == 0)
        return PASSWORD_RIGHT;
    return passwords_check(daemon->passwords,
                           MHD_lookup_connection_value(connection->handle, MHD_HEADER_KIND,
                                                       MHD_HTTP_HEADER_AUTHORIZATION),
                           connection->client, &connection->asker);
}

static enum MHD_Result answer(struct http_daemon *daemon, struct connection *connection,
                              struct http_request *request)
{
    enum password_verdict verdict = connection->asker.verdict;
    if (verdict == PASSWORD_PENDING)
        verdict = check_password(daemon, connection);
    if (verdict == PASSWORD_PENDING) {
        MHD_suspend_connection(connection->handle);
        connections_enter(&daemon->connections, connection, CONNECTION_SUSPENDED);
        return MHD_YES;
    }
    connections_enter(&daemon->connections, connection, CONNECTION_ANSWERING);
    request->last = connection->dismissed_at != 0;
    enum MHD_Result result = http_site_answer(request, verdict);
    connection->body = request->body;
    if (body_bytes_alive() > most_body_bytes)
        connections_end_oldest_body(&daemon->connections, request->body);
    return result;
}

/* libmicrohttpd calls this once with the head of a request, then with each piece of the request's
 * body, then once at its end, and again after a suspension. An answer in the first call ends the
 * connection. */
static enum MHD_Result handle_request(void *context, struct MHD_Connection *handle,
                                      const char *target, const char *method, const char *version,
                                      const char *body, size_t *body_size, void **begun)
{
    (void)body;
    struct http_daemon *daemon = context;
    struct connection *connection = get_connection(handle);
    struct http_request request = {.site = daemon->site,
                                   .connection = handle,
                                   .config = daemon->config,
                                   .target = target,
                                   .method = method};
    if (!*begun) {
        unsigned refusal = http_head_check(handle, version);
        connection->asker.verdict = PASSWORD_PENDING;
        *begun = connection;
        return refusal ? http_site_refuse(&request, refusal) : MHD_YES;
    }
    if (*body_size > 0) {
        *body_size = 0; /* read, and ignored */
        return MHD_YES;
    }
    return answer(daemon, connection, &request);
}

static void __attribute__((format(printf, 2, 0)))
log_library_message(void *context, const char *format, va_list arguments)
{
    (void)context;
    char message[512];
    vsnprintf(message, sizeof message, format, arguments);
    message[strcspn(message, "\n")] = '\0';
    /* These are about clients (a connection reset, a bad request): no news for the operator. */
    log_debug("web", "%s", message);
}

/* libmicrohttpd requires a certificate to start; each session gets its own before it is used. */
static int give_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities,
                               int authority_count, const gnutls_pk_algorithm_t *algorithms,
                               int algorithm_count, gnutls_pcert_st **certificate,
                               unsigned *certificate_length, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms;
    (void)algorithm_count, (void)certificate, (void)certificate_length, (void)key;
    return -1;
}

static bool start_passwords(struct http_daemon *daemon, unsigned max_connections, int wake_fd,
                            const struct clock *clock)
{
    /* A quarter, rounded up, and the one that is being checked, which keeps its place. */
    daemon->passwords = passwords_create(clock, wake_fd, (max_connections + 3) / 4 + 1);
    if (daemon->passwords)
        passwords_replace(daemon->passwords, daemon->config->users, daemon->config->user_count);
    return daemon->passwords;
}

bool http_daemon_start(struct http_daemon *daemon, unsigned sockets, unsigned max_connections,
                       struct http_site *site, int wake_fd, const struct clock *clock)
{
    daemon->site = site;
    connections_init(&daemon->connections, max_connections, clock);
    if (daemon->config && !start_passwords(daemon, max_connections, wake_fd, clock))
        return false;
    const bool tls = daemon->config && daemon->config->tls;
    /* With thread safety, libmicrohttpd 1.0 queues connections. If memory is short when one is to
     * begin, it closes the connection without a notification. */
    unsigned flags = MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG |
                     MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_THREAD_SAFETY;
    struct MHD_OptionItem tls_options[] = {
        {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, __extension__(void *) give_no_certificate},
        /* The default, set here because libmicrohttpd does not check that it had memory for it. */
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL"},
        {MHD_OPTION_END, 0, NULL},
    };
    /* Its limit is above ours: a connection that we ended counts there until its next turn. */
    daemon->mhd = MHD_start_daemon(
        tls ? flags | (unsigned)MHD_USE_TLS : flags, 0, NULL, NULL, handle_request, daemon,
        MHD_OPTION_EXTERNAL_LOGGER, log_library_message, NULL, /* the logger must come first */
        MHD_OPTION_CONNECTION_LIMIT, sockets * (max_connections + CONNECTIONS_PER_TURN),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, connection_memory, MHD_OPTION_NOTIFY_CONNECTION,
        notify_connection, daemon, MHD_OPTION_NOTIFY_COMPLETED, complete_request, daemon,
        MHD_OPTION_ARRAY, tls ? &tls_options[0] : &tls_options[2], MHD_OPTION_END);
    return daemon->mhd;
}

void http_daemon_add(struct http_daemon *daemon, unsigned socket, int fd,
                     const struct sockaddr *address, socklen_t size)
{
    daemon->added = connections_add(&daemon->connections, socket, fd, client_of(address));
    if (!daemon->added) {
        daemon->site->rejections++;
        close(fd);
        return;
    }
    /* After a failure it has closed the connection, and removed it too if it had begun. */
    if (MHD_add_connection(daemon->mhd, fd, address, size) != MHD_YES && daemon->added)
        connections_remove(&daemon->connections, daemon->added);
}

int http_daemon_poll_fd(const struct http_daemon *daemon)
{
    return MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

int http_daemon_wait(const struct http_daemon *daemon, int most)
{
    MHD_UNSIGNED_LONG_LONG wanted;
    bool wants = MHD_get_timeout(daemon->mhd, &wanted) == MHD_YES;
    return wants && wanted < (unsigned)most ? (int)wanted : most;
}

void http_daemon_run(struct http_daemon *daemon)
{
    struct password_asker *asker = daemon->passwords ? passwords_answered(daemon->passwords) : NULL;
    for (; asker; asker = asker->next)
        MHD_resume_connection(((struct connection *)asker)->handle);
    MHD_run(daemon->mhd);
}

void http_daemon_configure(struct http_daemon *daemon, struct web_config *config)
{
    passwords_replace(daemon->passwords, config->users, config->user_count);
    web_config_free(daemon->config);
    daemon->config = config;
    connections_dismiss(&daemon->connections);
}

void http_daemon_stop(struct http_daemon *daemon)
{
    if (daemon->passwords)
        passwords_stop(daemon->passwords);
    if (daemon->mhd) {
        http_daemon_run(daemon); /* libmicrohttpd cannot close suspended connections */
        MHD_stop_daemon(daemon->mhd);
    }
    passwords_destroy(daemon->passwords);
    web_config_free(daemon->config);
}
