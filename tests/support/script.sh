# SPDX-License-Identifier: Apache-2.0
# Shared by the test scripts. Source it in bash, with the script's arguments:
#     . "$(dirname "$0")/support/script.sh" "$@"
# The script starts again in its own network namespace with loopback up, as root or as an
# ordinary user. If this fails, the script is skipped (77), or fails with REQUIRE_NAMESPACES=1.
# Put pids of processes into $pids and files into $work; at the end both are cleaned up.

if [ "${IN_NAMESPACE:-}" != yes ]; then
    own=(unshare --net)
    [ "$(id -u)" = 0 ] || own=(unshare --user --map-root-user --net)
    if ! "${own[@]}" true 2>/dev/null; then
        echo "SKIPPED: $0: cannot make a network namespace" >&2
        [ "${REQUIRE_NAMESPACES:-}" = 1 ] && exit 1
        exit 77
    fi
    export IN_NAMESPACE=yes
    exec "${own[@]}" "$0" "$@"
fi

set -eu
ip link set lo up
work=$(mktemp -d)
chmod 711 "$work" # the exporter, another user than root by then, reads files again
pids=
passed=0
explained=

# Sanitizers write one file for each process with errors.
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
        echo "FAILED: $0: a sanitizer reports:" && cat "$report"
        code=1
    done >&2
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
trap 'fail "wrote to a closed connection: $BASH_COMMAND"' PIPE

# fail TEXT...: also print the ends of all logs
fail() {
    local log
    echo "FAILED: $*" >&2
    for log in "$work"/log "$work"/*.log; do
        [ ! -s "$log" ] || tail -v -n 20 "$log" >&2
    done
    explained=yes
    exit 1
}

# pass TEXT...: print a line like the test programs; run.sh counts these lines
pass() {
    echo "[       OK ] $*"
    passed=$((passed + 1))
}

# await SECONDS COMMAND...: try until it succeeds; print its last output if it never does
await() {
    local tries=$(($1 * 10))
    shift
    for ((; tries > 0; tries--)); do
        "$@" >"$work/awaited.log" 2>&1 && rm "$work/awaited.log" && return
        read -r -t 0.1 <> <(:) || true
    done
    fail "timeout: $*"
}

# child_of PID [COMMAND-PREFIX...]: of a process that has at most one; with the prefix in front of what asks
child_of() {
    "${@:2}" cat "/proc/$1/task/$1/children" | tr -d ' '
}

# need PROGRAM...: fail if one is missing
need() {
    local program
    for program; do
        command -v "$program" >/dev/null || fail "$program is missing: make deps"
    done
}
