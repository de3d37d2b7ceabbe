// SPDX-License-Identifier: Apache-2.0
#include "tls_context.h"

#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_context {
    unsigned shares;
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    enum client_auth client_auth;
};

static gnutls_datum_t as_datum(const char *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
}

int tls_check_certificates(const char *pem)
{
    gnutls_x509_crt_t *certificates;
    unsigned count;
    gnutls_datum_t text = as_datum(pem);
    int result = gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0)
        return result;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    gnutls_free(certificates);
    return 0;
}

static bool load_certificates(struct tls_context *context, const struct tls_settings *settings,
                              char *why, size_t why_size)
{
    const gnutls_datum_t certificate = as_datum(settings->certificate);
    const gnutls_datum_t key = as_datum(settings->key);
    int result = gnutls_certificate_allocate_credentials(&context->credentials);
    if (result >= 0)
        result = gnutls_certificate_set_x509_key_mem2(context->credentials, &certificate, &key,
                                                      GNUTLS_X509_FMT_PEM, NULL, 0);
    if (result >= 0 && settings->client_ca) {
        const gnutls_datum_t client_ca = as_datum(settings->client_ca);
        result = gnutls_certificate_set_x509_trust_mem(context->credentials, &client_ca,
                                                       GNUTLS_X509_FMT_PEM);
    }
    if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        snprintf(why, why_size, "the key does not belong to the certificate");
    else if (result < 0) /* tls_check_certificates() has read the certificates before */
        snprintf(why, why_size, "the key is not an unencrypted private key: %s",
                 gnutls_strerror(result));
    return result >= 0;
}

static bool set_priorities(struct tls_context *context, const struct tls_settings *settings,
                           char *why, size_t why_size)
{
    /* What Go offers by default; NORMAL adds the signatures and their minimum strength. Without
     * finite field Diffie-Hellman: a client could ask for 8192 bits, which take 310 ms of CPU for
     * each handshake instead of 0.7. */
    static const char suites_and_groups[] =
        ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
        ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CBC:+AES-256-CBC"
        ":-MAC-ALL:+AEAD:+SHA1"
        ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";
    static const char versions[] = ":+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0";
    enum { VERSION_LENGTH = sizeof ":+VERS-TLS1.3" - 1 };
    const int min = settings->min_version, max = settings->max_version;
    const bool are_named = min >= 0 || max >= 0;
    const int lowest = min >= 0 ? min : 2, highest = max >= 0 ? max : 3;
    const int count = highest - lowest + 1;
    char priorities[512];
    const unsigned *allowed;
    if (count <= 0) {
        snprintf(why, why_size, "min_version is above max_version");
        return false;
    }
    snprintf(priorities, sizeof priorities, "NORMAL:-VERS-ALL%.*s%s%s", count * VERSION_LENGTH,
             versions + (3 - highest) * VERSION_LENGTH, suites_and_groups,
             settings->prefer_server ? ":%SERVER_PRECEDENCE" : "");
    /* A version that the file does not name may be missing on this system. */
    snprintf(why, why_size, "GnuTLS does not allow these versions on this system");
    return gnutls_priority_init(&context->priority, priorities, NULL) == GNUTLS_E_SUCCESS &&
           gnutls_priority_protocol_list(context->priority, &allowed) >= (are_named ? count : 1);
}

struct tls_context *tls_context_create(const struct tls_settings *settings, char *why,
                                       size_t why_size)
{
    struct tls_context *context = calloc(1, sizeof *context);
    snprintf(why, why_size, "out of memory");
    if (!context)
        return NULL;
    context->shares = 1;
    context->client_auth = settings->client_auth;
    if (load_certificates(context, settings, why, why_size) &&
        set_priorities(context, settings, why, why_size))
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

/* GnuTLS calls this in the handshake, after the client has sent its certificate or none. */
static int verify_client(gnutls_session_t session)
{
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned count, problems;
    if (!gnutls_certificate_get_peers(session, &count) || count == 0)
        return 0; /* if one is required, GnuTLS has refused this client before */
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
