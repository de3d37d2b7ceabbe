#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# peers.sh DIRECTORY: fetch the programs that the exporter is compared with. Installs nothing.
#
# Downloads Debian packages and unpacks them below DIRECTORY/root, unless they are already there. Runs
# nothing from them, not even maintainer scripts. Standard output has one line for each peer, fields
# separated by tabs:
#
#     NAME  ok       VERSION  PROGRAM  LIBRARY-PATH
#     NAME  missing  REASON
#
# The exit code is 0 in both cases: the benchmark reports a missing peer and continues.

set -u

directory=${1:?usage: peers.sh DIRECTORY}
mkdir -p "$directory/packages" "$directory/root" || exit 1
cd "$directory" || exit 1
directory=$PWD
root=$directory/root
log=$directory/fetch.log
: >"$log"

# The directories of the unpacked libraries: Debian has one for each architecture.
library_path() {
    find "$root/lib" "$root/usr/lib" -maxdepth 1 -type d -name '*-linux-gnu*' 2>/dev/null |
        paste -s -d :
}

# fetch PACKAGE: download and unpack it; after a failure the last line of the log is the reason.
fetch() {
    if ! (cd packages && apt-get -q -o APT::Sandbox::User=root download "$1") >>"$log" 2>&1; then
        return 1
    fi
    for archive in packages/"$1"_*.deb; do
        dpkg-deb -x "$archive" "$root" >>"$log" 2>&1 || return 1
    done
}

missing_libraries() {
    for file in "$@"; do
        LD_LIBRARY_PATH=$(library_path) ldd "$file" 2>&1
    done | awk '/not found/ { print $1 }' | sort -u
}

# complete_libraries FILE...: fetch the missing shared libraries of the files, then those of these
# libraries. A Debian library's package is named after it: libprotobuf-c.so.1 is in libprotobuf-c1,
# and, if the name ends with a digit, libnghttp2.so.14 in libnghttp2-14.
complete_libraries() {
    for _ in 1 2 3; do
        libraries=$(missing_libraries "$@")
        [ -z "$libraries" ] && return 0
        for library in $libraries; do
            fetch "$(echo "$library" | sed 's/\([0-9]\)\.so\./\1-/; s/\.so\.//')" || return 1
        done
    done
    echo "still without $(echo "$libraries" | paste -s -d ' ')" >>"$log"
    return 1
}

# dpkg-deb unpacked the last package of that name last.
version() {
    for archive in packages/"$1"_*.deb; do
        dpkg-deb -f "$archive" Version
    done | tail -n 1
}

# peer NAME PACKAGE PROGRAM [PLUGIN...]: fetch it if necessary and print its line.
peer() {
    name=$1 package=$2 program=$root/$3
    shift 2
    for file in "$@"; do
        shift
        set -- "$@" "$root/$file"
    done
    if { [ -x "$program" ] || fetch "$package"; } && complete_libraries "$@"; then
        printf '%s\tok\t%s\t%s\t%s\n' "$name" "$(version "$package")" "$program" "$(library_path)"
    else
        printf '%s\tmissing\t%s\n' "$name" "$package: $(tail -n 1 "$log")"
    fi
}

# installed PROGRAM PACKAGE SCRIPT OPTION: print the line of a program that must be installed already;
# the sed script finds the version in its output for that option.
installed() {
    if program=$(command -v "$1"); then
        printf '%s\tok\t%s\t%s\t\n' "$1" "$("$program" "$4" | sed "$3")" "$program"
    else
        printf '%s\tmissing\t%s is not installed\n' "$1" "$2"
    fi
}

peer collectd collectd-core usr/sbin/collectd usr/lib/collectd/tcpconns.so \
    usr/lib/collectd/write_prometheus.so
peer node_exporter prometheus-node-exporter usr/bin/prometheus-node-exporter
peer wrk wrk usr/bin/wrk
peer h2load nghttp2-client usr/bin/h2load
installed ss iproute2 's/.*iproute2-\([^, ]*\).*/\1/' -V
installed openssl openssl 's/^OpenSSL \([^ ]*\).*/\1/' version
