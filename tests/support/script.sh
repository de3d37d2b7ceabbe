# SPDX-License-Identifier: Apache-2.0
# What the test scripts share; to be sourced by bash, with the script's arguments:
#     . "$(dirname "$0")/support/script.sh" "$@"
# The script starts again in a network namespace of its own, whose loopback is up, as root or as an
# ordinary user. Where that cannot be, it is skipped (77), or fails with REQUIRE_NAMESPACES=1.
# What it starts goes into $pids, what it writes into $work; both are gone when it ends.

if [ "${IN_NAMESPACE:-}" != yes ]; then
    own=(unshare --net)
    [ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user --net)
    if ! "${own[@]}" true 2>/dev/null; then
        echo "SKIPPED: $0: no network namespace can be made here" >&2
        [ "${REQUIRE_NAMESPACES:-}" = 1 ] && exit 1
        exit 77
    fi
    export IN_NAMESPACE=yes
    exec "${own[@]}" "$0" "$@"
fi

set -eu
ip link set lo up
work=$(mktemp -d)
pids=
passed=0
explained=

# Of each sanitizer, a file for each process that it has something to say of.
for sanitizer in ASAN LSAN UBSAN TSAN; do
    options=${sanitizer}_OPTIONS
    export "$options=${!options:+${!options}:}log_path=$work/sanitizer"
done

clean_up() {
    local code=$? command=$BASH_COMMAND pid report
    for pid in $pids; do kill "$pid" 2>/dev/null && wait "$pid" || true; done
    [ "$code" = 0 ] || [ "$explained" ] || echo "FAILED: $0: exit code $code at: $command" >&2
    for report in "$work"/sanitizer.*; do
        [ -e "$report" ] || continue
        echo "FAILED: $0: a sanitizer says:" && cat "$report"
        code=1
    done >&2
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
trap 'fail "written to a connection that is closed: $BASH_COMMAND"' PIPE

# fail TEXT...: with the ends of all logs
fail() {
    local log
    echo "FAILED: $*" >&2
    for log in "$work"/log "$work"/*.log; do
        [ ! -s "$log" ] || tail -v -n 20 "$log" >&2
    done
    explained=yes
    exit 1
}

# pass TEXT...: in the manner of the test programs, whose summary counts these lines
pass() {
    echo "[       OK ] $*"
    passed=$((passed + 1))
}

# await SECONDS COMMAND...: try until it succeeds; what it said the last time is told if it never does
await() {
    local tries=$(($1 * 10))
    shift
    for ((; tries > 0; tries--)); do
        "$@" >"$work/awaited.log" 2>&1 && rm "$work/awaited.log" && return
        read -r -t 0.1 <> <(:) || true
    done
    fail "not within the time: $*"
}

# need PROGRAM...: they are there
need() {
    local program
    for program; do
        command -v "$program" >/dev/null || fail "$program is missing: make deps"
    done
}
