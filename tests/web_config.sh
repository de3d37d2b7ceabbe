#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: web_config.sh EXPORTER BUILD
# Check files for --web.config.file with the exporter and with promtool. They agree, except on settings
# that the exporter refuses by name. Keys and certificates are created here.
exporter=$(realpath "$1") build=$(realpath "$2")
"$(dirname "$0")/fetch_prometheus.sh" "$build" || exit 1
PATH=$PATH:$build/prometheus/usr/bin
. "$(dirname "$0")/support/script.sh"
need openssl
cd "$work"

# judge PROMTOOL OURS: the expected verdicts on web.yml, good or bad, or * where versions of promtool differ.
# The exporter prints the reason in one line that begins with the file's name.
judged=0
judge() {
    local code=0 promtool=good ours=good
    promtool check web-config web.yml >promtool.log 2>&1 || promtool=bad
    "$exporter" --web.config.file=web.yml --config.check >out 2>log || code=$?
    if [ "$code" = 1 ]; then
        ours=bad
        [ "$(wc -l <log)" = 1 ] && grep -q 'web\.yml:' log || fail "not one line about the file: $(cat log)"
    elif [ "$code" != 0 ]; then
        fail "exit code $code for: $(cat web.yml)"
    fi
    [[ $promtool == $1 && $ours == $2 ]] ||
        fail "promtool says $promtool ($(tail -1 promtool.log)), the exporter $ours ($(cat log)), about: $(cat web.yml)"
    judged=$((judged + 1))
}

# agree VERDICT: both give this verdict on each file on standard input. Files end with a line of ===
agree() {
    local line
    : >web.yml
    while IFS= read -r line; do
        if [ "$line" = === ]; then
            judge "$1" "$1"
            : >web.yml
        else
            printf '%s\n' "$line" >>web.yml
        fi
    done
    [ ! -s web.yml ] || fail "no === after: $(cat web.yml)"
}

# refuse WHY TEXT [PROMTOOL]: promtool accepts it, or says PROMTOOL, and the exporter's line contains WHY
refuse() {
    printf '%s\n' "$2" >web.yml
    judge "${3:-good}" bad
    grep -qF -- "$1" log || fail "not \"$1\" but: $(cat log)"
}

# refuse_new WHY TEXT: the same for settings that only newer versions of promtool know
refuse_new() {
    refuse "$1" "$2" '*'
}

# certificate NAME ALGORITHM...
certificate() {
    openssl req -x509 -newkey "${@:2}" -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
        -subj "/CN=$1" 2>openssl.log || fail "$(cat openssl.log)"
}

certificate rsa rsa:2048
certificate ecdsa ec -pkeyopt ec_paramgen_curve:prime256v1
certificate p384 ec -pkeyopt ec_paramgen_curve:secp384r1
certificate ed25519 ed25519
openssl rsa -in rsa.key -traditional -out rsa-pkcs1.key 2>openssl.log
openssl rsa -in rsa.key -aes128 -passout pass:secret -out rsa-locked.key 2>openssl.log
{ openssl ecparam -name prime256v1 && openssl ec -in ecdsa.key; } >ecdsa-sec1.key 2>openssl.log
cat ecdsa.pem rsa.pem >chain.pem
{ echo "Words before it." && cat rsa.pem; } >explained.pem
cat rsa.key rsa.pem >both.pem
echo junk >junk.pem
: >empty.pem
rsa='cert_file: rsa.pem, key_file: rsa.key'
hash='$2y$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ./012'

agree good <<EOF
===
# a comment
===
~
===
{}
===
tls_server_config:
http_server_config:
basic_auth_users:
===
tls_server_config: {min_version: TLS13}
===
tls_server_config:
  cert_file: rsa.pem
  key_file: rsa.key
