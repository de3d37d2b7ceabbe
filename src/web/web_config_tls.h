// SPDX-License-Identifier: Apache-2.0
/*
 * Certificates, keys and priorities, judged by GnuTLS. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_TLS_H
#define SOCKDIAG_WEB_CONFIG_TLS_H

#include "web_config.h"

/* Are there certificates in `pem`, all of them readable? An error code of GnuTLS, negative, if
 * not. */
int tls_check_certificates(char *pem);

/* Does the key belong to the first certificate? An error code of GnuTLS, negative, if not. */
int tls_check_key(const struct tls_settings *tls);

/* Set the priorities for TLS 1.`min` to 1.`max`; -1 stands for the default. The order of ciphers is
 * that of the server or of the client. Returns what is wrong, a constant, or NULL. */
const char *tls_set_priorities(struct tls_settings *tls, int min, int max, bool prefer_server);

/* Wipes the key. NULL is allowed. */
void tls_settings_free(struct tls_settings *tls);

#endif
