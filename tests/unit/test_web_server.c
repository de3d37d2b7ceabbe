// SPDX-License-Identifier: Apache-2.0
/*
 * A server whose configuration is replaced, and that is stopped, while it has connections.
 */
#include "sockdiag/web_server.h"

#include "certificate.h"
#include "handshake.h"
#include "http_client.h"
#include "scratch.h"
#include "skip.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECTION "tls_server_config:\n"
#define TLS     SECTION "  cert_file: server.pem\n  key_file: server.key\n"
#define RENEWED SECTION "  cert_file: server2.pem\n  key_file: server2.key\n"
#define DEMAND  TLS "  client_ca_file: client.pem\n  client_auth_type: RequireAndVerifyClientCert\n"
#define USERS                                                                                      \
    "basic_auth_users:\n  alice: $2b$04$MrSPTLRl84Of7yuDgQzreeLSXeKuHiVtfGiDeKjwCvjItguXlPbmq\n"

#define HEALTHY "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
#define METRICS "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* A page of this many destinations is more than the buffers of both ends of a connection. */
enum { DESTINATIONS = 5000 };

static struct publication *publication;
static struct web_server *web;

static int make_certificates(void **state)
{
    static const char *const names[] = {"server", "server2", "client"};
    if (scratch_make(state) < 0)
        return -1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        certificate_make(names[i], GNUTLS_PK_ECDSA,
                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
    return 0;
}

static void start_web(const char *config)
{
    publication = publication_create();
    publication_put(publication, small_web_page(DESTINATIONS, &system_clock));
    web = small_web_start(publication, &system_clock, small_web_config(config));
    assert_non_null(web);
}

static int stop_web(void **state)
{
    (void)state;
    web_server_stop(web);
    publication_destroy(publication);
    return 0;
}

static bool configure(const char *text)
{
    char error[256];
    return web_server_configure(web, small_web_config(text), error, sizeof error);
}

static void *stop_all(void *context)
{
    web_server_stop(web);
    web = NULL;
    return context;
}

static void assert_success(pthread_t thread)
{
    void *result;
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_non_null(result);
}

/* A connection, with TLS if `session` is not NULL. */
struct client {
    int fd;
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t session;
};

static struct client connect_plain(void)
{
    struct client client = {.fd = http_connect("127.0.1.1", "127.0.0.1", SMALL_WEB_PORT)};
    assert_true(client.fd >= 0);
    const struct timeval patience = {.tv_sec = 10};
    setsockopt(client.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return client;
}

/* With the certificate of "client" if `certified`. Whether the server takes it shows when it is
 * asked something. */
static void begin_tls(struct client *client, bool certified)
{
    gnutls_certificate_allocate_credentials(&client->credentials);
    if (certified)
        gnutls_certificate_set_x509_key_file(client->credentials, scratch_path("client.pem"),
                                             scratch_path("client.key"), GNUTLS_X509_FMT_PEM);
    gnutls_init(&client->session, GNUTLS_CLIENT);
    gnutls_set_default_priority(client->session);
    gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE, client->credentials);
    gnutls_transport_set_int(client->session, client->fd);
    gnutls_handshake(client->session);
}

static struct client connect_tls(bool certified)
{
    struct client client = connect_plain();
    begin_tls(&client, certified);
    return client;
}

static void disconnect(struct client *client)
{
    if (client->session) {
        gnutls_deinit(client->session);
        gnutls_certificate_free_credentials(client->credentials);
    }
    close(client->fd);
}

static ssize_t read_some(const struct client *client, char *bytes, size_t size)
{
    return client->session ? gnutls_record_recv(client->session, bytes, size)
                           : recv(client->fd, bytes, size, 0);
}

static void say(const struct client *client, const char *request)
{
    if (client->session)
        gnutls_record_send(client->session, request, strlen(request));
    else
        send(client->fd, request, strlen(request), MSG_NOSIGNAL);
}

static char answer[1 << 20];

/* The status of one short answer, whose body is a line, or 0 when the connection ends first. */
static int ask(const struct client *client, const char *request)
{
    char *body = NULL;
    size_t length = 0;
    ssize_t got = 1;
    say(client, request);
    while (!body || !strchr(body, '\n')) {
        got = read_some(client, answer + length, sizeof answer - 1 - length);
        if (got <= 0)
            return 0;
        length += (size_t)got;
        answer[length] = '\0';
        body = strstr(answer, "\r\n\r\n");
        body = body ? body + 4 : NULL;
    }
    return atoi(answer + strlen("HTTP/1.1 "));
}

static bool has_ended(const struct client *client)
{
    char byte;
    return read_some(client, &byte, 1) <= 0;
}

/* Ask for the page, and read the beginning of the answer. */
static void begin_page(const struct client *client)
{
    char byte;
    say(client, METRICS);
    assert_int_equal(read_some(client, &byte, 1), 1);
    assert_int_equal(byte, 'H');
}

/* The rest of it comes, and then the end of the connection. */
static void assert_page_ends(const struct client *client)
{
    size_t length = 0;
    ssize_t got;
    while ((got = read_some(client, answer + length, sizeof answer - 1 - length)) > 0)
        length += (size_t)got;
    assert_int_equal(got, 0);
    answer[length] = '\0';
    const char *body = strstr(answer, "\r\n\r\n"), *size = strstr(answer, "Content-Length: ");
    assert_true(body && size);
    assert_int_equal(strlen(body + 4), strtoul(size + 16, NULL, 10));
}

static void assert_status(struct client client, const char *request, int status)
{
    assert_int_equal(ask(&client, request), status);
    disconnect(&client);
}

static void test_a_demand_for_client_certificates_takes_effect(void **state)
{
    (void)state;
    start_web(TLS);
    struct client idle = connect_tls(false), fresh = connect_tls(false);
    assert_int_equal(ask(&idle, HEALTHY), 200);
    assert_true(configure(DEMAND));
    assert_status(connect_tls(false), HEALTHY, 0);
    assert_status(connect_tls(true), HEALTHY, 200);
    assert_true(has_ended(&idle));
    assert_int_equal(ask(&fresh, HEALTHY), 200); /* with the old settings once more */
    assert_non_null(strcasestr(answer, "\r\nConnection: close"));
    assert_true(has_ended(&fresh));
    disconnect(&idle);
    disconnect(&fresh);
    assert_true(configure(TLS));
    assert_status(connect_tls(false), HEALTHY, 200);
}

static void test_a_new_certificate_leaves_answers_under_way(void **state)
{
    (void)state;
    start_web(TLS);
    struct client old = connect_tls(false);
    begin_page(&old);
    assert_true(configure(RENEWED));
    struct client new = connect_tls(false);
    assert_int_equal(ask(&new, HEALTHY), 200);
    assert_string_equal(handshake_peer_name(new.session), "server2");
    assert_string_equal(handshake_peer_name(old.session), "server");
    assert_page_ends(&old);
    disconnect(&old);
    disconnect(&new);
}

static void test_what_requires_a_restart_is_refused(void **state)
{
    (void)state;
    static const char neither[] = "http_server_config:\n  headers:\n    X-Frame-Options: deny\n";
    start_web(TLS);
    assert_false(configure(USERS));
    assert_status(connect_tls(false), HEALTHY, 200);
    stop_web(state);
    start_web(TLS USERS);
    assert_true(configure(TLS));
    assert_status(connect_tls(false), HEALTHY, 200);
    stop_web(state);
    start_web(USERS);
    assert_true(configure(USERS));
    assert_false(configure(TLS));
    assert_false(configure(neither));
    assert_status(connect_plain(), HEALTHY, 401);
    stop_web(state);
    start_web(neither);
    assert_true(configure(""));
    assert_status(connect_plain(), HEALTHY, 200);
}

static void test_a_stop_waits_for_answers_under_way(void **state)
{
    (void)state;
    pthread_t thread;
    start_web("");
    struct client idle = connect_plain(), busy = connect_plain();
    assert_int_equal(ask(&idle, HEALTHY), 200);
    begin_page(&busy);
    assert_int_equal(pthread_create(&thread, NULL, stop_all, publication), 0);
    assert_true(has_ended(&idle));
    assert_page_ends(&busy);
    assert_success(thread);
    disconnect(&idle);
    disconnect(&busy);
}

static void test_one_thread_serves_several_sockets(void **state)
{
    (void)state;
    char error[256];
    const struct web_options options = {.listen_addresses = {"127.0.0.1:10073", "127.0.0.1:10074"},
                                        .listen_address_count = 2,
                                        .telemetry_path = "/metrics",
                                        .max_connections = 16};
    publication = publication_create();
    web = web_server_create(&options, NULL, publication, &system_clock, error, sizeof error);
    assert_true(web && web_server_start(web, error, sizeof error));
    int clients[2];
    for (int i = 0; i < 4; i++) { /* each has a place at each */
        struct http_reply reply;
        if (i < 2)
            clients[i] = http_connect("127.0.1.1", "127.0.0.1", (uint16_t)(SMALL_WEB_PORT + i));
        assert_int_equal(http_ask(clients[i % 2], HEALTHY, &reply), 0);
        http_reply_free(&reply);
    }
    for (int i = 0; i < 2; i++)
        close(clients[i]);
}

#define with_web(test) cmocka_unit_test_teardown(test, stop_web)

int main(void)
{
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_web(test_a_demand_for_client_certificates_takes_effect),
        with_web(test_a_new_certificate_leaves_answers_under_way),
        with_web(test_what_requires_a_restart_is_refused),
        with_web(test_a_stop_waits_for_answers_under_way),
        with_web(test_one_thread_serves_several_sockets),
    };
    return cmocka_run_group_tests_name("web server", tests, make_certificates, scratch_remove);
}
