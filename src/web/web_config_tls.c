// SPDX-License-Identifier: Apache-2.0
#include "web_config_tls.h"

#include "web_config_files.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOT_GIVEN = -1 };

/* What the section says; the PEM texts go to `tls`. */
struct tls_section {
    struct tls_settings *tls;
    int client_auth; /* enum client_auth, or NOT_GIVEN */
    int min_version; /* gnutls_protocol_t, or 0: not given */
    int max_version;
    bool prefer_server; /* this side's order of ciphers counts, not the client's */
};

/* What Go offers by default; NORMAL adds the signatures and their least strength. There is no
 * finite field Diffie-Hellman: a client could demand 8192 bits, for 310 ms of CPU a handshake
 * instead of 0.7. */
static const char suites_and_groups[] =
    ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
    ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CBC:+AES-256-CBC"
    ":-MAC-ALL:+AEAD:+SHA1"
    ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";

/* The text of the file `name`, as seen from the directory of the YAML file. Complaints never quote
 * a name: where name and text were mixed up, it would be a key. */
static char *read_named(struct yaml_reader *reader, const char *name)
{
    const char *from = reader->source->path, *slash = strrchr(from, '/'), *why;
    int directory = name[0] != '/' && slash ? (int)(slash - from + 1) : 0;
    char *path;
    if (asprintf(&path, "%.*s%s", directory, from, name) < 0)
        path = NULL;
    char *text = web_config_file_read(path, reader->source->stamps, &why);
    if (!text)
        yaml_complain(reader, "cannot be read: %s", why);
    return text;
}

static gnutls_datum_t datum(char *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
}

/* Are there certificates in `pem`, and all of them readable? */
static bool check_certificates(struct yaml_reader *reader, char *pem)
{
    gnutls_x509_crt_t *certificates;
    unsigned count;
    gnutls_datum_t text = datum(pem);
    int result = gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0)
        return yaml_complain(reader, "does not hold certificates: %s", gnutls_strerror(result));
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    gnutls_free(certificates);
    return true;
}

/* The text itself or, where the name of the key ends so, the name of a file. */
static bool read_pem(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct tls_section *section = target;
    char **pem = (char **)((char *)section->tls + key->field);
    const char *text = yaml_string(reader);
    if (!text || text[0] == '\0') /* blank is the same as not given */
        return text;
    if (*pem)
        return yaml_complain(reader, "is given both as a text and as a file");
    *pem = strstr(key->name, "_file") ? read_named(reader, text) : yaml_copy(reader);
    return *pem && (pem == &section->tls->key || check_certificates(reader, *pem));
}

/* Does the key belong to the first certificate? */
static bool check_pair(struct yaml_reader *reader, const struct tls_settings *tls)
{
    gnutls_certificate_credentials_t credentials;
    int result = gnutls_certificate_allocate_credentials(&credentials);
    if (result == GNUTLS_E_SUCCESS) {
        gnutls_datum_t certificate = datum(tls->certificate), key = datum(tls->key);
        result = gnutls_certificate_set_x509_key_mem2(credentials, &certificate, &key,
                                                      GNUTLS_X509_FMT_PEM, NULL, 0);
        gnutls_certificate_free_credentials(credentials);
    }
    if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return yaml_complain(reader, "the key is not that of the certificate");
    return result >= 0 || yaml_complain(reader, "the key is not an unencrypted private key: %s",
                                        gnutls_strerror(result));
}

static bool check_section(struct yaml_reader *reader, const struct tls_settings *tls)
{
    bool verifies = tls->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN ||
                    tls->client_auth == CLIENT_AUTH_REQUIRE_AND_VERIFY;
    if (!tls->certificate || !tls->key)
        return yaml_complain(reader, "%s is missing", tls->certificate ? "key_file" : "cert_file");
    if (tls->client_ca && tls->client_auth == CLIENT_AUTH_NONE)
        return yaml_complain(reader, "client_ca_file is of no use without a client_auth_type");
    if (!tls->client_ca && verifies)
        return yaml_complain(reader, "client_auth_type verifies, so client_ca_file is needed; "
                                     "trusting every public authority is not supported");
    return check_pair(reader, tls);
}

/* How many versions GnuTLS allows with these priorities on this system. */
static int count_versions(const char *priorities)
{
    gnutls_priority_t priority;
    const unsigned *versions;
    if (gnutls_priority_init(&priority, priorities, NULL) != GNUTLS_E_SUCCESS)
        return 0;
    int count = gnutls_priority_protocol_list(priority, &versions);
    gnutls_priority_deinit(priority);
    return count;
}

