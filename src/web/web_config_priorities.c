// SPDX-License-Identifier: Apache-2.0
#include "web_config_priorities.h"

#include "base/buffer.h"

#include <gnutls/gnutls.h>
#include <stdlib.h>

static void append_suites(struct buffer *text, const struct tls_choices *choices)
{
    for (size_t i = 0; i < choices->suite_count; i++)
        buffer_append_string(text, choices->suites[i]->words);
    for (size_t i = 0; choices->suite_count == 0 && i < TLS_DEFAULT_SUITES; i++)
        buffer_append_string(text, tls_suites[i].words);
}

/* NORMAL brings the signatures and their least strength; the rest is named one by one. */
static char *write_priorities(const struct tls_choices *choices)
{
    struct buffer text = {0};
    buffer_append_string(&text, "NORMAL:-VERS-ALL");
    for (size_t i = TLS_VERSIONS; i-- > 0;) {
        if (tls_versions[i].version >= choices->min_version &&
            tls_versions[i].version <= choices->max_version)
            buffer_append_string(&text, tls_versions[i].words);
    }
    buffer_append_string(&text, ":-KX-ALL:-CIPHER-ALL:-MAC-ALL");
    append_suites(&text, choices);
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
    for (size_t i = 0; i < TLS_VERSIONS; i++) {
        if (tls_versions[i].version < choices->min_version ||
            tls_versions[i].version > choices->max_version)
            continue;
        bool has = false;
        for (int k = 0; k < count; k++)
            has |= found[k] == (unsigned)tls_versions[i].version;
        if (!has)
            return config_complain(error, choices->version_line, "tls_server_config",
                                   "GnuTLS does not allow %s on this system", tls_versions[i].name);
    }
    return true;
}

/* The suites that a priority string has come to, as a bit for each place in `tls_suites`. */
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
        while (place < TLS_SUITES && tls_suites[place].id != ((unsigned)id[0] << 8 | id[1]))
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
        bool wanted =
            tls_choices_has_suite(choices, &tls_suites[i]) && is_reachable(&tls_suites[i], choices);
        bool has = reached.known & 1u << i;
        if (wanted && !has)
            return config_complain(error, choices->suites_line, key,
                                   "GnuTLS does not allow %s on this system", tls_suites[i].name);
        if (has && !wanted && tls_suites[i].since != GNUTLS_TLS1_3)
            extra = tls_suites[i].name;
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

static bool is_allowed(gnutls_group_t group)
{
    const gnutls_group_t *allowed = gnutls_group_list();
    while (*allowed && *allowed != group)
        allowed++;
    return *allowed;
}

/* A priority string may name a curve that the system forbids. */
static bool prove_curves(const struct tls_choices *choices, const struct config_error *error)
{
    for (size_t i = 0; i < choices->curve_count; i++) {
        if (!is_allowed(choices->curves[i]->group))
            return config_complain(
                error, choices->curves_line, "tls_server_config.curve_preferences",
                "GnuTLS does not allow %s on this system", choices->curves[i]->name);
    }
    return true;
}

/* What the file names must be there, and no more. Of what it leaves to the defaults, the system may
 * forbid some; if that is all, gnutls_priority_init() fails. */
static bool prove(const char *text, const struct tls_choices *choices,
                  const struct config_error *error)
{
    gnutls_priority_t priority;
    int result = gnutls_priority_init(&priority, text, NULL);
    if (result != GNUTLS_E_SUCCESS)
        return config_complain(error, choices->suites_line, "tls_server_config",
                               "GnuTLS does not allow these versions, suites and curves: %s",
                               gnutls_strerror(result));
    bool good = prove_curves(choices, error) &&
                (choices->version_line == 0 || prove_versions(priority, choices, error)) &&
                (choices->suite_count == 0 || prove_suites(priority, choices, error));
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
    char *text = write_priorities(choices);
    if (!text)
        config_complain(error, 0, NULL, "out of memory");
    else if (!prove(text, choices, error)) {
        free(text);
        text = NULL;
    }
    return text;
}
