#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: install-deps.sh [build]
# Install the packages that building and testing need, or with `build` only those for building, with
# the distribution's package manager. Does nothing if all are present.
set -eu

libraries="libmnl libmicrohttpd gnutls yaml-0.1 libcrypt zlib"
programs="cc pkg-config"
modules=
if [ "${1:-}" != build ]; then
    libraries="$libraries cmocka"
    programs="$programs ip ss curl openssl python3 systemd-socket-activate node npm"
    modules=prometheus_client
fi

missing() {
    for program in $programs; do
        command -v "$program" >/dev/null 2>&1 || return 0
    done
    pkg-config --exists $libraries || return 0
    for module in $modules; do
        /usr/bin/python3 -c "import $module" 2>/dev/null || return 0
    done
    return 1
}

missing || exit 0

by_hand="$programs; the development files of $libraries${modules:+; the Python modules $modules}"
as_root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "make deps: run as root, or install: $by_hand" >&2
        exit 1
    }
    as_root=sudo
fi

# install COMMAND BUILD-PACKAGES TEST-PACKAGES
install() {
    $as_root $1 $2 ${modules:+$3}
}

if command -v apt-get >/dev/null 2>&1; then
    node=
    command -v npm >/dev/null 2>&1 || node="nodejs npm"
    $as_root apt-get update -q
    install "env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends" \
        "gcc libc6-dev pkg-config libmnl-dev libmicrohttpd-dev libgnutls28-dev libyaml-dev
         libcrypt-dev zlib1g-dev" \
        "libcmocka-dev iproute2 curl openssl python3-prometheus-client systemd $node"
elif command -v dnf >/dev/null 2>&1; then
    install "dnf install -y" \
        "gcc pkgconf-pkg-config libmnl-devel libmicrohttpd-devel gnutls-devel libyaml-devel
         libxcrypt-devel zlib-devel" \
        "libcmocka-devel iproute curl openssl python3-prometheus_client systemd nodejs npm"
elif command -v pacman >/dev/null 2>&1; then
    install "pacman -S --needed --noconfirm" \
        "gcc pkgconf libmnl libmicrohttpd gnutls libyaml libxcrypt zlib" \
        "cmocka iproute2 curl openssl python-prometheus_client systemd nodejs npm"
else
    echo "make deps: found no apt-get, dnf or pacman; install: $by_hand" >&2
    exit 1
fi
