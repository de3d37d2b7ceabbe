#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: cpu.sh EXPORTER
# The CPU time that clients can cost.
. "$(dirname "$0")/../support/exporter.sh" "$@"

start_quiet "$url"
clients cpu_share plain
stop
# A key that is expensive for the exporter alone.
openssl req -x509 -newkey rsa:3072 -nodes -days 2 -subj /CN=x -keyout server.key -out server.pem 2>/dev/null
tls_config >web.yml
start_quiet "$tls" --web.config.file=web.yml
clients cpu_share tls
stop
