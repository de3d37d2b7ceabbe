// SPDX-License-Identifier: Apache-2.0
#include "web_config_tls.h"

#include "web_config_files.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gnutls_datum_t datum(char *pem)
{
    return (gnutls_datum_t){(unsigned char *)pem, (unsigned)strlen(pem)};
}

int tls_check_certificates(char *pem)
{
    gnutls_x509_crt_t *certificates;
    unsigned count;
    gnutls_datum_t text = datum(pem);
    int result = gnutls_x509_crt_list_import2(&certificates, &count, &text, GNUTLS_X509_FMT_PEM, 0);
    if (result < 0)
        return result;
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(certificates[i]);
    gnutls_free(certificates);
    return 0;
}

int tls_check_key(const struct tls_settings *tls)
{
    gnutls_certificate_credentials_t credentials;
    int result = gnutls_certificate_allocate_credentials(&credentials);
    if (result < 0)
        return result;
    gnutls_datum_t certificate = datum(tls->certificate), key = datum(tls->key);
    result = gnutls_certificate_set_x509_key_mem2(credentials, &certificate, &key,
                                                  GNUTLS_X509_FMT_PEM, NULL, 0);
    gnutls_certificate_free_credentials(credentials);
    return result;
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

const char *tls_set_priorities(struct tls_settings *tls, int min, int max, bool prefer_server)
{
    /* What Go offers by default; NORMAL adds the signatures and their least strength. There is no
     * finite field Diffie-Hellman: a client could demand 8192 bits, for 310 ms of CPU a handshake
     * instead of 0.7. */
    static const char suites_and_groups[] =
        ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
        ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AES-128-CBC:+AES-256-CBC"
        ":-MAC-ALL:+AEAD:+SHA1"
        ":-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:+GROUP-SECP521R1";
    static const char versions[] = ":+VERS-TLS1.3:+VERS-TLS1.2:+VERS-TLS1.1:+VERS-TLS1.0";
    enum { VERSION_LENGTH = sizeof ":+VERS-TLS1.3" - 1 };
    const bool are_named = min >= 0 || max >= 0;
    const int lowest = min >= 0 ? min : 2, highest = max >= 0 ? max : 3;
    const int count = highest - lowest + 1;
    if (count <= 0)
        return "min_version is above max_version";
    if (asprintf(&tls->priorities, "NORMAL:-VERS-ALL%.*s%s%s", count * VERSION_LENGTH,
                 versions + (3 - highest) * VERSION_LENGTH, suites_and_groups,
                 prefer_server ? ":%SERVER_PRECEDENCE" : "") < 0) {
        tls->priorities = NULL;
        return "out of memory";
    }
    /* A version that the file does not name may be missing on this system. */
    return count_versions(tls->priorities) >= (are_named ? count : 1)
               ? NULL
               : "GnuTLS does not allow these versions on this system";
}

void tls_settings_free(struct tls_settings *tls)
{
    if (!tls)
        return;
    wipe_and_free(tls->certificate); /* the key may stand in the same file */
    wipe_and_free(tls->key);
    wipe_and_free(tls->client_ca);
    free(tls->priorities);
    free(tls);
}
