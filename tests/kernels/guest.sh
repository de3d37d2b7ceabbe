# SPDX-License-Identifier: Apache-2.0
# An exporter in a guest (boot.sh), whose kernel the script may change; to be sourced with the script's arguments.
if ! grep -q test_guest=yes /proc/cmdline; then
    echo "SKIPPED: $0: only in a guest of test-kernels" >&2
    exit 77
fi
build=$(realpath "$2")
. "$(dirname "$0")/../support/exporter.sh" "$@"
run_exporter=/run/sockdiag_exporter # nobody may not reach the directory of the build
cp "$exporter" $run_exporter

# nobody COMMAND...: by a user without any capability
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# once FILE [FLAG...]: the page, by nobody. Its exit code is the exporter's; log is what that says
once() { nobody $run_exporter --once "${@:2}" >"$1" 2>log; }

# series FILE: the names on a page, in order, but those of destinations, which come and go
series() { sed -n '/^[^#]/{/remote_address=/!s/ [^ ]*$//p}' "$1"; }

has() { grep -q "^$2" "$1" || fail "no $2 in $1"; }
has_not() { ! grep "^$2" "$1" >has_not.log || fail "$2 in $1"; }

# fabricate COUNT: this number of connections, each to its own destination, in a namespace of their own
fabricate() {
    mkfifo hold
    "$build/tests/bench/fabricate" --established "$1" --destinations unique <>hold >ready 2>fabricate.log &
    holder=$!
    pids="$pids $holder"
    await 20 grep -q '^ready' ready
}

# there COMMAND...: in that namespace
there() { nsenter --net="/proc/$holder/ns/net" "$@"; }

# start_there FLAG...
start_there() {
    : >log
    nsenter --net="/proc/$holder/ns/net" "$exporter" "$@" 2>>log &
    daemon=$!
    pids="$pids $daemon"
    await 20 log_has 'samples every'
}
