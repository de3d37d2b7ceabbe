// SPDX-License-Identifier: Apache-2.0
/*
 * TLS settings as GnuTLS takes them. libmicrohttpd gives each session the settings that its daemon
 * was started with; these replace them before the handshake, so that new settings take effect for
 * new connections while older ones go on with theirs.
 */
#ifndef SOCKDIAG_WEB_TLS_CONTEXT_H
#define SOCKDIAG_WEB_TLS_CONTEXT_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

/* What a client must show, after crypto/tls.ClientAuthType of Go, whose names the web configuration
 * uses. */
enum client_auth {
    CLIENT_AUTH_NONE,               /* NoClientCert: not asked for a certificate */
    CLIENT_AUTH_REQUEST,            /* RequestClientCert: asked; may send any or none */
    CLIENT_AUTH_REQUIRE_ANY,        /* RequireAnyClientCert: must send one, any */
    CLIENT_AUTH_VERIFY_IF_GIVEN,    /* VerifyClientCertIfGiven: may send none, or a trusted one */
    CLIENT_AUTH_REQUIRE_AND_VERIFY, /* RequireAndVerifyClientCert: must send a trusted one */
};

/* Texts are PEM, those of certificates as tls_check_certificates() accepts them. */
struct tls_settings {
    const char *certificate; /* of the server first, then those that lead to its authority */
    const char *key;
    const char *client_ca; /* what client certificates are checked with; NULL: with nothing */
    enum client_auth client_auth;
    int min_version, max_version; /* of TLS 1: 0 to 3; -1: the default */
    bool prefer_server;           /* the order of ciphers is the server's, not the client's */
};

struct tls_context;

/* Are there certificates in `pem`, all of them readable? An error code of GnuTLS, negative, if
 * not. */
int tls_check_certificates(const char *pem);

/* With one share, the caller's; `settings` is not needed afterwards. NULL when the settings do not
 * fit together or GnuTLS refuses them, with the reason in `why`. */
struct tls_context *tls_context_create(const struct tls_settings *settings, char *why,
                                       size_t why_size);

/* One more share and one less: the last one frees it. NULL is allowed. Not for several threads at
 * once. */
struct tls_context *tls_context_share(struct tls_context *context);
void tls_context_release(struct tls_context *context);

/* Let `session`, whose handshake has not begun, use the context. A share must be kept until the
 * session ends. False when GnuTLS refuses: the connection must not be served then. */
bool tls_context_apply(struct tls_context *context, gnutls_session_t session);

#endif
