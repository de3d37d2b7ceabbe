#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: requests.sh EXPORTER
# What is answered to which request, down to its bytes.
. "$(dirname "$0")/../support/exporter.sh" "$@"

start
clients requests
stop
authority
server_certificate server
tls_config >web.yml
start --web.config.file=web.yml
clients half_closed tls
stop
start
clients half_closed plain
stop
