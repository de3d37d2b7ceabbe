// SPDX-License-Identifier: Apache-2.0
/*
 * Both ends of a TLS connection in one thread.
 */
#ifndef TESTS_SUPPORT_HANDSHAKE_H
#define TESTS_SUPPORT_HANDSHAKE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

/* One end, with the flags of gnutls_init(), over the non-blocking `fd`. Release it with
 * gnutls_deinit(). */
gnutls_session_t handshake_start_end(unsigned flags, int fd,
                                     gnutls_certificate_credentials_t credentials,
                                     const char *priorities);

/* Run both ends in turn. Does the handshake succeed? */
bool handshake_make(gnutls_session_t server, gnutls_session_t client);

/* The NAME of the certificate_make() that made what the other end has shown, "" if it has shown
 * none; valid until the next call. */
const char *handshake_peer_name(gnutls_session_t session);

#endif
