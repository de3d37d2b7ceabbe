#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: packages.sh, from the top of the tree
# Build the source archive, the packages and the images in fresh trees of Debian 12 and 13, check them, and install,
# run and remove each where nothing else is. Needs root, debootstrap, curl, 3 GB in $TMPDIR and some ten minutes; it
# gets packages from apt's mirror.
export IN_NAMESPACE=yes # apt needs the machine's network; each exporter gets a network of its own
. "$(dirname "$0")/support/script.sh"
need debootstrap curl
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1)
version=$(sed -n 's/^VERSION *:= //p' Makefile)
name=sockdiag_exporter-$version

# inside ROOT rw|ro COMMAND...: in a chroot, as $user if set
inside() {
    unshare --mount --pid --fork --kill-child sh -ec 'mount --bind "$0" "$0"
        mount -o "remount,bind,$1" "$0"
        mount -t proc proc "$0/proc"
        shift
        PATH=/usr/sbin:/usr/bin:/sbin:/bin exec env -u TMPDIR chroot ${user:+"--userspec=$user"} "$0" "$@"' "$@"
}
# quietly LOG COMMAND...
quietly() { "${@:2}" >"$work/$1.log" 2>&1 || fail "${*:2}"; }
install_debian() { quietly apt inside "$1" rw apt-get install -q -y --no-install-recommends "${@:2}"; }

