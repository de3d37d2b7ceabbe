// SPDX-License-Identifier: Apache-2.0
#include "handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/x509.h>
#include <string.h>

gnutls_session_t handshake_start_end(unsigned flags, int fd,
                                     gnutls_certificate_credentials_t credentials,
                                     const char *priorities)
{
    gnutls_session_t session;
    assert_int_equal(gnutls_init(&session, flags | GNUTLS_NONBLOCK), 0);
    assert_int_equal(gnutls_priority_set_direct(session, priorities, NULL), 0);
    assert_int_equal(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials), 0);
    gnutls_transport_set_int(session, fd);
    return session;
}

/* Nothing blocks: each end reads the data that the other has sent, and a handshake takes a few
 * turns. */
bool handshake_make(gnutls_session_t server, gnutls_session_t client)
{
    int server_result = GNUTLS_E_AGAIN, client_result = GNUTLS_E_AGAIN;
    for (int turn = 0; turn < 20 && (server_result || client_result); turn++) {
        if (client_result)
            client_result = gnutls_handshake(client);
        if (server_result)
            server_result = gnutls_handshake(server);
        if (gnutls_error_is_fatal(client_result) || gnutls_error_is_fatal(server_result))
            return false;
    }
    return server_result == 0 && client_result == 0;
}

const char *handshake_peer_name(gnutls_session_t session)
{
    static char subject[64];
    unsigned count;
    const gnutls_datum_t *shown = gnutls_certificate_get_peers(session, &count);
    gnutls_x509_crt_t certificate;
    size_t size = sizeof subject;
    if (!shown || count == 0)
        return "";
    assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
    assert_int_equal(gnutls_x509_crt_import(certificate, shown, GNUTLS_X509_FMT_DER), 0);
    assert_int_equal(gnutls_x509_crt_get_dn(certificate, subject, &size), 0);
    gnutls_x509_crt_deinit(certificate);
    return subject + strlen("CN=");
}
