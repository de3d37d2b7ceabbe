#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: rpm.sh ARCHIVE VERSION EPOCH
# The source and binary RPM packages, beside the source archive.
set -eu
archive=$(realpath "$1") version=$2 epoch=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    printf '* %s %s - %s-1\n' "$(LC_ALL=C date -u -d "@$epoch" '+%a %b %d %Y')" \
        "$(sed -n 's/^Maintainer: //p' packaging/debian/control)" "$version"
    awk -v version="$version" -v bullet='- ' -f packaging/changelog.awk CHANGELOG.md
} >"$work/changelog"
sed -e "s/@VERSION@/$version/" -e "/@CHANGELOG@/{r $work/changelog
d}" packaging/rpm/sockdiag_exporter.spec.in >"$work/sockdiag_exporter.spec"

# Debian has rpmbuild, but no package that could satisfy BuildRequires.
nodeps=
[ ! -e /etc/debian_version ] || nodeps=--nodeps
MAKEFLAGS='' rpmbuild -ba $nodeps --define "_topdir $work" --define "_sourcedir $(dirname "$archive")" \
    "$work/sockdiag_exporter.spec"
mv "$work"/RPMS/*/*.rpm "$work"/SRPMS/*.rpm "$(dirname "$archive")"
