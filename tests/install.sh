#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: install.sh EXPORTER BUILD, from the top of the tree
# `make install` for a packager, and that `make uninstall` removes what it made, and nothing else. What is installed
# for readers and shells agrees with --help.
build=$2 exporter=$(realpath "$1")
. "$(dirname "$0")/support/script.sh" "$@"

run_make() {
    MAKEFLAGS= GIT_DIR=/nowhere make --no-print-directory -s "$@" BUILD="$build" DESTDIR="$work/root" PREFIX=/usr \
        SYSTEMDUNITDIR=/lib/systemd/system >"$work/make.log" 2>&1 || fail "make $1"
}
# list: all files and directories, with their modes
list() { (cd "$work/root" && find . -mindepth 1 -printf '%m %P\n' | sort -k 2); }

mkdir -p "$work"/root/{usr/bin,usr/share/man/man8,usr/share/bash-completion/completions,lib/systemd/system}
touch "$work/root/usr/bin/other" "$work/root/lib/systemd/system/sockdiag_exporter.timer"
list >"$work/before"
# built: what the build makes, and when
built() { find "$build" '(' -name '*.[oa]' -o -name 'sockdiag_exporter*' -o -name revision ')' -printf '%p %T@\n' | sort; }
built >"$work/built"
umask 077 # it does not matter
run_make install -W src/base/log.c
built | diff "$work/built" - >"$work/built.log" || fail "make install builds"
! (build=$work/nowhere && run_make install) 2>/dev/null || fail "make install without a build"
grep -q '^make install: nothing is built yet' "$work/make.log" || fail "make install does not say that nothing is built"
pass "make install builds nothing, whatever is new and whether git works or not"
list | diff "$work/before" - | sed -n 's/^> //p' >"$work/new"
diff - "$work/new" >"$work/files.log" <<'END' || fail "other files or modes"
644 lib/systemd/system/sockdiag_exporter.service
644 lib/systemd/system/sockdiag_exporter.socket
755 usr/bin/sockdiag_exporter
644 usr/share/bash-completion/completions/sockdiag_exporter
644 usr/share/man/man8/sockdiag_exporter.8
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

page=$work/root/usr/share/man/man8/sockdiag_exporter.8
"$exporter" --help | sed -n 's/^  *//p' >"$work/flags"
sed -n '/^\.SH SIGNALS$/q; /^\.TP$/,$p' "$page" | sed '/^\./d; s/\\f[BIR]//g; s/^\\&//; s/\\-/-/g; s/\\e/\\/g' |
    diff "$work/flags" - >"$work/page.log" || fail "the manual page and --help differ"
! grep '^\\fB.*[^\\]-' "$page" >"$work/page.log" || fail "hyphens, where readers copy minus signs"
version=$("$exporter" --version | cut -d ' ' -f 2)
grep -q "^\.TH SOCKDIAG_EXPORTER 8 [0-9-]* \"sockdiag_exporter $version\"" "$page" || fail "another version"
pass "the manual page has the $(grep -c ^-- "$work/flags") flags of --help, in its words"

# complete_words WORD...: what bash offers for the last one
complete_words() (
    . "$work/root/usr/share/bash-completion/completions/sockdiag_exporter"
    COMP_WORDS=("$exporter" "$@") COMP_CWORD=$#
    _sockdiag_exporter "$exporter"
    echo "${COMPREPLY[*]}"
)
# offers EXPECTED WORD...
offers() {
    [ "$(complete_words "${@:2}")" = "$1" ] || fail "after ${*:2} bash offers $(complete_words "${@:2}")"
}
all=$(sed -n 's/^--\[no-\]\(.*\)/--\1\n--no-\1/p; t; s/^\(--[^=]*=\{0,1\}\).*/\1/p' "$work/flags")
offers "${all//$'\n'/ }" ''
offers '--sample.interval=' --sample.i
offers '--collector.udp --collector.udp.top=' --collector.ud
offers '--no-collector.udp' --no-collector.ud
offers '--once' --once --on
offers 'debug info warn error' --log.level =
offers 'warn' --log.level = w
offers 'json' --log.format = j
offers "$work/root" --web.config.file = "$work/ro"
offers '' --sample.interval =
pass "bash completes all flags and what has names"

run_make uninstall
list | diff "$work/before" - >"$work/rest.log" || fail "make uninstall left or removed something else"
run_make uninstall
pass "make uninstall removes them and nothing else, also twice"
echo "$passed passed, 0 failed"
