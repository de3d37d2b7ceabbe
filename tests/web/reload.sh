#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: reload.sh EXPORTER
# The web configuration at the start and when it changes.
. "$(dirname "$0")/../support/exporter.sh" "$@"

last_reload() { # NAME:PASSWORD 1|0: was it successful?
    curl -sf -u "$1" "$url/metrics" | grep -qx "sockdiag_exporter_web_config_last_reload_successful $2"
}
authority
server_certificate server

for broken in 'basic_auth_users: {a: b}' 'tls_server_config: {cert_file: nowhere.pem, key_file: nowhere.key}' 'nonsense: 1'; do
    echo "$broken" >web.yml
    for check in --config.check --log.level=info; do
        "$exporter" --web.config.file=web.yml "$check" >out 2>log && fail "started with $broken"
        [ $? = 1 ] || fail "another exit code for $broken"
        [ "$(wc -l <log)" = 1 ] && grep -q '^sockdiag_exporter: web.yml' log || fail "$broken: $(cat log)"
    done
done
tls_config >web.yml
"$exporter" --web.config.file=web.yml --config.check >out || fail "a good one is refused"
pass "a broken configuration is one line and exit code 1"

users alice:secret bob:other >web.yml
start --web.config.file=web.yml
await 5 last_reload alice:secret 1
users alice:new >web.yml
await 10 log_has 'was read again'
expect "the old password" 401 -u alice:secret "$url/metrics"
expect "the new password" 200 -u alice:new "$url/metrics"
expect "a removed user" 401 -u bob:other "$url/metrics"
: >web.yml # as an editor leaves it for a moment
await 10 log_has 'keeping the previous configuration'
expect "with an empty file" 401 "$url/metrics"
: >log
printf 'http_server_config:\n  headers:\n    X-Frame-Options: deny\n' >web.yml # nor when it is half written
await 10 log_has 'web.yml: .* keeping the previous configuration'
expect "with only headers" 401 "$url/metrics"
: >log
echo 'basic_auth_users: [' >web.yml
await 10 log_has 'keeping the previous configuration'
expect "the password from before" 200 -u alice:new "$url/metrics"
await 5 last_reload alice:new 0
: >log
kill -HUP "$daemon"
await 10 log_has 'keeping the previous configuration'
users dave:third >web.yml
await 10 log_has 'was read again'
expect "after the repair" 200 -u dave:third "$url/metrics"
await 5 last_reload dave:third 1
stop
pass "the configuration is read again when it changes, and a broken one is not taken"

# What a connection gets that was made before a change, and asks after it.
users alice:secret >before.yml
{
    users alice:new
    printf 'http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n'
} >after.yml
cp before.yml web.yml
start --web.config.file=web.yml
clients older_connection passwords
stop

tls_config 'client_ca_file: ca.pem' 'client_auth_type: RequestClientCert' >before.yml
tls_config 'client_ca_file: ca.pem' 'client_auth_type: RequireAndVerifyClientCert' >after.yml
cp before.yml web.yml
start --web.config.file=web.yml
clients older_connection client_certificates
expect "no certificate" 000 "${trust[@]}" "$tls/metrics"
stop

users alice:secret >web.yml
start --web.config.file=web.yml
cp after.yml web.yml
await 10 log_has 'between plain HTTP and TLS, restart the exporter: keeping the previous configuration'
expect "the password from before" 200 -u alice:secret "$url/metrics"
stop
pass "a change from plain HTTP to TLS is refused"
