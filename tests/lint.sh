#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: lint.sh, from the top of the tree
# Static checks: clang's warnings in addition to gcc's, style, clang-tidy, cppcheck, shell syntax, and
# systemd's analysis of the units. A missing tool is a failure.
set -u
status=0
sources=$(git ls-files '*.c')
headers=$(git ls-files '*.h')
flags="-std=c17 -D_GNU_SOURCE -Iinclude -Isrc -Icmd/sockdiag_exporter -Itests/support
       $(pkg-config --cflags libmnl libmicrohttpd gnutls yaml-0.1 libcrypt zlib)"

check() {
    name=$1
    shift
    command -v "$1" >/dev/null || { echo "lint: $name: $1 is missing" >&2; status=1; return; }
    if output=$("$@" 2>&1); then
        echo "lint: $name: good"
    else
        echo "$output"
        echo "lint: $name: FAILED" >&2
        status=1
    fi
}

# shellcheck disable=SC2086  # lists of words
{
    check "clang builds all without a warning" \
        make --no-print-directory CC=clang WERROR=1 BUILD=build-clang everything
    check "clang-format" clang-format --dry-run --Werror $sources $headers
    for source in $sources; do
        check "clang-tidy $source" clang-tidy --quiet --warnings-as-errors='*' "$source" -- $flags
    done
    check "cppcheck" cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
        --enable=warning,performance,portability --suppress=missingIncludeSystem \
        --suppress='nullPointerRedundantCheck:tests/*' --suppress='uninitvar:tests/*' --suppress='ctuuninitvar:tests/*' \
        -Iinclude -Isrc -Itests/support -Icmd/sockdiag_exporter src cmd tests
    for script in $(git ls-files '*.sh' .ci/run); do
        check "bash -n $script" bash -n "$script"
    done
}

unit=$(mktemp -d)
trap 'rm -rf "$unit"' EXIT
make --no-print-directory install PREFIX="$unit" >/dev/null || status=1
service=$unit/lib/systemd/system/sockdiag_exporter.service
socket=${service%.service}.socket
check "systemd-analyze security" systemd-analyze security --offline=true --threshold=15 "$service"
check "systemd-analyze verify" systemd-analyze verify "$service" "$socket"
[ -z "$(systemd-analyze verify "$service" "$socket" 2>&1)" ] ||
    { echo "lint: systemd-analyze verify prints warnings" >&2; status=1; }
exit $status
