// SPDX-License-Identifier: Apache-2.0
/*
 * A priority string of GnuTLS that allows what a file chooses, and nothing else. Private to
 * src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_PRIORITIES_H
#define SOCKDIAG_WEB_CONFIG_PRIORITIES_H

#include "web_config_choices.h"
#include "web_config_error.h"

/*
 * The priority string of `choices`, for free(). Or NULL after a complaint: the versions exclude
 * each other, GnuTLS as it is set up on this system does not do all that is named, or it would do
 * more: it is told key exchanges, ciphers and hashes, and takes every suite that can be made of
 * them.
 *
 * Go always offers all suites of TLS 1.3; here, when suites are named, they are those that use the
 * ciphers of these, and at least one must be left where TLS 1.3 is allowed.
 */
char *tls_priorities(const struct tls_choices *choices, const struct config_error *error);

#endif
