// SPDX-License-Identifier: Apache-2.0
#include "tls_context.h"

#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
    unsigned shares;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    enum client_auth client_auth;
};

static gnutls_datum_t as_datum(char *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
}

static bool load(struct tls_context *context, const struct tls_settings *settings)
{
    gnutls_datum_t certificate = as_datum(settings->certificate), key = as_datum(settings->key);
    if (gnutls_certificate_allocate_credentials(&context->credentials) < 0 ||
        gnutls_certificate_set_x509_key_mem(context->credentials, &certificate, &key,
                                            GNUTLS_X509_FMT_PEM) < 0 ||
        gnutls_priority_init(&context->priority, settings->priorities, NULL) < 0)
        return false;
    if (!settings->client_ca)
        return true;
    gnutls_datum_t client_ca = as_datum(settings->client_ca);
    return gnutls_certificate_set_x509_trust_mem(context->credentials, &client_ca,
                                                 GNUTLS_X509_FMT_PEM) >= 0;
}

struct tls_context *tls_context_create(const struct tls_settings *settings)
{
    struct tls_context *context = calloc(1, sizeof *context);
    if (!context)
        return NULL;
    context->shares = 1;
    context->client_auth = settings->client_auth;
    if (load(context, settings))
        return context;
    tls_context_release(context);
    return NULL;
}

struct tls_context *tls_context_share(struct tls_context *context)
{
    if (context)
        context->shares++;
    return context;
}

void tls_context_release(struct tls_context *context)
{
    if (!context || --context->shares > 0)
        return;
    if (context->priority)
        gnutls_priority_deinit(context->priority);
    if (context->credentials)
        gnutls_certificate_free_credentials(context->credentials);
    free(context);
}

/* Called by GnuTLS within the handshake when the client has shown a certificate or none. */
static int verify_client(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned count, problems;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return 0; /* where one is required, GnuTLS has refused already */
    int result = gnutls_certificate_verify_peers(session, &purpose, 1, &problems);
    return result < 0 || problems != 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

static void demand_certificate(gnutls_session_t session, enum client_auth client_auth)
{
    static const struct {
        gnutls_certificate_request_t request;
        bool verify;
    } demands[] = {
        [CLIENT_AUTH_NONE] = {GNUTLS_CERT_IGNORE, false},
        [CLIENT_AUTH_REQUEST] = {GNUTLS_CERT_REQUEST, false},
        [CLIENT_AUTH_REQUIRE_ANY] = {GNUTLS_CERT_REQUIRE, false},
        [CLIENT_AUTH_VERIFY_IF_GIVEN] = {GNUTLS_CERT_REQUEST, true},
        [CLIENT_AUTH_REQUIRE_AND_VERIFY] = {GNUTLS_CERT_REQUIRE, true},
    };
    gnutls_certificate_server_set_request(session, demands[client_auth].request);
    gnutls_session_set_verify_function(session, demands[client_auth].verify ? verify_client : NULL);
}

bool tls_context_apply(struct tls_context *context, gnutls_session_t session)
{
    if (gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, context->credentials) < 0 ||
        gnutls_priority_set(session, context->priority) < 0)
        return false;
    demand_certificate(session, context->client_auth);
    return true;
}
