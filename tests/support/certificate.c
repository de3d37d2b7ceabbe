// SPDX-License-Identifier: Apache-2.0
#include "certificate.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gnutls/x509.h>
#include <stdio.h>
#include <time.h>

void certificate_make(const char *name, gnutls_pk_algorithm_t algorithm, unsigned bits)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t certificate;
    gnutls_datum_t pem;
    const time_t now = time(NULL);
    char file[64], subject[64];
    snprintf(subject, sizeof subject, "CN=%s", name);
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_crt_init(&certificate), 0);
    assert_int_equal(gnutls_x509_privkey_generate(key, algorithm, bits, 0), 0);
    assert_true(gnutls_x509_crt_set_version(certificate, 3) == 0 &&
                gnutls_x509_crt_set_serial(certificate, "\1", 1) == 0 &&
                gnutls_x509_crt_set_activation_time(certificate, now - 60) == 0 &&
                gnutls_x509_crt_set_expiration_time(certificate, now + 86400) == 0 &&
                gnutls_x509_crt_set_dn(certificate, subject, NULL) == 0 &&
                gnutls_x509_crt_set_key(certificate, key) == 0 &&
                gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0) == 0);

    assert_int_equal(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &pem), 0);
    snprintf(file, sizeof file, "%s.pem", name);
    scratch_write(file, pem.data, pem.size);
    gnutls_free(pem.data);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
    snprintf(file, sizeof file, "%s.key", name);
    scratch_write(file, pem.data, pem.size);
    gnutls_free(pem.data);

    /* The same key, with a password. */
    size_t size = 8192;
    char locked[8192];
    assert_int_equal(gnutls_x509_privkey_export_pkcs8(key, GNUTLS_X509_FMT_PEM, "password",
                                                      GNUTLS_PKCS_PBES2_AES_128, locked, &size),
                     0);
    snprintf(file, sizeof file, "%s.locked", name);
    scratch_write(file, locked, size);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
}
