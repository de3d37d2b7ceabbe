#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Install what building and testing need, with the distribution's own package manager. Does nothing
# where all is there.
set -eu

libraries="libmnl libmicrohttpd gnutls yaml-0.1 libcrypt zlib cmocka"
programs="cc pkg-config ip ss curl openssl python3 systemd-socket-activate"

missing() {
    for program in $programs; do
        command -v "$program" >/dev/null 2>&1 || return 0
    done
    pkg-config --exists $libraries || return 0
    ! /usr/bin/python3 -c 'import prometheus_client, yaml' 2>/dev/null
}

missing || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "make deps: run as root, or install: $programs, the development files of $libraries," \
             "and the Python modules prometheus_client and yaml" >&2
        exit 1
    }
    as_root=sudo
fi

if command -v apt-get >/dev/null 2>&1; then
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        gcc libc6-dev pkg-config libmnl-dev libmicrohttpd-dev libgnutls28-dev libyaml-dev \
        libcrypt-dev zlib1g-dev libcmocka-dev iproute2 curl openssl python3-prometheus-client \
        python3-yaml systemd
elif command -v dnf >/dev/null 2>&1; then
    $as_root dnf install -y gcc pkgconf-pkg-config libmnl-devel libmicrohttpd-devel gnutls-devel \
        libyaml-devel libxcrypt-devel zlib-devel libcmocka-devel iproute curl openssl \
        python3-prometheus_client python3-pyyaml systemd
elif command -v pacman >/dev/null 2>&1; then
    $as_root pacman -S --needed --noconfirm gcc pkgconf libmnl libmicrohttpd gnutls libyaml \
        libxcrypt zlib cmocka iproute2 curl openssl python-prometheus_client python-yaml systemd
else
    echo "make deps: no apt-get, dnf or pacman here; install $programs, the development files of" \
         "$libraries, and the Python modules prometheus_client and yaml" >&2
    exit 1
fi
