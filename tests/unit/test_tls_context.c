// SPDX-License-Identifier: Apache-2.0
/*
 * What a client meets at a session that was given TLS settings. Both ends are in this test, over a
 * socket pair; the server's is begun as libmicrohttpd begins it, with settings that are replaced.
 */
#include "web/tls_context.h"

#include "certificate.h"
#include "handshake.h"
#include "scratch.h"
#include "small_web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SECTION "tls_server_config:\n"
#define PAIR    SECTION "  cert_file: server.pem\n  key_file: server.key\n"
#define CA      "  client_ca_file: client.pem\n"

static int make_certificates(void **state)
{
    if (scratch_make(state) < 0)
        return -1;
    static const char *const names[] = {"server", "server2", "client", "rogue"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        certificate_make(names[i], GNUTLS_PK_ECDSA,
                         GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1));
    return 0;
}

static struct tls_context *make_context(const char *text)
{
    struct web_config *config = small_web_config(text);
    struct tls_context *context = tls_context_share(config->tls);
    assert_non_null(context);
    web_config_free(config); /* it is not needed any more */
    return context;
}

/* A client, which shows the certificate `shown` if it is asked for one (NULL: none), and the server
 * that it meets. */
struct meeting {
    int ends[2];
    gnutls_certificate_credentials_t given, own;
    gnutls_session_t server, client;
};

static bool meet(struct meeting *meeting, struct tls_context *context, const char *priorities,
                 const char *shown)
{
    char certificate[64], key[64];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, meeting->ends), 0);
    gnutls_certificate_allocate_credentials(&meeting->given);
    gnutls_certificate_allocate_credentials(&meeting->own);
    snprintf(certificate, sizeof certificate, "%s.pem", shown ? shown : "");
    snprintf(key, sizeof key, "%s.key", shown ? shown : "");
    if (shown)
        assert_int_equal(
            gnutls_certificate_set_x509_key_file(meeting->own, scratch_path(certificate),
                                                 scratch_path(key), GNUTLS_X509_FMT_PEM),
            0);
    meeting->server =
        handshake_start_end(GNUTLS_SERVER, meeting->ends[0], meeting->given, "NORMAL");
    meeting->client = handshake_start_end(GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT,
                                          meeting->ends[1], meeting->own, priorities);
    assert_true(tls_context_apply(context, meeting->server));
    return handshake_make(meeting->server, meeting->client);
}

static void part(struct meeting *meeting)
{
    gnutls_deinit(meeting->server);
    gnutls_deinit(meeting->client);
    gnutls_certificate_free_credentials(meeting->given);
    gnutls_certificate_free_credentials(meeting->own);
    close(meeting->ends[0]);
    close(meeting->ends[1]);
}

static void assert_meets(struct tls_context *context, const char *name)
{
    struct meeting meeting;
    assert_true(meet(&meeting, context, "NORMAL", NULL));
    assert_string_equal(handshake_peer_name(meeting.client), name);
    part(&meeting);
}

static void test_each_session_has_its_own_settings(void **state)
{
    (void)state;
    struct tls_context *first = make_context(PAIR);
    struct tls_context *second =
        make_context(SECTION "  cert_file: server2.pem\n  key_file: server2.key\n");
    for (int i = 0; i < 2; i++) {
        assert_meets(first, "server");
        assert_meets(second, "server2");
    }
    tls_context_release(first);
    tls_context_release(second);
}

static void test_a_context_lives_until_its_last_share_is_released(void **state)
{
    (void)state;
    struct meeting meeting;
    struct tls_context *context = make_context(PAIR);
    assert_ptr_equal(tls_context_share(context), context);
    tls_context_release(context);
    assert_true(meet(&meeting, context, "NORMAL", NULL));
    part(&meeting);
    tls_context_release(context);
    assert_null(tls_context_share(NULL));
    tls_context_release(NULL);
}

static void test_priorities_are_those_of_the_settings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *client;
        bool agree;
    } cases[] = {
        {PAIR, "NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
        {PAIR "  min_version: TLS13\n", "NORMAL", true},
        {PAIR "  min_version: TLS13\n", "NORMAL:-VERS-ALL:+VERS-TLS1.2", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct meeting meeting;
        struct tls_context *context = make_context(cases[i].text);
        if (meet(&meeting, context, cases[i].client, NULL) != cases[i].agree)
            fail_msg("case %zu", i);
        part(&meeting);
        tls_context_release(context);
    }
}

/* What a client gets that shows no certificate, that of another authority, the right one. */
static void test_client_certificates(void **state)
{
    (void)state;
    static const char *const shown[] = {NULL, "rogue", "client"};
    static const char *const versions[] = {"NORMAL", "NORMAL:-VERS-ALL:+VERS-TLS1.2"};
    static const struct {
        const char *text;
        bool agree[3];
    } cases[] = {
        {PAIR, {true, true, true}},
        {PAIR CA "  client_auth_type: RequestClientCert\n", {true, true, true}},
        {PAIR CA "  client_auth_type: RequireAnyClientCert\n", {false, true, true}},
        {PAIR CA "  client_auth_type: VerifyClientCertIfGiven\n", {true, false, true}},
        {PAIR CA "  client_auth_type: RequireAndVerifyClientCert\n", {false, false, true}},
    };
    for (size_t i = 0; i < 2 * 3 * sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i / 6].text, *certificate = shown[i % 3];
        struct meeting meeting;
        struct tls_context *context = make_context(text);
        bool agree = meet(&meeting, context, versions[i / 3 % 2], certificate);
        if (agree != cases[i / 6].agree[i % 3])
            fail_msg("%s%s, %s", text, certificate ? certificate : "none", versions[i / 3 % 2]);
        if (agree) /* without a client_auth_type it is not asked for */
            assert_string_equal(handshake_peer_name(meeting.server),
                                i >= 6 && certificate ? certificate : "");
        part(&meeting);
        tls_context_release(context);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_session_has_its_own_settings),
        cmocka_unit_test(test_a_context_lives_until_its_last_share_is_released),
        cmocka_unit_test(test_priorities_are_those_of_the_settings),
        cmocka_unit_test(test_client_certificates),
    };
    return cmocka_run_group_tests_name("tls context", tests, make_certificates, scratch_remove);
}
