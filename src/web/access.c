// SPDX-License-Identifier: Apache-2.0
#include "access.h"

#include "basic_credentials.h"
#include "bcrypt.h"
#include "status/status_page.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct access {
    char content_security_policy[384];
    struct web_config *config;
    struct passwords *passwords; /* NULL without a configuration */
};

/* How many checks may wait at least: one is under way and makes no room. */
enum { LEAST_PLACES = 2 };

/* The base64 of a SHA-256. */
struct text_hash {
    char text[48];
};

/* False when GnuTLS fails. */
static bool hash_text(const char *text, struct text_hash *out)
{
    unsigned char hash[32];
    gnutls_datum_t encoded = {0};
    const gnutls_datum_t raw = {hash, sizeof hash};
    if (gnutls_hash_fast(GNUTLS_DIG_SHA256, text, strlen(text), hash) < 0 ||
        gnutls_base64_encode2(&raw, &encoded) < 0)
        return false;
    snprintf(out->text, sizeof out->text, "%.*s", (int)encoded.size, encoded.data);
    gnutls_free(encoded.data);
    return true;
}

/* The policy allows the style and the script of the status page, known by their hashes (CSP Level
 * 3), and what this script does: load the page again. */
static bool write_policy(struct access *access)
{
    struct text_hash style, script;
    if (!hash_text(status_page_style, &style) || !hash_text(status_page_script, &script))
        return false;
    snprintf(access->content_security_policy, sizeof access->content_security_policy,
             "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "
             "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
             style.text, script.text);
    return true;
}

static bool start_passwords(struct access *access, const struct clock *clock, int wake_fd,
                            unsigned max_connections)
{
    const struct web_config *config = access->config;
    size_t places = max_connections / 4 < LEAST_PLACES ? LEAST_PLACES : max_connections / 4;
    access->passwords = passwords_create(clock, wake_fd, places, bcrypt_matches, NULL);
    if (access->passwords)
        passwords_replace(access->passwords, config->users, config->user_count);
    return access->passwords;
}

struct access *access_create(const struct clock *clock, int wake_fd, unsigned max_connections,
                             struct web_config *config)
{
    struct access *access = calloc(1, sizeof *access);
    if (!access) {
        web_config_free(config);
        return NULL;
    }
    access->config = config;
    if (write_policy(access) &&
        (!config || start_passwords(access, clock, wake_fd, max_connections)))
        return access;
    access_destroy(access);
    return NULL;
}

void access_destroy(struct access *access)
{
    if (!access)
        return;
    passwords_destroy(access->passwords);
    web_config_free(access->config);
    free(access);
}

void access_configure(struct access *access, struct web_config *config)
{
    passwords_replace(access->passwords, config->users, config->user_count);
    web_config_free(access->config);
    access->config = config;
}

enum password_verdict access_check(struct access *access, struct MHD_Connection *connection,
                                   uint64_t client, struct password_asker *asker)
{
    if (!access->config || access->config->user_count == 0)
        return PASSWORD_RIGHT;
    const char *authorization =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    struct basic_credentials credentials;
    switch (basic_credentials_decode(&credentials, authorization)) {
    case BASIC_CREDENTIALS_NONE:
        return PASSWORD_WRONG;
    case BASIC_CREDENTIALS_NO_MEMORY:
        return PASSWORD_BUSY;
    default:
        break;
    }
    enum password_verdict verdict = passwords_check(access->passwords, &credentials, client, asker);
    basic_credentials_free(&credentials);
    return verdict;
}

void access_deliver(struct access *access)
{
    if (access->passwords)
        passwords_deliver(access->passwords);
}

void access_close(struct access *access)
{
    if (access->passwords)
        passwords_stop(access->passwords);
}

static bool is_configured(const struct web_config *config, const char *name)
{
    for (size_t i = 0; config && i < config->header_count; i++) {
        if (strcasecmp(config->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

void access_add_headers(const struct access *access, struct MHD_Response *response)
{
    const struct web_config *config = access->config;
    const struct {
        const char *name, *value;
    } defaults[] = {
        {"Content-Security-Policy", access->content_security_policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (!is_configured(config, defaults[i].name))
            MHD_add_response_header(response, defaults[i].name, defaults[i].value);
    }
    for (size_t i = 0; config && i < config->header_count; i++)
        MHD_add_response_header(response, config->headers[i].name, config->headers[i].value);
}
