// SPDX-License-Identifier: Apache-2.0
/*
 * Certificates for tests of TLS, in the scratch directory (scratch.h).
 */
#ifndef TESTS_SUPPORT_CERTIFICATE_H
#define TESTS_SUPPORT_CERTIFICATE_H

#include <gnutls/gnutls.h>

/* Make a key and a self-signed certificate of "CN=NAME", as NAME.key and NAME.pem, and the same key
 * with a password as NAME.locked. Fails the test when it cannot. */
void certificate_make(const char *name, gnutls_pk_algorithm_t algorithm, unsigned bits);

#endif
