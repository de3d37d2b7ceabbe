# SPDX-License-Identifier: Apache-2.0
# An exporter and clients for it, on top of script.sh; to be sourced by bash with the script's arguments, of
# which the first is the exporter:
#     . "$(dirname "$0")/../support/exporter.sh" "$@"
# The script goes on in $work. Python programs find support's modules, and $daemon in their environment.
exporter=$(realpath "$1")
directory=$(dirname "$(realpath "$0")")
support=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
. "$support/script.sh"
export PYTHONPATH=$support PYTHONDONTWRITEBYTECODE=1
need curl openssl prlimit ss
cd "$work"
url=http://127.0.0.1:10073
tls=https://127.0.0.1:10073
trust=(--cacert ca.pem)
daemon=

# start FLAG...: the exporter, and wait until it is ready
start() {
    : >log # or the line of the one before would be taken for this one's
    "$exporter" "$@" 2>>log &
    daemon=$!
    export daemon
    pids="$pids $daemon"
    await 10 grep -q 'samples every' log
}

# start_quiet URL [FLAG...]: the same, and then no sample takes CPU time or descriptors
start_quiet() {
    local page=$1/metrics
    shift
    start --sample.interval=3600s --sample.detail-interval=3600s "$@"
    await 10 has_page "$page"
}
has_page() { [ "$(status --insecure "$1")" = 200 ]; }

# stop: end it, which must be clean
stop() {
    kill "$daemon"
    wait "$daemon" || fail "exit code $?"
    pids="$pids "
    pids=${pids/ $daemon / }
}

# clients NAME [ARGUMENT]: NAME.py beside the script
clients() {
    /usr/bin/python3 "$directory/$1.py" "${@:2}" || fail "$*"
}

# status CURL-ARGUMENT...: the HTTP status, or 000 for no answer
status() {
    curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}' "$@" || true
}

# expect WHAT CODE CURL-ARGUMENT...
expect() {
    local what=$1 code=$2 answer
    shift 2
    answer=$(status "$@")
    [ "$answer" = "$code" ] || fail "$what: $answer instead of $code"
}

log_has() {
    grep -q "$1" log
}

nobody_connected() { [ -z "$(ss -Htn 'sport = :10073' | grep -v '^TIME-WAIT')" ]; }

# as_daemon COMMAND...: as its user, who may do what root may not without CAP_SYS_RESOURCE
as_daemon() { setpriv --reuid="$(stat -c %u "/proc/$daemon")" --regid="$(stat -c %g "/proc/$daemon")" --keep-groups "$@"; }

# descriptors COUNT: the exporter may open COUNT descriptors more than it keeps open
descriptors() {
    local free lowest=1000
    await 10 nobody_connected
    for _ in {1..10}; do # a sample takes some for an instant
        free=0
        while [ -e "/proc/$daemon/fd/$free" ]; do free=$((free + 1)); done
        lowest=$((free < lowest ? free : lowest))
    done
    as_daemon prlimit --pid "$daemon" --nofile="$((lowest + $1)):"
}

# users NAME:PASSWORD...: that part of a web configuration, with hashes that are quick to check
users() {
    /usr/bin/python3 "$support/web_users.py" 4 "$@"
}

# authority: makes the one that signs certificates
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=test authority' \
        -keyout ca.key -out ca.pem 2>/dev/null
}

# certificate NAME SUBJECT EXTENSION...: signed by that authority
certificate() {
    local name=$1 subject=$2
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" -keyout "$name.key" \
        -out "$name.csr" 2>/dev/null
    chmod 644 "$name.key" # for the user that the exporter becomes
    printf '%s\n' "${@:3}" >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile "$name.ext" -out "$name.pem" 2>/dev/null
}

# server_certificate NAME: for this host
server_certificate() {
    certificate "$1" "/CN=$1" 'subjectAltName=DNS:localhost,IP:127.0.0.1' extendedKeyUsage=serverAuth
}

# tls_config LINE...: a web configuration with TLS
tls_config() {
    printf 'tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n'
    [ $# = 0 ] || printf '  %s\n' "$@"
}
