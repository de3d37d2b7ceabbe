// SPDX-License-Identifier: Apache-2.0
#include "web_config_priorities.h"

#include "sockdiag/buffer.h"

#include <stdlib.h>
#include <string.h>

/* What Go's crypto/tls calls secure, in the order of preference. The identifiers are IANA's (TLS
 * Cipher Suites). */
struct tls_suite {
    const char *name;
    unsigned char id[2];
    gnutls_protocol_t since; /* the lowest version that has it; only 1.3 has what 1.3 has */
    const char *words;       /* what must be in a priority string for it */
};

static const struct tls_suite suites[] = {
    {"TLS_AES_128_GCM_SHA256", {0x13, 0x01}, GNUTLS_TLS1_3, ":+AES-128-GCM:+AEAD"},
    {"TLS_AES_256_GCM_SHA384", {0x13, 0x02}, GNUTLS_TLS1_3, ":+AES-256-GCM:+AEAD"},
    {"TLS_CHACHA20_POLY1305_SHA256", {0x13, 0x03}, GNUTLS_TLS1_3, ":+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
     {0xc0, 0x2b},
     GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
     {0xc0, 0x2f},
     GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+AES-128-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
     {0xc0, 0x2c},
     GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
     {0xc0, 0x30},
     GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+AES-256-GCM:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
     {0xcc, 0xa9},
     GNUTLS_TLS1_2,
     ":+ECDHE-ECDSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
     {0xcc, 0xa8},
     GNUTLS_TLS1_2,
     ":+ECDHE-RSA:+CHACHA20-POLY1305:+AEAD"},
    {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
     {0xc0, 0x09},
     GNUTLS_TLS1_0,
     ":+ECDHE-ECDSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
     {0xc0, 0x13},
     GNUTLS_TLS1_0,
     ":+ECDHE-RSA:+AES-128-CBC:+SHA1"},
    {"TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
     {0xc0, 0x0a},
     GNUTLS_TLS1_0,
     ":+ECDHE-ECDSA:+AES-256-CBC:+SHA1"},
    {"TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
     {0xc0, 0x14},
     GNUTLS_TLS1_0,
     ":+ECDHE-RSA:+AES-256-CBC:+SHA1"},
    /* Below: without forward secrecy, so only where the file names them. */
    {"TLS_RSA_WITH_AES_128_GCM_SHA256", {0x00, 0x9c}, GNUTLS_TLS1_2, ":+RSA:+AES-128-GCM:+AEAD"},
    {"TLS_RSA_WITH_AES_256_GCM_SHA384", {0x00, 0x9d}, GNUTLS_TLS1_2, ":+RSA:+AES-256-GCM:+AEAD"},
    {"TLS_RSA_WITH_AES_128_CBC_SHA", {0x00, 0x2f}, GNUTLS_TLS1_0, ":+RSA:+AES-128-CBC:+SHA1"},
    {"TLS_RSA_WITH_AES_256_CBC_SHA", {0x00, 0x35}, GNUTLS_TLS1_0, ":+RSA:+AES-256-CBC:+SHA1"},
};
enum { DEFAULT_SUITES = 13 };
_Static_assert(sizeof suites / sizeof suites[0] == TLS_SUITES, "tls_choices must hold every suite");

struct tls_curve {
    const char *name;
    const char *words;
};

static const struct tls_curve curves[] = {
    {"X25519", ":+GROUP-X25519"},
    {"CurveP256", ":+GROUP-SECP256R1"},
    {"CurveP384", ":+GROUP-SECP384R1"},
    {"CurveP521", ":+GROUP-SECP521R1"},
};
_Static_assert(sizeof curves / sizeof curves[0] == TLS_CURVES, "tls_choices must hold every curve");

static const struct {
    const char *name;
    gnutls_protocol_t version;
    const char *words;
} versions[] = {
    {"TLS10", GNUTLS_TLS1_0, ":+VERS-TLS1.0"},
    {"TLS11", GNUTLS_TLS1_1, ":+VERS-TLS1.1"},
    {"TLS12", GNUTLS_TLS1_2, ":+VERS-TLS1.2"},
    {"TLS13", GNUTLS_TLS1_3, ":+VERS-TLS1.3"},
};
enum { VERSIONS = sizeof versions / sizeof versions[0] };

const struct tls_choices default_tls_choices = {
    .min_version = GNUTLS_TLS1_2,
    .max_version = GNUTLS_TLS1_3,
    .prefer_server = true,
};

bool tls_version_find(const char *name, gnutls_protocol_t *version)
{
    for (size_t i = 0; i < VERSIONS; i++) {
        if (strcmp(versions[i].name, name) == 0) {
            *version = versions[i].version;
            return true;
        }
    }
    return false;
}

static bool has_suite(const struct tls_choices *choices, const struct tls_suite *suite)
{
    for (size_t i = 0; i < choices->suite_count; i++) {
        if (choices->suites[i] == suite)
            return true;
    }
    return false;
}

static void add_suite(struct tls_choices *choices, const struct tls_suite *suite)
{
    if (!has_suite(choices, suite))
        choices->suites[choices->suite_count++] = suite;
}

