// SPDX-License-Identifier: Apache-2.0
/*
 * TLS settings as GnuTLS takes them. libmicrohttpd gives each session the settings that its daemon
 * was started with; these replace them before the handshake, so that new settings take effect for
 * new connections while older ones go on with theirs.
 */
#ifndef SOCKDIAG_WEB_TLS_CONTEXT_H
#define SOCKDIAG_WEB_TLS_CONTEXT_H

#include "web_config.h"

#include <gnutls/gnutls.h>

struct tls_context;

/* With one share, the caller's. NULL when GnuTLS refuses, for want of memory as a rule: loading has
 * checked the settings. */
struct tls_context *tls_context_create(const struct tls_settings *settings);

/* One more share and one less: the last one frees it. NULL is allowed. Not for several threads at
 * once. */
struct tls_context *tls_context_share(struct tls_context *context);
void tls_context_release(struct tls_context *context);

/* Let `session`, whose handshake has not begun, use the context. A share must be kept until the
 * session ends. False when GnuTLS refuses: the connection must not be served then. */
bool tls_context_apply(struct tls_context *context, gnutls_session_t session);

#endif
