#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: install.sh EXPORTER BUILD, from the top of the tree
# `make install` for a packager, and that `make uninstall` removes what it made, and nothing else.
build=$2
. "$(dirname "$0")/support/script.sh" "$@"

run_make() {
    MAKEFLAGS= make --no-print-directory -s "$1" BUILD="$build" DESTDIR="$work/root" PREFIX=/usr \
        SYSTEMDUNITDIR=/lib/systemd/system >"$work/make.log" 2>&1 || fail "make $1"
}
# list: all files and directories, with their modes
list() { (cd "$work/root" && find . -mindepth 1 -printf '%m %P\n' | sort -k 2); }

mkdir -p "$work/root/usr/bin" "$work/root/usr/share" "$work/root/lib/systemd/system"
touch "$work/root/usr/bin/other" "$work/root/lib/systemd/system/sockdiag_exporter.timer"
list >"$work/before"
umask 077 # it does not matter
run_make install
list | diff "$work/before" - | sed -n 's/^> //p' >"$work/new"
diff - "$work/new" >"$work/files.log" <<'END' || fail "other files or modes"
644 lib/systemd/system/sockdiag_exporter.service
644 lib/systemd/system/sockdiag_exporter.socket
755 usr/bin/sockdiag_exporter
755 usr/share/sockdiag_exporter
755 usr/share/sockdiag_exporter/systemd
644 usr/share/sockdiag_exporter/systemd/10-netns.conf
644 usr/share/sockdiag_exporter/systemd/20-netns-walk.conf
644 usr/share/sockdiag_exporter/systemd/30-events.conf
END
! grep -r -e '@[A-Z]*@' -e "$work" "$work/root/lib" >"$work/units.log" || fail "not filled in, or with DESTDIR"
grep -q '^ExecStart=/usr/bin/sockdiag_exporter ' "$work/root/lib/systemd/system/sockdiag_exporter.service" ||
    fail "the unit does not start what was installed"
pass "make install puts $(grep -c '^644\|bin/' "$work/new") files in place"

run_make uninstall
list | diff "$work/before" - >"$work/rest.log" || fail "make uninstall left or removed something else"
run_make uninstall
pass "make uninstall removes them and nothing else, also twice"
echo "$passed passed, 0 failed"
