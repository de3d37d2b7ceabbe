#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: fetch_prometheus.sh BUILD
# Ensure that prometheus, promtool, prometheus-alertmanager, amtool and jsonnet are in $PATH or below
# BUILD/prometheus/usr/bin. If necessary, unpack the distribution's packages there. Installs and starts
# nothing.
set -eu
build=$(realpath "$1")
PATH=$PATH:$build/prometheus/usr/bin
# One at a time: tests run side by side.
mkdir -p "$build/prometheus"
exec 9<"$build/prometheus"
flock 9

# fetch PROGRAM PACKAGE...: from the first package that exists
fetch() {
    program=$1
    shift
    command -v "$program" >/dev/null && return
    cd "$build/prometheus"
    for package; do
        echo "fetching Debian's package $package, to unpack it in build/prometheus" >&2
        apt-get download -q -o APT::Sandbox::User=root "$package" >&2 || continue
        dpkg-deb -x "$package"_[0-9]*.deb . >&2
        command -v "$program" >/dev/null && return
    done
    echo "no $program in \$PATH, and no package provides it: $*" >&2
    exit 1
}

fetch prometheus prometheus
fetch promtool promtool prometheus # in Debian 13 it has its own package
fetch prometheus-alertmanager prometheus-alertmanager
fetch amtool prometheus-alertmanager
fetch jsonnet jsonnet