# serve ROOT rw|ro COMMAND...: an ordinary user's exporter in a network namespace of its own; its page in $work/page
serve() {
    export -f inside
    user=10073:10073 unshare --net --pid --fork --kill-child bash -c 'ip link set lo up
        inside "$@" &
        curl --silent --fail --retry 60 --retry-connrefused --retry-delay 1 http://127.0.0.1:10073/metrics' - "$@" \
        >"$work/page" 2>"$work/serve.log" || fail "no page: ${*:3}"
    grep -q '^sockdiag_tcp_sockets{state="listen"} [12]$' "$work/page" || fail "not its own listener: ${*:3}"
    grep -q "^sockdiag_exporter_build_info{.*version=\"$version\"" "$work/page" || fail "another version: ${*:3}"
}
# serve_unit ROOT: as the unit does, with a flag of the administrator
serve_unit() {
    local command unit=$1/usr/lib/systemd/system/sockdiag_exporter.service
    [ -f "$1/etc/default/sockdiag_exporter" ] || fail "no file of flags"
    grep -q '^EnvironmentFile=-/etc/default/sockdiag_exporter$' "$unit" || fail "the unit does not read the file of flags"
    command=$(sed -n '/^ExecStart=/{:a; /\\$/{N; s/\\\n//; ba}; s/^ExecStart=//p}' "$unit")
    serve "$1" rw env SOCKDIAG_EXPORTER_FLAGS=--no-collector.udp sh -c "exec $command"
    ! grep -q '^sockdiag_udp' "$work/page" || fail "the unit ignores the file of flags"
}
# gone ROOT
gone() {
    rm -f "$1"/tmp/*
    [ -z "$(find "$1" -xdev -name '*sockdiag*')" ] || fail "left behind: $(find "$1" -xdev -name '*sockdiag*')"
}

quietly dist make -s dist BUILD="$work/build"
archive=$work/build/packages/$name.tar.gz
tar -xzf "$archive" -C "$work"
quietly unpacked make -s -C "$work/$name" dist
cmp "$archive" "$work/$name/build/packages/$name.tar.gz" || fail "what is unpacked makes another archive"
pass "the source archive has the same bytes from git and when made of itself"

# make_trees SUITE TOOL...: $work/SUITE, and $work/SUITE-build with the source in /src, what debian/control asks for,
# and tools
make_trees() {
    local build=$work/$1-build
    quietly debootstrap debootstrap --variant=minbase "$1" "$work/$1" "$mirror"
    echo force-unsafe-io >"$work/$1/etc/dpkg/dpkg.cfg.d/unsafe-io" # the trees are thrown away
    cp -a "$work/$1" "$build"
    mkdir "$build/src"
    tar -xzf "$archive" -C "$build/src" --strip-components=1
    quietly apt inside "$build" rw apt-get build-dep -q -y --no-install-recommends /src/packaging
    install_debian "$build" "${@:2}"
}
# make_in SUITE TARGET: in the build tree
make_in() { quietly "make-$2" inside "$work/$1-build" rw make -C /src "$2"; }

# try_debian SUITE
try_debian() {
    local tree=$work/$1 packages=$work/$1-build/src/build/packages deb=sockdiag-exporter_$version-1_$architecture.deb
    make_in "$1" deb
    quietly lintian inside "$tree-build" rw sh -c 'setpriv --reuid=65534 --clear-groups lintian --fail-on warning \
        /src/build/packages/*.changes'
    [ ! -s "$work/lintian.log" ] || fail "$1: lintian prints something"
    pass "$1: lintian prints nothing"
    cp "$packages/$deb" "$tree/tmp"
    install_debian "$tree" "/tmp/$deb"
    quietly verify inside "$tree" rw dpkg --verify sockdiag-exporter
    [ ! -s "$work/verify.log" ] || fail "$1: dpkg --verify prints something"
    [ -L "$tree/etc/systemd/system/multi-user.target.wants/sockdiag_exporter.service" ] || fail "$1: not enabled"
    [ ! -e "$tree/etc/systemd/system/sockets.target.wants" ] || fail "$1: the socket is enabled"
    [ -f "$tree/usr/share/man/man8/sockdiag_exporter.8.gz" ] || fail "$1: no manual page"
    [ -f "$tree/usr/share/bash-completion/completions/sockdiag_exporter" ] || fail "$1: no completion"
    serve_unit "$tree"
    quietly purge inside "$tree" rw apt-get purge -q -y sockdiag-exporter
    gone "$tree"
    pass "$1: the package is installed, serves metrics, and is removed"
}

# same FILE COMMAND...: it makes the same FILE again
same() {
    mv "$1" "$work/first"
    "${@:2}"
    cmp "$work/first" "$1" || fail "another $(basename "$1")"
    pass "$(basename "$1") has the same bytes each time"
}

# unpack_image BUILD ARCHITECTURE: its files in $root; also check what a runtime reads
unpack_image() {
    quietly umoci inside "$build" rw sh -ec 'mkdir "/$1"
        tar -xf "$0" -C "/$1"
        umoci unpack --image "/$1:$2" "/$1/image"' \
        "/src/$1/packages/sockdiag_exporter-$version-$2.oci.tar" "$2" "sockdiag_exporter:$version"
    root=$build/$2/image/rootfs
    /usr/bin/python3 -c 'import json, sys; process = json.load(open(sys.argv[1]))["process"]
assert process["user"] == {"uid": 10073, "gid": 10073}, process
assert process["args"] == ["/usr/bin/sockdiag_exporter"], process' "$root/../config.json" || fail "another entry point"
    mkdir "$root/proc" # a runtime makes it
}

architecture=$(dpkg --print-architecture)
build=$work/bookworm-build
make_trees bookworm lintian mandoc rpm rpmlint buildah umoci
try_debian bookworm
same "$build/src/build/packages/sockdiag-exporter_$version-1_$architecture.deb" make_in bookworm deb

make_in bookworm all
quietly mandoc inside "$build" rw mandoc -Tlint -W warning /src/build/sockdiag_exporter.8
pass "mandoc finds nothing in the manual page"

make_in bookworm rpm
quietly rpmlint inside "$build" rw sh -c 'rpmlint --config /src/packaging/rpm/rpmlint.toml /src/build/packages/*.rpm'
grep -q ' 0 errors, 0 warnings' "$work/rpmlint.log" || fail "rpmlint prints something"
pass "rpmlint prints nothing"
cp "$build/src/build/packages/$name"-1.*[0-9].rpm "$work/bookworm/tmp/package.rpm"
install_debian "$work/bookworm" rpm
rpm_in() { quietly rpm inside "$work/bookworm" rw rpm --force-debian --nodeps "$@"; }
rpm_in --install /tmp/package.rpm # the libraries are those of the package before
rpm_in --verify sockdiag_exporter
serve_unit "$work/bookworm"
rpm_in --erase sockdiag_exporter
gone "$work/bookworm"
pass "the RPM package is installed, serves metrics, and is removed"

make_in bookworm image
same "$build/src/build/packages/sockdiag_exporter-$version-$architecture.oci.tar" make_in bookworm image
unpack_image build "$architecture"
serve "$root" ro /usr/bin/sockdiag_exporter
pass "the image serves metrics, with a root that is read-only"

# Another processor: the compiler and the libraries are Debian's, the processor is an emulator.
quietly apt inside "$build" rw sh -ec 'dpkg --add-architecture arm64; apt-get update -q'
install_debian "$build" gcc-aarch64-linux-gnu qemu-user lib{c6,cmocka,crypt,gnutls28,microhttpd,mnl,yaml}-dev:arm64 \
    zlib1g-dev:arm64
cp tests/packages/arm64.sh "$build/tmp"
quietly arm64 inside "$build" rw bash /tmp/arm64.sh
grep '^\[       OK \]\|^SKIPPED' "$work/arm64.log"
passed=$((passed + $(grep -c '^\[       OK \]' "$work/arm64.log")))
unpack_image build-arm64 arm64
grep -q "^sockdiag_exporter $version " <(inside "$build" rw qemu-aarch64 -L "${root#"$build"}" \
    "${root#"$build"}/usr/bin/sockdiag_exporter" --version) || fail "the arm64 image has not all libraries"
pass "the arm64 image has the libraries that the exporter needs"

make_trees trixie lintian
try_debian trixie
echo "$passed passed, 0 failed"
