#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what building and testing need, with the distribution's own package manager. Does nothing
# where all is there.
set -eu

missing() {
    for program in cc pkg-config ip ss; do
        command -v "$program" >/dev/null 2>&1 || return 0
    done
    ! pkg-config --exists libmnl libmicrohttpd cmocka
}

missing || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "make deps: run as root, or install: a C compiler, pkg-config, iproute2 and the" \
             "development files of libmnl, libmicrohttpd and cmocka" >&2
        exit 1
    }
    as_root=sudo
fi

if command -v apt-get >/dev/null 2>&1; then
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        gcc libc6-dev pkg-config libmnl-dev libmicrohttpd-dev libcmocka-dev iproute2
elif command -v dnf >/dev/null 2>&1; then
    $as_root dnf install -y gcc pkgconf-pkg-config libmnl-devel libmicrohttpd-devel \
        libcmocka-devel iproute
elif command -v pacman >/dev/null 2>&1; then
    $as_root pacman -S --needed --noconfirm gcc pkgconf libmnl libmicrohttpd cmocka iproute2
else
    echo "make deps: no apt-get, dnf or pacman here; install a C compiler, pkg-config, iproute2," \
         "libmnl, libmicrohttpd and cmocka with their headers" >&2
    exit 1
fi
