#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: deb.sh ARCHIVE VERSION EPOCH
# Debian's source and binary packages, beside the source archive.
set -eu
archive=$(realpath "$1") version=$2 epoch=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$archive" "$work/sockdiag-exporter_$version.orig.tar.gz"
tar -xzf "$archive" -C "$work"
cd "$work/sockdiag_exporter-$version"

cp -r packaging/debian debian
{
    printf 'sockdiag-exporter (%s-1) unstable; urgency=medium\n\n' "$version"
    awk -v version="$version" -v bullet='  * ' -f packaging/changelog.awk CHANGELOG.md
    printf '\n -- %s  %s\n' "$(sed -n 's/^Maintainer: //p' debian/control)" "$(LC_ALL=C date -u -R -d "@$epoch")"
} >debian/changelog
MAKEFLAGS='' dpkg-buildpackage -us -uc
mv ../sockdiag-exporter*_* "$(dirname "$archive")"
