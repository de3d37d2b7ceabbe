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
    # It reads no headers of the system, but must know the lists of one.
    check "cppcheck" cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
        --include="/usr/include/$(gcc -print-multiarch)/sys/queue.h" \
        --enable=warning,performance,portability --suppress=missingIncludeSystem \
        --suppress='nullPointerRedundantCheck:tests/*' --suppress='uninitvar:tests/*' --suppress='ctuuninitvar:tests/*' \
        -Iinclude -Isrc -Itests/support -Icmd/sockdiag_exporter src cmd tests
    for script in $(git ls-files '*.sh' .ci/run); do
        check "bash -n $script" bash -n "$script"
    done
}

# The unit alone, then with each drop-in; a number is the highest exposure that is accepted.
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
make --no-print-directory all install PREFIX="$root" >/dev/null || status=1
units=$root/lib/systemd/system
mkdir "$units/sockdiag_exporter.service.d"
for limit in none:10 10-netns:12 20-netns-walk:22 30-events:19; do
    drop_in=${limit%:*}
    [ "$drop_in" = none ] ||
        ln -sf "$root/share/sockdiag_exporter/systemd/$drop_in.conf" "$units/sockdiag_exporter.service.d/drop-in.conf"
    check "systemd-analyze security, drop-in: $drop_in" \
        systemd-analyze security --offline=true --threshold="${limit#*:}" "$units/sockdiag_exporter.service"
    check "systemd-analyze verify, drop-in: $drop_in" systemd-analyze verify --man=no "$units"/*.service "$units"/*.socket
    [ -z "$(systemd-analyze verify --man=no "$units"/*.service "$units"/*.socket 2>&1)" ] ||
        { echo "lint: systemd-analyze verify prints warnings" >&2; status=1; }
done
exit $status
