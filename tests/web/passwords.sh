#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: passwords.sh EXPORTER
# HTTP basic authentication.
. "$(dirname "$0")/../support/exporter.sh" "$@"

long=$(head -c 450 /dev/urandom | base64 -w 0) # 600 characters
users alice:secret bob:other dora:"${long:0:88}" >web.yml
start --web.config.file=web.yml
expect "no password" 401 "$url/metrics"
curl -sI "$url/metrics" -o head
grep -qi '^www-authenticate: basic realm=' head || fail "no challenge: $(cat head)"
grep -qi '^cache-control: no-store' head || fail "401 may be stored: $(cat head)"
expect "the right password" 200 -u alice:secret "$url/metrics"
expect "once more" 200 -u alice:secret "$url/metrics"
expect "another user" 200 -u bob:other "$url/-/healthy"
expect "a wrong password" 401 -u alice:other "$url/metrics"
expect "a scheme in lower case" 200 -H 'Authorization: basic YWxpY2U6c2VjcmV0' "$url/metrics"
expect "a scheme in upper case" 200 -H 'Authorization: BASIC YWxpY2U6c2VjcmV0' "$url/metrics"
expect "an unknown user" 401 -u carol:secret "$url/metrics"
expect "an empty password" 401 -u alice: "$url/metrics"
expect "another scheme" 401 -H 'Authorization: Bearer secret' "$url/metrics"
expect "nonsense" 401 -H 'Authorization: Basic !!!' "$url/metrics"
expect "a path that does not exist" 401 "$url/nowhere"
expect "a wrong method" 405 -u alice:secret -X DELETE "$url/metrics"
pass "basic authentication"

# bcrypt looks at the first 72 bytes alone, here as in other exporters.
expect "a long password" 200 -u "dora:${long:0:88}" "$url/metrics"
expect "a longer one" 200 -u "dora:$long" "$url/metrics"
expect "its first 72 bytes" 200 -u "dora:${long:0:72}" "$url/metrics"
expect "its first 71 bytes" 401 -u "dora:${long:0:71}" "$url/metrics"
pass "a password of more than 72 bytes"

stop
/usr/bin/python3 "$support/web_users.py" 10 alice:secret >web.yml
start --web.config.file=web.yml
expect "before the flood" 200 -u alice:secret "$url/metrics"
clients password_flood
stop

/usr/bin/python3 "$support/web_users.py" 12 alice:secret >web.yml # a check takes 0.2 seconds
start --web.config.file=web.yml --web.max-connections=2
clients few_places
stop
