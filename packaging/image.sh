#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: image.sh EXPORTER VERSION REVISION EPOCH DIRECTORY
# An image of EXPORTER, for whichever processor it was built, as an OCI archive in DIRECTORY. Needs Debian, with the
# libraries of EXPORTER installed, and buildah.
set -euo pipefail
exporter=$1 version=$2 revision=$3 epoch=$4 directory=$(realpath "$5")
work=$(mktemp -d)
root=$work/context/root
trap 'rm -rf "$work"' EXIT

case $(LC_ALL=C readelf -h "$exporter") in
*X86-64*) architecture=amd64 libraries=/lib/x86_64-linux-gnu ;;
*AArch64*) architecture=arm64 libraries=/lib/aarch64-linux-gnu ;;
*) echo "make image: neither for amd64 nor for arm64: $exporter" >&2 && exit 1 ;;
esac

# copy FILE NAME: with its package's licence, and the package's entry for scanners of images
copy() {
    local package
    install -D -m 755 "$1" "$root$2"
    package=$(dpkg-query --search "*$libraries/$(basename "$(realpath "$1")")" |
        sed -n "s/:$architecture: .*//p")
    install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
    mkdir -p "$root/var/lib/dpkg/status.d"
    dpkg-query --status "$package:$architecture" >"$root/var/lib/dpkg/status.d/$package"
}
# add_libraries PROGRAM: and those of its libraries
add_libraries() {
    local name
    for name in $(LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'); do
        [ ! -e "$root$libraries/$name" ] || continue
        copy "$libraries/$name" "$libraries/$name"
        add_libraries "$libraries/$name"
    done
}
install -D -m 755 "$exporter" "$root/usr/bin/sockdiag_exporter"
loader=$(LC_ALL=C readelf -l "$exporter" | sed -n 's/.*interpreter: \(.*\)\]/\1/p')
copy "$loader" "$loader"
add_libraries "$exporter"

storage() { buildah --storage-driver vfs --root "$work/storage" --runroot "$work/run" "$@"; }
name=sockdiag_exporter:$version
storage bud --isolation chroot --quiet --arch "$architecture" --timestamp "$epoch" --tag "$name" \
    --build-arg VERSION="$version" --build-arg REVISION="$revision" \
    --build-arg CREATED="$(date -u -d "@$epoch" +%FT%TZ)" --file packaging/image/Containerfile "$work/context" >/dev/null
storage push --quiet "$name" "oci:$work/image:$name"
archive=$directory/sockdiag_exporter-$version-$architecture.oci.tar
tar -c --format=ustar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    -C "$work/image" . >"$archive"
echo "$archive"
