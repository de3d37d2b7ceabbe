#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: torture.sh EXPORTER BUILD
# Each call that can fail fails once: tests/torture/torture.py.
shim=$(realpath "$2/tests/torture/fallible.so")
. "$(dirname "$0")/support/exporter.sh" "$@"

authority
server_certificate server
tls_config >tls.yml
users scraper:secret >users.yml
for number in {0..15}; do mkdir "worker$number" && cp tls.yml users.yml server.pem server.key "worker$number"; done
export shim exporter
/usr/bin/python3 "$directory/torture/torture.py" || fail "see above"
