#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: install-deps.sh [build|npm]
# Install the packages that building and `make test` need, with the distribution's package manager. With `build`
# only those for building; with `npm` also those for the tests that use npm's packages. Does nothing if all are
# present; else says first what it will install.
set -eu

libraries="libmnl libmicrohttpd gnutls yaml-0.1 libcrypt zlib"
programs="cc pkg-config"
modules=
if [ "${1:-}" != build ]; then
    libraries="$libraries cmocka"
    programs="$programs ip ss curl openssl python3 systemd-socket-activate"
    modules=prometheus_client
fi
[ "${1:-}" != npm ] || programs="$programs node npm"

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

node=
[ "${1:-}" != npm ] || command -v npm >/dev/null 2>&1 || node="nodejs npm"

# install COMMAND BUILD-PACKAGES TEST-PACKAGES
install() {
    packages=$(echo $2 ${modules:+$3} $node)
    echo "make deps: installing these packages, and what they need: $packages" >&2
    $as_root $1 $packages
}

if command -v apt-get >/dev/null 2>&1; then
    $as_root apt-get update -q
    install "env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends" \
        "gcc libc6-dev pkg-config libmnl-dev libmicrohttpd-dev libgnutls28-dev libyaml-dev
         libcrypt-dev zlib1g-dev" \
        "libcmocka-dev iproute2 curl openssl python3-prometheus-client systemd"
elif command -v dnf >/dev/null 2>&1; then
    install "dnf install -y" \
        "gcc pkgconf-pkg-config libmnl-devel libmicrohttpd-devel gnutls-devel libyaml-devel
         libxcrypt-devel zlib-devel" \
        "libcmocka-devel iproute curl openssl python3-prometheus_client systemd"
elif command -v pacman >/dev/null 2>&1; then
    install "pacman -S --needed --noconfirm" \
        "gcc pkgconf libmnl libmicrohttpd gnutls libyaml libxcrypt zlib" \
        "cmocka iproute2 curl openssl python-prometheus_client systemd"
else
    echo "make deps: found no apt-get, dnf or pacman; install: $by_hand" >&2
    exit 1
fi