/* A version that the file does not name may be missing on this system. */
static bool write_priorities(struct yaml_reader *reader, const struct tls_section *section)
{
    bool are_named = section->min_version || section->max_version;
    int min = section->min_version ? section->min_version : GNUTLS_TLS1_2;
    int max = section->max_version ? section->max_version : GNUTLS_TLS1_3;
    if (min > max)
        return yaml_complain(reader, "min_version is above max_version");
    char versions[64] = "", **text = &section->tls->priorities;
    size_t used = 0;
    for (int version = max; version >= min; version--)
        used += (size_t)snprintf(versions + used, sizeof versions - used, ":+VERS-TLS1.%d",
                                 version - GNUTLS_TLS1_0);
    if (asprintf(text, "NORMAL:-VERS-ALL%s%s%s", versions, suites_and_groups,
                 section->prefer_server ? ":%SERVER_PRECEDENCE" : "") < 0) {
        *text = NULL;
        return yaml_complain(reader, "out of memory");
    }
    return count_versions(*text) >= (are_named ? max - min + 1 : 1) ||
           yaml_complain(reader, "GnuTLS does not allow these versions on this system");
}

static const struct yaml_word client_auth_types[] = {
    {"", NOT_GIVEN},
    {"NoClientCert", CLIENT_AUTH_NONE},
    {"RequestClientCert", CLIENT_AUTH_REQUEST},
    {"RequireAnyClientCert", CLIENT_AUTH_REQUIRE_ANY},
    {"RequireClientCert", CLIENT_AUTH_REQUIRE_ANY}, /* its old name */
    {"VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN},
    {"RequireAndVerifyClientCert", CLIENT_AUTH_REQUIRE_AND_VERIFY},
    {NULL, 0},
};

static const struct yaml_word versions[] = {{"TLS10", GNUTLS_TLS1_0},
                                            {"TLS11", GNUTLS_TLS1_1},
                                            {"TLS12", GNUTLS_TLS1_2},
                                            {"TLS13", GNUTLS_TLS1_3},
                                            {NULL, 0}};

/* What read_pem() reads has its field in `struct tls_settings`. */
#define PEM(field)   offsetof(struct tls_settings, field), NULL
#define FIELD(field) offsetof(struct tls_section, field)

static const struct yaml_key keys[] = {
    {"cert", read_pem, PEM(certificate)},
    {"cert_file", read_pem, PEM(certificate)},
    {"key", read_pem, PEM(key)},
    {"key_file", read_pem, PEM(key)},
    {"client_ca", read_pem, PEM(client_ca)},
    {"client_ca_file", read_pem, PEM(client_ca)},
    {"client_auth_type", yaml_read_word, FIELD(client_auth), client_auth_types},
    {"client_allowed_sans", yaml_refuse, 0, NULL},
    {"min_version", yaml_read_word, FIELD(min_version), versions},
    {"max_version", yaml_read_word, FIELD(max_version), versions},
    {"prefer_server_cipher_suites", yaml_read_boolean, FIELD(prefer_server), NULL},
    {"cipher_suites", yaml_refuse, 0, NULL},
    {"curve_preferences", yaml_refuse, 0, NULL},
};

bool tls_section_read(struct yaml_reader *reader, const struct yaml_key *key, void *target)
{
    struct tls_settings **settings = (struct tls_settings **)((char *)target + key->field);
    struct tls_settings *tls = *settings = calloc(1, sizeof *tls);
    struct tls_section section = {.tls = tls, .client_auth = NOT_GIVEN, .prefer_server = true};
    if (!tls)
        return yaml_complain(reader, "out of memory");
    if (!yaml_read_mapping(reader, keys, sizeof keys / sizeof keys[0], &section))
        return false;
    if (section.client_auth != NOT_GIVEN) {
        tls->client_auth = (enum client_auth)section.client_auth;
    } else if (!tls->certificate && !tls->key && !tls->client_ca) {
        tls_settings_free(tls);
        *settings = NULL;
        return true;
    }
    return check_section(reader, tls) && write_priorities(reader, &section);
}

void tls_settings_free(struct tls_settings *settings)
{
    if (!settings)
        return;
    wipe_and_free(settings->certificate); /* the key may stand in the same file */
    wipe_and_free(settings->key);
    wipe_and_free(settings->client_ca);
    free(settings->priorities);
    free(settings);
}
