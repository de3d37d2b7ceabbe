#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: distributions.sh, from the top of the tree
# `make deps test`, as README.md says, on a fresh Debian of each kind in $DISTRIBUTIONS: SUITE[:ARCHITECTURE][+COMPILER],
# such as bookworm:i386 or trixie+clang. Variables of the outer make hold for the inner one: SCRIPTS= leaves out
# the scripts. The packages come from where apt has its own; what cannot be downloaded is skipped. Needs root,
# debootstrap, and 2 GB below $TMPDIR. Logs stay in BUILD/distributions. Nothing is mounted outside of a namespace.
[ "$(id -u)" = 0 ] || { echo "SKIPPED: $0: needs root" >&2; exit 77; }
set -eu
command -v debootstrap >/dev/null || { echo "FAILED: debootstrap is missing: install its package" >&2; exit 1; }
distributions=${DISTRIBUTIONS:-bookworm trixie}
settings=
case ${MAKEFLAGS:-} in *"-- "*) settings=" -- ${MAKEFLAGS#*-- }" ;; esac
logs=$(realpath "$2")/distributions
mkdir -p "$logs"
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
trap 'kill -KILL "$process_1" 2>/dev/null; exit 1' INT TERM
process_1=
# shellcheck disable=SC2016  # for apt
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | sort -u)
http_proxy=
eval "$(apt-config shell http_proxy Acquire::http::Proxy)"
[ ! "$http_proxy" ] || export http_proxy

# inside COMMAND...: in the tree, whose mounts and processes end with it. In the background, so that a signal ends it.
inside() {
    # shellcheck disable=SC2016  # for that bash
    unshare --mount --pid --fork --kill-child bash -c '
        cd "$0" && mount --bind . . && cd "$0" && mkdir -p old && mount -t proc proc proc &&
        mount --rbind /sys sys && mount --rbind /dev dev && pivot_root . old &&
        export HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 &&
        umount --lazy /old && cd /root && "$@"; exit $?' "$work/tree" "$@" </dev/null &
    process_1=$!
    wait "$process_1"
}

# unpack SUITE ARCHITECTURE: a fresh tree that reaches what this machine reaches
unpack() {
    debootstrap --variant=minbase ${2:+--arch="$2"} "$1" "$work/tree" "$mirror" || return
    apt-config dump Acquire >"$work/tree/etc/apt/apt.conf.d/machine"
    cp /etc/resolv.conf /etc/hosts "$work/tree/etc"
    mkdir -p "$work/tree/usr/local/share/ca-certificates"
    cp /usr/local/share/ca-certificates/*.crt "$work/tree/usr/local/share/ca-certificates" 2>/dev/null || true
}

# prepare PACKAGE...: what README.md takes for granted, and this checkout
prepare() {
    inside sh -c 'apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@"' \
        sh make gcc ca-certificates "$@" || return
    mkdir "$work/tree/root/sockdiag_exporter"
    git ls-files -z | tar -c --null -T - | tar -x -C "$work/tree/root/sockdiag_exporter"
}

# build_and_test [COMPILER]
build_and_test() {
    inside env -u MFLAGS MAKEFLAGS="$settings" make -C sockdiag_exporter ${1:+CC="$1"} deps test
}

# versions [COMPILER]: of what the outcome depends on, in one line
versions() {
    # shellcheck disable=SC2016  # for that sh
    inside sh -c '"$1" -dumpversion
        dpkg-query -W -f "\${Package} \${Version}\n" libc6 "libmicrohttpd[0-9]*" "libcmocka[0-9]*" 2>/dev/null' \
        sh "${1:-cc}" 2>/dev/null | sed -n 's/[-+~][^ ]*$//; / $/!p' | paste -s -d ' '
}

# try NAME: one of $distributions; sets $outcome
try() {
    local suite=${1%%[:+]*} architecture compiler log=$logs/$1.log
    compiler=${1#"${1%+*}"} compiler=${compiler#+}
    architecture=${1%+*} architecture=${architecture#"$suite"} architecture=${architecture#:}
    if ! { unpack "$suite" "$architecture" && prepare ${compiler:+"$compiler"}; } >"$log" 2>&1; then
        outcome="SKIPPED: cannot be downloaded: $(grep '^E: ' "$log" | head -n 1)"
        return
    fi
    if build_and_test "$compiler" >>"$log" 2>&1; then
        outcome=$(grep -E '^[0-9]+ passed, ' "$log" | tail -n 1)
    else
        outcome="FAILED: $(grep -E '^FAILED: |[0-9]+ passed, |error:|\*\*\*' "$log" | tail -n 3 | paste -s -d ' ')"
    fi
    outcome="$outcome ($(versions "$compiler"))"
}

status=77
for name in $distributions; do
    start=$SECONDS
    try "$name"
    rm -rf --one-file-system "$work/tree"
    case $outcome in
    SKIPPED*) ;;
    FAILED*) status=1 ;;
    *) [ "$status" = 1 ] || status=0 ;;
    esac
    printf '%-18s %4d s  %s\n' "$name" $((SECONDS - start)) "$outcome"
done
exit "$status"