bool tls_choices_add_suite(struct tls_choices *choices, const char *name)
{
    for (size_t i = 0; i < TLS_SUITES; i++) {
        if (strcmp(suites[i].name, name) == 0) {
            add_suite(choices, &suites[i]);
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

/* NORMAL brings the signatures and their least strength; the rest is named one by one. */
static char *write_priorities(const struct tls_choices *choices)
{
    struct buffer text = {0};
    buffer_append_string(&text, "NORMAL:-VERS-ALL");
    for (size_t i = VERSIONS; i-- > 0;) {
        if (versions[i].version >= choices->min_version &&
            versions[i].version <= choices->max_version)
            buffer_append_string(&text, versions[i].words);
    }
    buffer_append_string(&text, ":-KX-ALL:-CIPHER-ALL:-MAC-ALL");
    for (size_t i = 0; i < choices->suite_count; i++)
        buffer_append_string(&text, choices->suites[i]->words);
    if (choices->curve_count > 0)
        buffer_append_string(&text, ":-GROUP-ALL");
    for (size_t i = 0; i < choices->curve_count; i++)
        buffer_append_string(&text, choices->curves[i]->words);
    if (choices->prefer_server)
        buffer_append_string(&text, ":%SERVER_PRECEDENCE");
    buffer_append(&text, "", 1);
    if (text.failed)
        buffer_free(&text);
    return text.data;
}

static bool prove_versions(gnutls_priority_t priority, const struct tls_choices *choices,
                           const struct config_error *error)
{
    const unsigned *found;
    int count = gnutls_priority_protocol_list(priority, &found);
    for (size_t i = 0; i < VERSIONS; i++) {
        if (versions[i].version < choices->min_version ||
            versions[i].version > choices->max_version)
            continue;
        bool has = false;
        for (int k = 0; k < count; k++)
            has |= found[k] == (unsigned)versions[i].version;
        if (!has)
            return config_complain(error, choices->version_line, "tls_server_config",
                                   "GnuTLS does not allow %s on this system", versions[i].name);
    }
    return true;
}

/* The suites that a priority string has come to, as a bit for each place in `suites`. */
struct reached {
    unsigned known;
    const char *unknown; /* the name of one that has no place, or NULL */
    size_t of_tls13;
};

static struct reached reached_suites(gnutls_priority_t priority)
{
    struct reached reached = {0};
    unsigned index;
    int result;
    for (unsigned n = 0; (result = gnutls_priority_get_cipher_suite_index(priority, n, &index)) !=
                         GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
         n++) {
        unsigned char id[2];
        gnutls_protocol_t since;
        const char *name =
            result == 0 ? gnutls_cipher_suite_info(index, id, NULL, NULL, NULL, &since) : NULL;
        if (!name)
            continue;
        reached.of_tls13 += since == GNUTLS_TLS1_3;
        size_t place = 0;
        while (place < TLS_SUITES && memcmp(suites[place].id, id, sizeof id) != 0)
            place++;
        if (place < TLS_SUITES)
            reached.known |= 1u << place;
        else
            reached.unknown = name;
    }
    return reached;
}

/* Can it be negotiated within the versions allowed? */
static bool is_reachable(const struct tls_suite *suite, const struct tls_choices *choices)
{
    gnutls_protocol_t until = suite->since == GNUTLS_TLS1_3 ? GNUTLS_TLS1_3 : GNUTLS_TLS1_2;
    return suite->since <= choices->max_version && until >= choices->min_version;
}

static bool prove_suites(gnutls_priority_t priority, const struct tls_choices *choices,
                         const struct config_error *error)
{
    static const char key[] = "tls_server_config.cipher_suites";
    struct reached reached = reached_suites(priority);
    const char *extra = reached.unknown;
    for (size_t i = 0; i < TLS_SUITES; i++) {
        bool wanted = has_suite(choices, &suites[i]) && is_reachable(&suites[i], choices);
        bool has = reached.known & 1u << i;
        if (wanted && !has)
            return config_complain(error, choices->suites_line, key,
                                   "GnuTLS does not allow %s on this system", suites[i].name);
        if (has && !wanted && suites[i].since != GNUTLS_TLS1_3)
            extra = suites[i].name;
    }
    if (extra)
        return config_complain(error, choices->suites_line, key,
                               "GnuTLS cannot do these without %s; name that as well, or fewer",
                               extra);
    if (choices->max_version == GNUTLS_TLS1_3 && reached.of_tls13 == 0)
        return config_complain(error, choices->suites_line, key,
                               "none is left for TLS 1.3: name one with GCM or CHACHA20, or set "
                               "max_version: TLS12");
    return reached.known != 0 || config_complain(error, choices->suites_line, key,
                                                 "none is left for the versions allowed");
}

static bool prove(const char *text, const struct tls_choices *choices,
                  const struct config_error *error)
{
    gnutls_priority_t priority;
    int result = gnutls_priority_init(&priority, text, NULL);
    if (result != GNUTLS_E_SUCCESS)
        return config_complain(error, choices->suites_line, "tls_server_config",
                               "GnuTLS does not allow these versions, suites and curves: %s",
                               gnutls_strerror(result));
    const unsigned *groups;
    bool good = prove_versions(priority, choices, error) && prove_suites(priority, choices, error);
    if (good && choices->curve_count > 0 &&
        gnutls_priority_group_list(priority, &groups) != (int)choices->curve_count)
        good = config_complain(error, choices->curves_line, "tls_server_config.curve_preferences",
                               "GnuTLS does not allow all of these on this system");
    gnutls_priority_deinit(priority);
    return good;
}

char *tls_priorities(const struct tls_choices *choices, const struct config_error *error)
{
    if (choices->min_version > choices->max_version) {
        config_complain(error, choices->version_line, "tls_server_config",
                        "min_version is above max_version");
        return NULL;
    }
    struct tls_choices whole = *choices;
    for (size_t i = 0; choices->suite_count == 0 && i < DEFAULT_SUITES; i++)
        add_suite(&whole, &suites[i]);

    char *text = write_priorities(&whole);
    if (!text)
        config_complain(error, 0, NULL, "out of memory");
    else if (!prove(text, &whole, error)) {
        free(text);
        text = NULL;
    }
    return text;
}
