#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# In a Debian tree with the source in /src: build the image for arm64, and run the unit tests with an emulator.
cd /src && mount -t devpts devpts /dev/pts || exit 1 # a test logs to a terminal
build=build-arm64
programs=$(printf "$build/%s\n" tests/unit/test_*.c | sed 's/\.c$//')
export PKG_CONFIG_LIBDIR=/usr/lib/aarch64-linux-gnu/pkgconfig EXPORTER=$build/sockdiag_exporter
make -j2 BUILD="$build" CC=aarch64-linux-gnu-gcc AR=aarch64-linux-gnu-ar image $programs || exit 1

code=0
for program in $programs; do
    case $program in
    *_filter) echo "SKIPPED: $program: the emulator has no seccomp filters" && continue ;;
    *_walk) echo "SKIPPED: $program: the emulator has no sock_diag" && continue ;;
    esac
    timeout 300 qemu-aarch64 "$program" >output 2>&1
    case $? in
    0) echo "[       OK ] arm64: $(basename "$program")" ;;
    77) echo "SKIPPED: $program: $(tail -1 output)" ;;
    *) tail -v -n 30 output && code=1 ;;
    esac
done
exit $code
