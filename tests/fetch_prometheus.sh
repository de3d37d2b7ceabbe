#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: fetch_prometheus.sh BUILD
# See that prometheus, promtool, prometheus-alertmanager and amtool can be found in $PATH or below
# BUILD/prometheus/usr/bin, where the distribution's packages are unpacked if need be. Nothing is
# installed or started.
set -eu
build=$(realpath "$1")
PATH=$PATH:$build/prometheus/usr/bin

fetch() {
    package=$1
    shift
    for program; do
        command -v "$program" >/dev/null || break
        shift
    done
    [ $# -gt 0 ] || return 0
    mkdir -p "$build/prometheus" && cd "$build/prometheus"
    { apt-get download -q -o APT::Sandbox::User=root "$package" && dpkg-deb -x "$package"_[0-9]*.deb .; } >&2 ||
        { echo "no $1 in \$PATH, and the package $package cannot be had" >&2; exit 1; }
}

fetch prometheus prometheus promtool
fetch prometheus-alertmanager prometheus-alertmanager amtool
