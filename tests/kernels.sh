#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: kernels.sh EXPORTER BUILD, from the top of the tree
# What asks the kernel, under other kernels, each in a guest of QEMU without KVM: test programs, and scripts for what is
# off, missing, hidden or scarce. Prints a table at the end. $KERNELS names suites of Debian, whose newest kernels are
# kept in BUILD/kernels; one that cannot be downloaded is skipped. QUICK=1: one boot each, without the longest programs.
set -euo pipefail
exporter=$1 build=$2
read -ra suites <<<"${KERNELS:-bullseye-security bookworm-security trixie-security sid trixie-backports}"
directory=$(dirname "$0")/kernels
for program in qemu-system-x86_64 busybox cpio modprobe xz; do
    command -v "$program" >/dev/null && continue
    echo "$0: apt-get install --no-install-recommends qemu-system-x86 busybox-static cpio kmod xz-utils" >&2
    exit 1
done

programs() { printf "$build/tests/integration/test_%s\n" "$@"; }
scripts() { printf "$directory/%s.sh\n" "$@"; }

# boot OPTIONS TEST...: append what they print to the log
boot() {
    echo "boot $1" >>"$log"
    "$directory/boot.sh" "$kernel" "$1" env REQUIRE_NAMESPACES=1 tests/run.sh "$exporter" "$build" "${@:2}" >>"$log" 2>&1
}

# try_kernel: true if all tests passed
try_kernel() {
    local good=true long=(port_bound netns netns_walk tcp_events)
    [ -z "${QUICK:-}" ] || long=()
    # shellcheck disable=SC2046 # words
    boot "" $(programs once zoo counting ports pressure listener_drops shared_port udp unix cgroups netns_helper \
        netns_daemon tcp_events_daemon sandbox "${long[@]}") \
        $(scripts nobody hidepid no_sysctl modules huge_pages memory_max lockdown) || good=false
    if [ -z "${QUICK:-}" ]; then
        # shellcheck disable=SC2046
        boot ipv6.disable=1 $(programs once pressure listener_drops) || good=false
        boot thash_entries=64 "$directory/crowded_hash.sh" || good=false
    fi
    $good
}

status=0 logs=() skipped=()
for suite in "${suites[@]}"; do
    kernel=$build/kernels/$suite log=$build/kernels/$suite.log
    if ! "$directory/download.sh" "$suite" "$kernel"; then
        skipped+=("SKIPPED: the kernel of $suite cannot be downloaded")
        continue
    fi
    version=$(ls "$kernel/lib/modules")
    echo "kernel ${version%-amd64}" >"$log"
    logs+=("$log")
    try_kernel || status=1
    cat "$log"
done
[ ${#skipped[@]} = 0 ] || printf '%s\n' "${skipped[@]}"
[ ${#logs[@]} != 0 ] || exit 1
"$directory/table.py" "${logs[@]}"
exit $status
