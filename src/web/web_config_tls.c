// SPDX-License-Identifier: Apache-2.0
#include "web_config_tls.h"

#include "web_config_files.h"
#include "web_config_priorities.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool tls_section_is_used(const struct tls_section *section)
{
    return section->certificate.name || section->key.name || section->client_ca.name ||
           section->client_auth_given;
}

/* `name` as seen from the directory of the YAML file `from`; for free(). */
static char *resolve(const char *from, const char *name)
{
    const char *slash = strrchr(from, '/');
    int directory = name[0] != '/' && slash ? (int)(slash - from + 1) : 0;
    char *path;
    return asprintf(&path, "%.*s%s", directory, from, name) < 0 ? NULL : path;
}

/* The text of a PEM file; NULL after a complaint. `key` is that of the YAML file. */
static char *read_pem(const struct file_setting *file, const char *key, struct file_stamps *stamps,
                      const struct config_error *error)
{
    char *path = resolve(error->path, file->name);
    if (!path) {
        config_complain(error, 0, NULL, "out of memory");
        return NULL;
    }
    char why[128];
    size_t length;
    char *pem = web_config_file_read(path, stamps, &length, why, sizeof why);
    if (!pem) {
        config_complain(error, file->line, key, "%s %s", path, why);
    } else if (memchr(pem, '\0', length)) {
        config_complain(error, file->line, key, "%s is not PEM: it has a NUL", path);
        explicit_bzero(pem, length);
        free(pem);
        pem = NULL;
    }
    free(path);
    return pem;
}

static gnutls_datum_t datum(char *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
}

/* Are there certificates in `pem`, and all of them readable? */
static bool check_certificates(char *pem, const struct file_setting *file, const char *key,
                               const struct config_error *error)
{
    gnutls_x509_crt_t *certificates;
    unsigned count;
    gnutls_datum_t text = datum(pem);
    int result = gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0)
        return config_complain(error, file->line, key, "%s does not hold certificates: %s",
                               file->name, gnutls_strerror(result));
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    gnutls_free(certificates);
    return true;
}

/* Is the key one, and that of the certificate? Asked the way libmicrohttpd will. */
static bool check_pair(const struct tls_settings *settings, const struct tls_section *section,
                       const struct config_error *error)
{
    gnutls_certificate_credentials_t credentials;
    int result = gnutls_certificate_allocate_credentials(&credentials);
    if (result == GNUTLS_E_SUCCESS) {
        gnutls_datum_t certificate = datum(settings->certificate), key = datum(settings->key);
        result = gnutls_certificate_set_x509_key_mem2(credentials, &certificate, &key,
                                                      GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_certificate_free_credentials(credentials);
    }
    if (result >= 0)
        return true;
    static const char name[] = "tls_server_config.key_file";
    if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return config_complain(error, section->key.line, name,
                               "the key in %s is not that of the certificate in %s",
                               section->key.name, section->certificate.name);
    return config_complain(error, section->key.line, name,
                           "%s does not hold an unencrypted private key: %s", section->key.name,
                           gnutls_strerror(result));
}

/* What is missing or too much, before any file is read. */
static bool check_section(const struct tls_section *section, const struct config_error *error)
{
    static const char name[] = "tls_server_config";
    bool verifies = section->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
                    section->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
    if (!section->certificate.name)
        return config_complain(error, section->line, name, "cert_file is missing");
    if (!section->key.name)
        return config_complain(error, section->line, name, "key_file is missing");
    if (section->client_ca.name && section->client_auth == CLIENT_AUTH_NONE)
        return config_complain(error, section->client_ca.line, name,
                               "client_ca_file is of no use without a client_auth_type");
    if (!section->client_ca.name && verifies)
        return config_complain(error, section->line, name,
                               "client_auth_type verifies, so client_ca_file is needed; trusting "
                               "every public authority is not supported");
    return true;
}

static bool load(const struct tls_section *section, struct file_stamps *stamps,
                 const struct config_error *error, struct tls_settings *settings)
{
    static const char certificate[] = "tls_server_config.cert_file",
                      key[] = "tls_server_config.key_file",
                      client_ca[] = "tls_server_config.client_ca_file";
    settings->client_auth = section->client_auth;
    if (!check_section(section, error) ||
        !(settings->certificate = read_pem(&section->certificate, certificate, stamps, error)) ||
        !check_certificates(settings->certificate, &section->certificate, certificate, error) ||
        !(settings->key = read_pem(&section->key, key, stamps, error)) ||
        !check_pair(settings, section, error))
        return false;
    if (section->client_ca.name &&
        (!(settings->client_ca = read_pem(&section->client_ca, client_ca, stamps, error)) ||
         !check_certificates(settings->client_ca, &section->client_ca, client_ca, error)))
        return false;
    settings->priorities = tls_priorities(&section->choices, error);
    return settings->priorities;
}

struct tls_settings *tls_settings_load(const struct tls_section *section,
                                       struct file_stamps *stamps, const struct config_error *error)
{
    struct tls_settings *settings = calloc(1, sizeof *settings);
    if (!settings) {
        config_complain(error, 0, NULL, "out of memory");
        return NULL;
    }
    if (!load(section, stamps, error, settings)) {
        tls_settings_free(settings);
        return NULL;
    }
    return settings;
}

void tls_settings_free(struct tls_settings *settings)
{
    if (!settings)
        return;
    if (settings->key)
        explicit_bzero(settings->key, strlen(settings->key));
    free(settings->certificate);
    free(settings->key);
    free(settings->client_ca);
    free(settings->priorities);
    free(settings);
}