===
tls_server_config: {cert_file: $work/rsa.pem, key_file: "$work/rsa.key"}
===
tls_server_config: {cert_file: ecdsa.pem, key_file: ecdsa.key}
===
tls_server_config: {cert_file: ecdsa.pem, key_file: ecdsa-sec1.key}
===
tls_server_config: {cert_file: p384.pem, key_file: p384.key}
===
tls_server_config: {cert_file: ed25519.pem, key_file: ed25519.key}
===
tls_server_config: {cert_file: rsa.pem, key_file: rsa-pkcs1.key}
===
tls_server_config: {cert_file: chain.pem, key_file: ecdsa.key}
===
tls_server_config: {cert_file: explained.pem, key_file: rsa.key}
===
tls_server_config: {cert_file: both.pem, key_file: both.pem}
===
tls_server_config: {$rsa, client_auth_type: NoClientCert}
===
tls_server_config: {$rsa, client_auth_type: "", client_ca_file: ""}
===
tls_server_config: {$rsa, client_auth_type: RequestClientCert}
===
tls_server_config: {$rsa, client_auth_type: RequireAnyClientCert}
===
tls_server_config: {$rsa, client_auth_type: RequireClientCert, client_ca_file: ecdsa.pem}
===
tls_server_config: {$rsa, client_auth_type: VerifyClientCertIfGiven, client_ca_file: chain.pem}
===
tls_server_config: {$rsa, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ecdsa.pem}
===
tls_server_config: {$rsa, min_version: TLS10, max_version: TLS13}
===
tls_server_config: {$rsa, min_version: TLS11, max_version: TLS11}
===
tls_server_config: {$rsa, min_version: , max_version: "TLS12"}
===
tls_server_config: {$rsa, prefer_server_cipher_suites: no, curve_preferences: }
===
tls_server_config: {$rsa, cipher_suites: []}
===
http_server_config: {http2: false}
===
http_server_config: {http2: Off}
===
http_server_config: {http2: true}
===
http_server_config: {http2: }
===
http_server_config:
  headers:
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: 0
    Strict-Transport-Security: max-age=31536000; includeSubDomains
    Content-Security-Policy: "default-src 'self'"
===
http_server_config: {headers: {X-XSS-Protection: ""}}
===
http_server_config: {headers: }
===
basic_auth_users: {alice: $hash, "bob": '$hash', 1: "$hash"}
===
basic_auth_users: &users
  alice: $hash
===
basic_auth_users:
  alice: &hash $hash
  bob: *hash
===
tls_server_config: &empty {}
http_server_config: {headers: *empty}
===
EOF
# Only newer versions of promtool know inline certificates and keys.
{
    printf 'tls_server_config:\n  cert: |\n'
    sed 's/^/    /' ecdsa.pem
    printf '  key: |\n'
    sed 's/^/    /' ecdsa.key
    printf '  client_auth_type: RequireAndVerifyClientCert\n  client_ca: |\n'
    sed 's/^/    /' rsa.pem
} >web.yml
judge '*' good
pass "promtool and the exporter accept $judged files"

