// SPDX-License-Identifier: Apache-2.0
/*
 * TLS versions, cipher suites and curves: what there is to choose from, under the names that Go and
 * so the exporter-toolkit have for them, and what a file chooses. Private to src/web.
 */
#ifndef SOCKDIAG_WEB_CONFIG_CHOICES_H
#define SOCKDIAG_WEB_CONFIG_CHOICES_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>

enum { TLS_VERSIONS = 4, TLS_SUITES = 17, TLS_CURVES = 4 };

/* The words of each are what must be in a priority string of GnuTLS for it. */
struct tls_version {
    const char *name;
    gnutls_protocol_t version;
    const char *words;
};

struct tls_suite {
    const char *name;
    unsigned id;             /* IANA's registry of TLS Cipher Suites */
    gnutls_protocol_t since; /* the lowest version that has it; 1.3 has only those since 1.3 */
    const char *words;
};

struct tls_curve {
    const char *name;
    gnutls_group_t group;
    const char *words;
};

extern const struct tls_version tls_versions[TLS_VERSIONS]; /* the lowest first */
extern const struct tls_suite tls_suites[TLS_SUITES];

/* The first of them, which have forward secrecy, are what Go offers by default. */
enum { TLS_DEFAULT_SUITES = 13 };

/* What a file asks for. The lines are those of the last of a kind, for complaints; 0: not given. */
struct tls_choices {
    gnutls_protocol_t min_version, max_version;
    size_t version_line;
    const struct tls_suite *suites[TLS_SUITES]; /* none twice; none at all: the default ones */
    size_t suite_count;
    size_t suites_line;
    const struct tls_curve *curves[TLS_CURVES]; /* none twice; none at all: GnuTLS's default */
    size_t curve_count;
    size_t curves_line;
    bool prefer_server; /* this side's order of ciphers counts, not the client's */
};

/* TLS 1.2 to 1.3, no other wishes: what a file asks for that says nothing. */
extern const struct tls_choices default_tls_choices;

/* "TLS12"; false when there is no such version. */
bool tls_version_find(const char *name, gnutls_protocol_t *version);

/* Add "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" or "CurveP256", unless it is among them. False when
 * there is none of that name. */
bool tls_choices_add_suite(struct tls_choices *choices, const char *name);
bool tls_choices_add_curve(struct tls_choices *choices, const char *name);

bool tls_choices_has_suite(const struct tls_choices *choices, const struct tls_suite *suite);

#endif
