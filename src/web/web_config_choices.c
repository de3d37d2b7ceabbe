// SPDX-License-Identifier: Apache-2.0
#include "web_config_choices.h"

#include <string.h>

/* What Go's crypto/tls calls secure, in the order of preference. */
const struct tls_suite tls_suites[TLS_SUITES] = {
    {"TLS_AES_128_GCM_SHA256", 0x1301, GNUTLS_TLS1_3, ":+AES-128-GCM:+AEAD"},
    {"TLS_AES_256_GCM_SHA384", 0x1302, GNUTLS_TLS1_3, ":+AES-256-GCM:+AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", 0x1303, GNUTLS_TLS1_3, ":+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", 0xc02b, GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", 0xc02f, GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", 0xc02c, GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 0xc030, GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca9, GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", 0xcca8, GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", 0xc009, GNUTLS_TLS1_0,
     ":+ECDHE-ECDSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", 0xc013, GNUTLS_TLS1_0, ":+ECDHE-RSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", 0xc00a, GNUTLS_TLS1_0,
     ":+ECDHE-ECDSA:+AES-256-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", 0xc014, GNUTLS_TLS1_0, ":+ECDHE-RSA:+AES-256-CBC:+SHA1"},
    /* Below: without forward secrecy, so only where the file names them. */
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", 0x009c, GNUTLS_TLS1_2, ":+RSA:+AES-128-GCM:+AEAD"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", 0x009d, GNUTLS_TLS1_2, ":+RSA:+AES-256-GCM:+AEAD"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", 0x002f, GNUTLS_TLS1_0, ":+RSA:+AES-128-CBC:+SHA1"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", 0x0035, GNUTLS_TLS1_0, ":+RSA:+AES-256-CBC:+SHA1"},
};

static const struct tls_curve curves[TLS_CURVES] = {
    {"X25519", GNUTLS_GROUP_X25519, ":+GROUP-X25519"},
    {"CurveP256", GNUTLS_GROUP_SECP256R1, ":+GROUP-SECP256R1"},
    {"CurveP384", GNUTLS_GROUP_SECP384R1, ":+GROUP-SECP384R1"},
    {"CurveP521", GNUTLS_GROUP_SECP521R1, ":+GROUP-SECP521R1"},
};

const struct tls_version tls_versions[TLS_VERSIONS] = {
    {"TLS10", GNUTLS_TLS1_0, ":+VERS-TLS1.0"},
    {"TLS11", GNUTLS_TLS1_1, ":+VERS-TLS1.1"},
    {"TLS12", GNUTLS_TLS1_2, ":+VERS-TLS1.2"},
    {"TLS13", GNUTLS_TLS1_3, ":+VERS-TLS1.3"},
};

const struct tls_choices default_tls_choices = {
    .min_version = GNUTLS_TLS1_2,
    .max_version = GNUTLS_TLS1_3,
    .prefer_server = true,
};

bool tls_version_find(const char *name, gnutls_protocol_t *version)
{
    for (size_t i = 0; i < TLS_VERSIONS; i++) {
        if (strcmp(tls_versions[i].name, name) == 0) {
            *version = tls_versions[i].version;
            return true;
        }
    }
    return false;
}

bool tls_choices_has_suite(const struct tls_choices *choices, const struct tls_suite *suite)
{
    for (size_t i = 0; i < choices->suite_count; i++) {
        if (choices->suites[i] == suite)
            return true;
    }
    return false;
}

static void add_suite(struct tls_choices *choices, const struct tls_suite *suite)
{
    if (!tls_choices_has_suite(choices, suite))
        choices->suites[choices->suite_count++] = suite;
}

bool tls_choices_add_suite(struct tls_choices *choices, const char *name)
{
    for (size_t i = 0; i < TLS_SUITES; i++) {
        if (strcmp(tls_suites[i].name, name) == 0) {
            add_suite(choices, &tls_suites[i]);
            return true;
        }
    }
    return false;
}

static void add_curve(struct tls_choices *choices, const struct tls_curve *curve)
{
    for (size_t i = 0; i < choices->curve_count; i++) {
        if (choices->curves[i] == curve)
            return;
    }
    choices->curves[choices->curve_count++] = curve;
}

bool tls_choices_add_curve(struct tls_choices *choices, const char *name)
{
    for (size_t i = 0; i < TLS_CURVES; i++) {
        if (strcmp(curves[i].name, name) == 0) {
            add_curve(choices, &curves[i]);
            return true;
        }
    }
    return false;
}
