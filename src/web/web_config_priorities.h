// SPDX-License-Identifier: Apache-2.0
/*
 * TLS versions, cipher suites and curves, under the names that Go and so the exporter-toolkit have
 * for them, as a priority string of GnuTLS. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_PRIORITIES_H
#define SOCKDIAG_WEB_CONFIG_PRIORITIES_H

#include "web_config_error.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_suite;
struct tls_curve;

/* What there is to choose from, of each. */
enum { TLS_SUITES = 17, TLS_CURVES = 4 };

/* What the file asks for. The lines are those of the last of its kind, for complaints. */
struct tls_choices {
    gnutls_protocol_t min_version, max_version; /* GNUTLS_TLS1_0 to GNUTLS_TLS1_3 */
    size_t version_line;
    const struct tls_suite *suites[TLS_SUITES]; /* none twice; none at all: Go's default */
    size_t suite_count;
    size_t suites_line;
    const struct tls_curve *curves[TLS_CURVES]; /* none twice; none at all: the default of GnuTLS */
    size_t curve_count;
    size_t curves_line;
    bool prefer_server; /* this side's order of ciphers counts, not the client's */
};

/* TLS 1.2 to 1.3, no other wishes: what a file has that says nothing. */
extern const struct tls_choices default_tls_choices;

/* "TLS12"; false when there is no such version. */
bool tls_version_find(const char *name, gnutls_protocol_t *version);

/* Add "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" or "CurveP256", unless it is among them. False when
 * there is none of that name. */
bool tls_choices_add_suite(struct tls_choices *choices, const char *name);
bool tls_choices_add_curve(struct tls_choices *choices, const char *name);

/*
 * The priority string of `choices`, for free(). Or NULL after a complaint: the versions exclude
 * each other, GnuTLS as it is set up on this system does not do all of it, or it would do more: it
 * is told key exchanges, ciphers and hashes, and takes every suite that can be made of them.
 *
 * Go always offers all suites of TLS 1.3; here they are those that use the ciphers of `suites`, and
 * at least one must be left where TLS 1.3 is allowed.
 */
char *tls_priorities(const struct tls_choices *choices, const struct config_error *error);

#endif