judged=0
agree bad <<EOF
junk
===
- a
===
a: 1
===
tls_server_config: a
===
tls_server_config: {}
tls_server_config: {}
===
tls_server_config: {cert_file: rsa.pem}
===
tls_server_config: {key_file: rsa.key}
===
tls_server_config: {client_auth_type: NoClientCert}
===
tls_server_config: {client_ca_file: rsa.pem}
===
tls_server_config: {$rsa, key_file: rsa.key}
===
tls_server_config: {$rsa, keyfile: rsa.key}
===
tls_server_config: {$rsa, Min_Version: TLS12}
===
tls_server_config: {cert_file: missing.pem, key_file: rsa.key}
===
tls_server_config: {cert_file: rsa.pem, key_file: missing.key}
===
tls_server_config: {cert_file: ., key_file: rsa.key}
===
tls_server_config: {cert_file: empty.pem, key_file: rsa.key}
===
tls_server_config: {cert_file: junk.pem, key_file: rsa.key}
===
tls_server_config: {cert_file: rsa.pem, key_file: junk.pem}
===
tls_server_config: {cert_file: rsa.key, key_file: rsa.pem}
===
tls_server_config: {cert_file: rsa.pem, key_file: ecdsa.key}
===
tls_server_config: {cert_file: rsa.pem, key_file: rsa-locked.key}
===
tls_server_config: {cert_file: chain.pem, key_file: rsa.key}
===
tls_server_config: {cert_file: [rsa.pem], key_file: rsa.key}
===
tls_server_config: {$rsa, client_auth_type: Always}
===
tls_server_config: {$rsa, client_ca_file: ecdsa.pem}
===
tls_server_config: {$rsa, client_ca_file: ecdsa.pem, client_auth_type: NoClientCert}
===
tls_server_config: {$rsa, client_ca_file: missing.pem, client_auth_type: RequireAndVerifyClientCert}
===
tls_server_config: {$rsa, min_version: TLS14}
===
tls_server_config: {$rsa, max_version: ""}
===
tls_server_config: {$rsa, min_version: [TLS12]}
===
tls_server_config: {$rsa, prefer_server_cipher_suites: "true"}
===
tls_server_config: {$rsa, prefer_server_cipher_suites: 1}
===
tls_server_config: {$rsa, cipher_suites: TLS_AES_128_GCM_SHA256}
===
tls_server_config: {$rsa, cipher_suites: [TLS_RSA_WITH_RC4_128_SHA]}
===
tls_server_config: {$rsa, cipher_suites: [tls_aes_128_gcm_sha256]}
===
tls_server_config: {$rsa, cipher_suites: {a: b}}
===
tls_server_config: {$rsa, curve_preferences: [P256]}
===
tls_server_config: {$rsa, curve_preferences: X25519}
===
http_server_config: []
===
http_server_config: {http3: true}
===
http_server_config: {http2: "yes"}
===
http_server_config: {http2: 0}
===
http_server_config: {http2: false, http2: false}
===
http_server_config: {headers: [a]}
===
http_server_config: {headers: {Server: a}}
===
http_server_config: {headers: {x-frame-options: deny}}
===
http_server_config: {headers: {X-Frame-Options: DENY}}
===
http_server_config: {headers: {X-Frame-Options: ""}}
===
http_server_config: {headers: {X-Content-Type-Options: sniff}}
===
http_server_config: {headers: {X-XSS-Protection: {a: b}}}
===
http_server_config: {headers: {X-XSS-Protection: a, X-XSS-Protection: a}}
===
basic_auth_users: alice
===
basic_auth_users: [alice]
===
basic_auth_users: {alice: $hash, alice: $hash}
===
basic_auth_users: {alice: wonderland}
===
basic_auth_users: {alice: }
===
basic_auth_users: {alice: [$hash]}
===
basic_auth_users: {alice: ${hash/10/03}}
===
basic_auth_users: {alice: ${hash/10/32}}
===
basic_auth_users: {alice: ${hash%????}}
===
http_server_config: *missing
===
http_server_config: &a {headers: *a}
===
basic_auth_users: &a {alice: *a}
===
http_server_config: {
===
http_server_config: "
===
EOF
printf 'http_server_config:\n\thttp2: false\n' >web.yml && judge bad bad
printf 'http_server_config:\0\n' >web.yml && judge bad bad
printf 'http_server_config: "\377"\n' >web.yml && judge bad bad
rm web.yml && mkdir web.yml && judge bad bad
rmdir web.yml && judge bad bad
pass "both refuse $judged files, the exporter each with one line"

# Only the exporter refuses these.
judged=0
refuse_new "both as a text and as a file" "tls_server_config: {$rsa, cert: a}"
refuse_new "client_allowed_sans" "tls_server_config: {$rsa, client_allowed_sans: [a]}"
refuse_new "rate_limit" 'rate_limit: {interval: 1s, burst: 5}'
refuse "found duplicate anchor" 'tls_server_config: &a {}
http_server_config: &a {}'
refuse 'unknown key "<<"' 'http_server_config: {<<: {http2: false}}'
refuse "expected a string" "basic_auth_users: {<<: {alice: $hash}}"
refuse "several documents" '{}
---
{}'
refuse "without a tag" 'http_server_config: {headers: {X-XSS-Protection: !!binary YQ==}}'
refuse "without a NUL" 'http_server_config: {headers: {X-XSS-Protection: "a\0b"}}'
refuse "control characters" 'http_server_config: {headers: {X-XSS-Protection: "a\nSet-Cookie: b"}}'
refuse "no colon" "basic_auth_users: {'alice:': $hash}"
refuse "control characters" "basic_auth_users: {\"alice\\n\": $hash}"
refuse "bcrypt cost" "basic_auth_users: {alice: ${hash/10/15}}"
refuse "a bcrypt hash" "basic_auth_users: {alice: ${hash/2y/2x}}"
refuse "a bcrypt hash" "basic_auth_users: {alice: ${hash}0}"
refuse "a bcrypt hash" "basic_auth_users: {alice: ${hash/abc/-_-}}"
refuse "min_version is above" "tls_server_config: {$rsa, min_version: TLS13, max_version: TLS12}"
refuse "client_ca_file is needed" "tls_server_config: {$rsa, client_auth_type: VerifyClientCertIfGiven}"
refuse "does not hold certificates" \
    "tls_server_config: {$rsa, client_auth_type: RequestClientCert, client_ca_file: junk.pem}"
refuse "cipher_suites: is not supported" "tls_server_config: {$rsa, cipher_suites: [TLS_AES_128_GCM_SHA256]}"
refuse "curve_preferences: is not supported" "tls_server_config: {$rsa, curve_preferences: [X25519]}"
printf '\377\376{\0}\0' >web.yml && judge good bad
grep -qF "it has a NUL" log || fail "$(cat log)"
truncate -s 1048577 comment && tr '\0' '#' <comment >web.yml && judge good bad
grep -qF "larger than 1 MiB" log || fail "$(cat log)"
rm web.yml && ln -s /dev/null web.yml && judge good bad
grep -qF "not a regular file" log || fail "$(cat log)"
rm web.yml
pass "the exporter refuses $judged more, by name"

# A good file that asks for HTTP/2 gets one line, a bad one only the line with the reason.
echo 'http_server_config: {http2: true}' >web.yml
judge good good
[ "$(grep -c 'web\.yml: HTTP/2 is not supported, HTTP/1\.1 is served' log)" = 1 ] && [ "$(wc -l <log)" = 1 ] ||
    fail "not one line: $(cat log)"
printf 'http_server_config: {http2: true}\nrate_limit: 1\n' >web.yml
judge bad bad
echo 'http_server_config: {http2: false}' >web.yml
judge good good
[ ! -s log ] || fail "unnecessary output: $(cat log)"
pass "http2: true is accepted, with one line"

# The system may forbid a version, but not one that the file names.
printf '[overrides]\ndisabled-version = tls1.2\ntls-disabled-cipher = aes-128-gcm\ndisabled-curve = x25519\n' >policy
export GNUTLS_SYSTEM_PRIORITY_FILE=$work/policy
echo "tls_server_config: {$rsa}" >web.yml
judge good good
refuse "does not allow these versions" "tls_server_config: {$rsa, min_version: TLS12}"
refuse "does not allow these versions" "tls_server_config: {$rsa, max_version: TLS12}"
refuse "does not allow these versions" "tls_server_config: {$rsa, max_version: TLS13}"
echo "tls_server_config: {$rsa, min_version: TLS13}" >web.yml
judge good good
pass "the system may forbid a version, unless the file names it"
