#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: tls.sh EXPORTER
# Versions, groups and certificates of TLS, as curl and openssl meet them.
. "$(dirname "$0")/../support/exporter.sh" "$@"

authority
server_certificate server
certificate client /CN=scraper extendedKeyUsage=clientAuth
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=rogue \
    -addext extendedKeyUsage=clientAuth -keyout rogue.key -out rogue.pem 2>/dev/null
old=(--ciphers DEFAULT@SECLEVEL=0)

# handshake OPTION...: openssl's client comes to an end of it
handshake() {
    openssl s_client -connect 127.0.0.1:10073 "$@" </dev/null >handshake.log 2>&1
}

tls_config >web.yml
start --web.config.file=web.yml
expect "TLS" 200 "${trust[@]}" "$tls/metrics"
expect "TLS 1.2" 200 "${trust[@]}" --tls-max 1.2 "$tls/metrics"
expect "TLS 1.1" 000 "${trust[@]}" --tls-max 1.1 "${old[@]}" "$tls/metrics"
expect "an authority nobody trusts" 000 "$tls/metrics"
expect "no TLS" 000 "$url/metrics"
pass "TLS"

stop

# With RSA, which goes with groups of either kind.
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=rsa -keyout rsa.key -out rsa.pem 2>/dev/null
echo 'tls_server_config: {cert_file: rsa.pem, key_file: rsa.key}' >web.yml
start --web.config.file=web.yml
for group in X25519 P-256 P-384 P-521; do
    for version in -tls1_2 -tls1_3; do
        handshake "$version" -groups "$group" || fail "$group is refused, $version"
    done
done
# Each of these takes hundreds of times as long as the others.
for group in ffdhe2048 ffdhe3072 ffdhe4096 ffdhe6144 ffdhe8192; do
    if handshake -groups "$group"; then fail "$group is taken"; fi
done
for exchange in DHE kRSA; do
    if handshake -tls1_2 -cipher "$exchange"; then fail "$exchange is taken"; fi
done
stop
pass "key exchange with elliptic curves, and no other"

tls_config 'min_version: TLS11' >web.yml
start --web.config.file=web.yml
expect "a version that only old clients have" 200 "${trust[@]}" --tls-max 1.1 "${old[@]}" "$tls/metrics"
stop
tls_config 'min_version: TLS13' >web.yml
start --web.config.file=web.yml
expect "the lowest version" 200 "${trust[@]}" "$tls/metrics"
expect "a lower one" 000 "${trust[@]}" --tls-max 1.2 "$tls/metrics"
stop
pass "min_version"

# mutual TYPE NONE ROGUE SERVER CLIENT: what a client gets that shows no certificate, one of another
# authority, one for servers only, the right one
mutual() {
    local type=$1
    tls_config "client_auth_type: $type" "${@:6}" >web.yml
    start --web.config.file=web.yml
    expect "$type without a certificate" "$2" "${trust[@]}" "$tls/metrics"
    expect "$type, another authority" "$3" "${trust[@]}" --cert rogue.pem --key rogue.key "$tls/metrics"
    expect "$type, for servers only" "$4" "${trust[@]}" --cert server.pem --key server.key "$tls/metrics"
    expect "$type, the right one" "$5" "${trust[@]}" --cert client.pem --key client.key "$tls/metrics"
    expect "$type, the right one, TLS 1.2" "$5" "${trust[@]}" --tls-max 1.2 --cert client.pem --key client.key "$tls/metrics"
    expect "$type without a certificate, TLS 1.2" "$2" "${trust[@]}" --tls-max 1.2 "$tls/metrics"
    stop
}
ca='client_ca_file: ca.pem'
mutual NoClientCert 200 200 200 200
mutual RequestClientCert 200 200 200 200 "$ca"
mutual RequireAnyClientCert 000 200 200 200 "$ca"
mutual VerifyClientCertIfGiven 200 000 000 200 "$ca"
mutual RequireAndVerifyClientCert 000 000 000 200 "$ca"
pass "client certificates, each type of client_auth_type"

{
    tls_config
    users alice:secret
    printf 'http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=600\n'
} >web.yml
start --web.config.file=web.yml
curl -s "${trust[@]}" -u alice:secret -D head -o /dev/null "$tls/" || fail "no answer"
grep -qi '^strict-transport-security: max-age=600' head || fail "a header is missing"
[ "$(grep -ci '^x-frame-options' head)" = 1 ] && grep -qi '^x-frame-options: sameorigin' head || fail "$(cat head)"
expect "TLS without a password" 401 "${trust[@]}" "$tls/"
stop
pass "TLS, a password and headers together"
