#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: fetch_prometheus.sh BUILD
# See that prometheus, promtool, prometheus-alertmanager and amtool can be found in $PATH or below
# BUILD/prometheus/usr/bin, where the distribution's packages are unpacked if need be. Nothing is
# installed or started.
set -eu
build=$(realpath "$1")
PATH=$PATH:$build/prometheus/usr/bin

# fetch PROGRAM PACKAGE...: from the first package that there is
fetch() {
    program=$1
    shift
    command -v "$program" >/dev/null && return
    mkdir -p "$build/prometheus" && cd "$build/prometheus"
    for package; do
        apt-get download -q -o APT::Sandbox::User=root "$package" >&2 || continue
        dpkg-deb -x "$package"_[0-9]*.deb . >&2
        command -v "$program" >/dev/null && return
    done
    echo "no $program in \$PATH, and it cannot be had from a package: $*" >&2
    exit 1
}

fetch prometheus prometheus
fetch promtool promtool prometheus # in Debian 13 it has a package of its own
fetch prometheus-alertmanager prometheus-alertmanager
fetch amtool prometheus-alertmanager
