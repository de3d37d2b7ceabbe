#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: web.sh EXPORTER
# The web surface as its users meet it: curl for formats, TLS, client certificates and passwords, an
# OpenMetrics parser that is not ours, and systemd's own tool for socket activation.
exporter=$(realpath "$1")
directory=$(dirname "$(realpath "$0")")
. "$directory/support/script.sh"
need curl openssl prlimit ss systemd-socket-activate
cd "$work"
url=http://127.0.0.1:10073
daemon=

# start FLAG...: the exporter, and wait until it is ready
start() {
    : >log # or the line of the one before would be taken for this one's
    "$exporter" "$@" 2>>log &
    daemon=$!
    pids="$pids $daemon"
    await 10 grep -q 'samples every' log
}

# stop: end it, which must be clean
stop() {
    kill "$daemon"
    wait "$daemon" || fail "exit code $?"
    pids=
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

### formats

openmetrics='Accept: application/openmetrics-text;version=1.0.0'
protobuf='Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'

# The three formats of one snapshot: tried again when a newer one came between.
judge() {
    curl -sf "$url/metrics" -o text.1 && curl -sf -H "$openmetrics" "$url/metrics" -o openmetrics &&
        curl -sf -H "$protobuf" "$url/metrics" -o protobuf && curl -sf "$url/metrics" -o text.2 &&
        cmp -s text.1 text.2 && /usr/bin/python3 "$directory/judges/openmetrics.py" text.1 openmetrics protobuf >verdict
}

rising() {
    curl -sf "$url/metrics" | grep -q '^sockdiag_tcp_sockets_peak{state="time_wait"} [1-9][0-9]'
}

start --sample.interval=20ms
for _ in {1..40}; do curl -sf "$url/metrics" >/dev/null; done # a TIME_WAIT each, between samples
await 10 rising # so that histograms have more than one bucket
await 20 judge
pass "$(cat verdict)"

# Between two snapshots everything below is of one page.
same_page() {
    curl -sf "$url/metrics" -o plain && curl -sf -H 'Accept-Encoding: gzip' "$url/metrics" -o packed &&
        gzip -cd packed | cmp -s - plain && [ "$(stat -c %s packed)" -lt $(($(stat -c %s plain) / 3)) ] &&
        curl -sfI -H 'Accept-Encoding: gzip' "$url/metrics" -o head &&
        grep -qi "^content-length: $(stat -c %s packed).$" head
}
await 20 same_page
grep -qi '^content-encoding: gzip' head && grep -qi '^vary: accept, accept-encoding' head || fail "$(cat head)"
pass "gzip and HEAD are of the same page"

curl -sf "$url/" -o page && grep -q '^<!DOCTYPE html>' page || fail "no status page"
curl -sfI "$url/" -o head
for header in "content-security-policy: default-src 'none'; style-src 'sha256-" 'x-content-type-options: nosniff' 'x-frame-options: DENY'; do
    grep -qi "^$header" head || fail "without $header: $(cat head)"
done
pass "the status page trusts a browser with nothing"
stop

start --web.listen-address=127.0.0.1:0 --web.listen-address=:10080 --web.listen-address='[::1]:10081'
await 5 curl -sf http://127.0.0.1:10080/-/healthy
expect "the other family" 200 'http://[::1]:10080/metrics'
expect "an address of one family" 200 'http://[::1]:10081/metrics'
expect "which the other is not" 000 http://127.0.0.1:10081/metrics
first=$(sed -n 's/.*listening on \(127.0.0.1:[0-9]*\)".*/\1/p' log)
expect "a port of the kernel's" 200 "http://$first/metrics"
stop
pass "several addresses, and both families on :port"

### nonsense

# rests WHAT: it does not keep the exporter busy, which for two seconds takes less than a fifth of the CPU
# time that there is.
cpu_ticks() { # of the exporter so far, user and system
    local stat
    stat=$(cat "/proc/$daemon/stat")
    set -- ${stat##*) }
    echo $((${12} + ${13}))
}
rests() {
    local before
    before=$(cpu_ticks)
    read -r -t 2 <> <(:) || true
    [ $(($(cpu_ticks) - before)) -lt $((2 * $(getconf CLK_TCK) / 5)) ] || fail "$1 keeps it busy"
}
# rests_after FILE: while what is in FILE was sent, and then nothing more. A chunk without an end is cut off
# by libmicrohttpd 1.0, so this need not mean that the connection is still there.
rests_after() {
    exec {silent}<>/dev/tcp/127.0.0.1/10073
    cat "$1" >&"$silent" || true
    rests "$1"
    read -r -t 0.1 -N 1 -u "$silent" 2>/dev/null && fail "$1 is answered" || exec {silent}>&-
}
{
    printf 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;'
    head -c 20000 /dev/zero | tr '\0' a
} >chunk
start
rests_after chunk
pass "a chunk without an end keeps nobody busy"

# Nor do some of them beside somebody who asks all the time.
/usr/bin/python3 - <<'EOF' &
import socket, time
chunk = open("chunk", "rb").read()
held = [socket.create_connection(("127.0.0.1", 10073)) for _ in range(14)]
for client in held:
    try:
        client.sendall(chunk)
    except OSError: # libmicrohttpd 1.0 has had enough
        pass
asking = socket.create_connection(("127.0.0.1", 10073), source_address=("127.0.0.2", 0))
while True:
    asking.send(b"GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")
    asking.recv(1000)
    time.sleep(0.01)
EOF
asking=$!
pids="$pids $asking"
rests "a chunk without an end, with requests beside it,"
kill "$asking"
wait "$asking" || true
pids=$daemon
pass "nor do fourteen of them beside a hundred requests a second"

/usr/bin/python3 - <<'EOF' &
import itertools, socket
client = socket.create_connection(("127.0.0.1", 10073))
client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
for byte in itertools.cycle(b"1\r\nx\r\n"):
    client.send(bytes([byte]))
EOF
dripping=$!
pids="$pids $dripping"
rests "a body that comes byte by byte"
kill "$dripping"
wait "$dripping" || true
pids=$daemon
stop
pass "nor does a body that comes byte by byte"

start
# descriptors COUNT: the exporter gets no more than so many besides those that it keeps
nobody_connected() { [ -z "$(ss -Htn 'sport = :10073' | grep -v '^TIME-WAIT')" ]; }
descriptors() {
    local free lowest=1000
    await 10 nobody_connected
    for _ in {1..10}; do # a sample takes some for an instant
        free=0
        while [ -e "/proc/$daemon/fd/$free" ]; do free=$((free + 1)); done
        lowest=$((free < lowest ? free : lowest))
    done
    prlimit --pid "$daemon" --nofile="$((lowest + $1)):"
}
descriptors 0
exec 5<>/dev/tcp/127.0.0.1/10073
rests "a connection for which there is no descriptor"
prlimit --pid "$daemon" --nofile=1000:
printf 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n' >&5
read -r -t 20 answer <&5 && [ "$answer" = $'HTTP/1.1 200 OK\r' ] || fail "no answer once there is: $answer"
exec 5>&-
[ "$(grep -c 'cannot take a connection: Too many open files' log)" = 1 ] || fail "not told once: $(cat log)"
stop
pass "nor a connection for which there is no descriptor, which is answered when there is one"

### passwords

# users NAME:PASSWORD...: that part of a web configuration
users() {
    /usr/bin/python3 "$directory/support/web_users.py" "$@"
}

users alice:secret bob:other >web.yml
start --web.config.file=web.yml
expect "no password" 401 "$url/metrics"
curl -sI "$url/metrics" | grep -qi '^www-authenticate: basic realm=' || fail "no challenge"
expect "the right password" 200 -u alice:secret "$url/metrics"
expect "once more" 200 -u alice:secret "$url/metrics"
expect "another user" 200 -u bob:other "$url/-/healthy"
expect "a wrong password" 401 -u alice:other "$url/metrics"
expect "a scheme in lower case" 200 -H 'Authorization: basic YWxpY2U6c2VjcmV0' "$url/metrics"
expect "an unknown user" 401 -u carol:secret "$url/metrics"
expect "an empty password" 401 -u alice: "$url/metrics"
expect "another scheme" 401 -H 'Authorization: Bearer secret' "$url/metrics"
expect "nonsense" 401 -H 'Authorization: Basic !!!' "$url/metrics"
expect "a path that does not exist" 401 "$url/nowhere"
expect "a wrong method" 405 -u alice:secret -X DELETE "$url/metrics"
pass "basic authentication"

# Who finds no place waits for one: the first holds it while his password is checked.
stop
start --web.max-connections=1 --web.config.file=web.yml
together=
for client in {1..4}; do
    status -u alice:secret --interface "127.0.1.$client" "$url/metrics" >"status.$client" &
    together="$together $!"
done
pids="$pids $together"
for pid in $together; do
    wait "$pid"
done
[ "$(cat status.?)" = 200200200200 ] || fail "four at once: $(cat status.?)"
pids=$daemon
stop
start --web.config.file=web.yml
pass "who finds no place waits for one"

# Ten clients ask with ever new passwords, as fast as they can, while one scrapes.
flood() {
    local client=$1 i
    for ((i = 0; i < 40; i++)); do
        curl -s -o /dev/null --interface "127.0.1.$client" -u "alice:$client-$i" --max-time 10 "$url/metrics" || true
    done
}
floods=
for client in {1..10}; do
    flood "$client" &
    floods="$floods $!"
done
pids="$pids $floods"
for _ in {1..50}; do
    expect "a scrape during a flood of wrong passwords" 200 -u alice:secret --max-time 5 "$url/metrics"
done
expect "a new client during the flood" 401 --interface 127.0.2.1 -u bob:wrong --max-time 10 "$url/metrics"
for pid in $floods; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
done
pids=$daemon
pass "a flood of wrong passwords keeps nobody out"

last_reload() { # NAME:PASSWORD 1|0: was it successful?
    curl -sf -u "$1" "$url/metrics" | grep -qx "sockdiag_exporter_web_config_last_reload_successful $2"
}
await 5 last_reload alice:secret 1
users alice:new >web.yml
await 10 log_has 'was read again'
expect "the old password" 401 -u alice:secret "$url/metrics"
expect "the new password" 200 -u alice:new "$url/metrics"
expect "a removed user" 401 -u bob:other "$url/metrics"
: >web.yml # as an editor leaves it for a moment
await 10 log_has 'keeping the previous configuration'
expect "with an empty file" 401 "$url/metrics"
: >log
printf 'http_server_config:\n  headers:\n    X-Frame-Options: deny\n' >web.yml # nor when it is half written
await 10 log_has 'web.yml: .* keeping the previous configuration'
expect "with only headers" 401 "$url/metrics"
: >log
echo 'basic_auth_users: [' >web.yml
await 10 log_has 'keeping the previous configuration'
expect "the password from before" 200 -u alice:new "$url/metrics"
await 5 last_reload alice:new 0
: >log
kill -HUP "$daemon"
await 10 log_has 'keeping the previous configuration'
users dave:third >web.yml
await 10 log_has 'was read again'
expect "after the repair" 200 -u dave:third "$url/metrics"
await 5 last_reload dave:third 1
stop
pass "the configuration is read again when it changes, and a broken one is not taken"

### TLS

# certificate NAME SUBJECT EXTENSION...: signed by the authority of tests, or by itself as `rogue`
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj '/CN=test authority' \
    -keyout ca.key -out ca.pem 2>/dev/null
certificate() {
    local name=$1 subject=$2
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$subject" -keyout "$name.key" \
        -out "$name.csr" 2>/dev/null
    printf '%s\n' "${@:3}" >"$name.ext"
    openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
        -extfile "$name.ext" -out "$name.pem" 2>/dev/null
}
certificate server /CN=localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1' extendedKeyUsage=serverAuth
certificate server2 /CN=localhost2 'subjectAltName=DNS:localhost,IP:127.0.0.1' extendedKeyUsage=serverAuth
certificate client /CN=scraper extendedKeyUsage=clientAuth
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=rogue \
    -addext extendedKeyUsage=clientAuth -keyout rogue.key -out rogue.pem 2>/dev/null
tls=https://127.0.0.1:10073
trust=(--cacert ca.pem)

# tls_config LINE...: a web configuration with TLS
tls_config() {
    printf 'tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n'
    [ $# = 0 ] || printf '  %s\n' "$@"
}

tls_config >web.yml
start --web.config.file=web.yml
expect "TLS" 200 "${trust[@]}" "$tls/metrics"
expect "TLS 1.2" 200 "${trust[@]}" --tls-max 1.2 "$tls/metrics"
expect "TLS 1.1" 000 "${trust[@]}" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$tls/metrics"
expect "an authority nobody trusts" 000 "$tls/metrics"
expect "no TLS" 000 "$url/metrics"
pass "TLS"

# One descriptor is enough to read settings, if no sample takes it just then, but not to serve by them.
descriptors 1
tls_config 'min_version: TLS13' >next.yml && mv next.yml web.yml
refused() { kill -HUP "$daemon" && log_has 'descriptors or threads: keeping the previous configuration'; }
await 10 refused
prlimit --pid "$daemon" --nofile=1000:
expect "the lowest version from before" 200 "${trust[@]}" --tls-max 1.2 "$tls/metrics"
pass "TLS settings for which there are no descriptors leave those from before"

printf '\26' >record # the first byte of a handshake
rests_after record
pass "half a handshake keeps nobody busy"

tls_config 'min_version: TLS11' >next.yml && mv next.yml web.yml
await 10 log_has 'was read again'
expect "a version that only old clients have" 200 "${trust[@]}" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "$tls/metrics"
: >log
tls_config 'min_version: TLS13' >next.yml && mv next.yml web.yml
await 10 log_has 'was read again'
expect "the lowest version" 200 "${trust[@]}" "$tls/metrics"
expect "a lower one" 000 "${trust[@]}" --tls-max 1.2 "$tls/metrics"
pass "min_version"

# A certificate is renewed while somebody scrapes all the time.
scrape_all_the_time() {
    while [ ! -e enough ]; do
        echo "$(status "${trust[@]}" "$tls/metrics")"
    done >statuses
}
subject() {
    openssl s_client -connect 127.0.0.1:10073 </dev/null 2>/dev/null | grep -m1 '^subject' | tr -d ' '
}
scrape_all_the_time &
scraper=$!
pids="$pids $scraper"
served() { [ "$(subject)" = "subject=CN=$1" ]; }
await 5 served localhost
for round in 1 2 3; do
    for name in server2 server; do
        tls_config 'min_version: TLS13' | sed "s/server\./$name./" >next.yml
        mv next.yml web.yml
        kill -HUP "$daemon"
        [ "$name" = server ] && await 10 served localhost || await 10 served localhost2
    done
done
touch enough
wait "$scraper"
[ "$(sort -u statuses)" = 200 ] || fail "while certificates were renewed: $(sort statuses | uniq -c | tr '\n' ' ')"
stop
pass "six certificates one after the other, $(wc -l <statuses) scrapes, none lost"

# Settings change again and again while passwords are being checked.
{
    tls_config
    users alice:secret
} >web.yml
start --web.config.file=web.yml
guess() {
    local client=$1 i=0
    while [ ! -e enough ]; do
        curl -sk -o /dev/null --interface "127.0.1.$client" -u "alice:$client-$((i++))" --max-time 1 "$tls/metrics" || true
    done
}
rm -f enough
guesses=
for client in {1..12}; do
    guess "$client" &
    guesses="$guesses $!"
done
pids="$pids $guesses"
changes() { [ "$(grep -c 'was read again' log)" -ge "$1" ]; }
for round in {1..12}; do
    case $((round % 2)) in
    1) sed 's/server\./server2./' web.yml ;;
    0) sed 's/server2\./server./' web.yml ;;
    esac >next.yml
    mv next.yml web.yml
    kill -HUP "$daemon"
    await 20 changes "$round"
done
touch enough
for pid in $guesses; do wait "$pid" || true; done
stop
pass "$(grep -c 'was read again' log) changes of TLS settings amid wrong passwords"

# mutual TYPE NONE ROGUE SERVER CLIENT: what a client gets that shows no certificate, one of another
# authority, one for servers only, the right one
mutual() {
    local type=$1
    tls_config "client_auth_type: $type" "${@:6}" >web.yml
    start --web.config.file=web.yml
    expect "$type without a certificate" "$2" "${trust[@]}" "$tls/metrics"
    expect "$type, another authority" "$3" "${trust[@]}" --cert rogue.pem --key rogue.key "$tls/metrics"
    expect "$type, for servers only" "$4" "${trust[@]}" --cert server.pem --key server.key "$tls/metrics"
    expect "$type, the right one" "$5" "${trust[@]}" --cert client.pem --key client.key "$tls/metrics"
    expect "$type, the right one, TLS 1.2" "$5" "${trust[@]}" --tls-max 1.2 --cert client.pem --key client.key "$tls/metrics"
    expect "$type without a certificate, TLS 1.2" "$2" "${trust[@]}" --tls-max 1.2 "$tls/metrics"
    stop
}
ca='client_ca_file: ca.pem'
mutual NoClientCert 200 200 200 200
mutual RequestClientCert 200 200 200 200 "$ca"
mutual RequireAnyClientCert 000 200 200 200 "$ca"
mutual VerifyClientCertIfGiven 200 000 000 200 "$ca"
mutual RequireAndVerifyClientCert 000 000 000 200 "$ca"
pass "client certificates, each type of client_auth_type"

# A connection from before is still asked for the password from before, then for nothing. It has two seconds to ask:
# where this script was not that fast, it tries again.
none_waits() { [ "$(ss -Hltn 'sport = :10073' | awk '{print $2}')" = 0 ]; } # to be accepted
right="Authorization: Basic $(printf alice:secret | base64)"
for try in 1 2 3; do
    users alice:secret >web.yml
    start --web.config.file=web.yml
    tls_config 'client_auth_type: RequireAndVerifyClientCert' "$ca" >next.yml
    exec 5<>/dev/tcp/127.0.0.1/10073 6<>/dev/tcp/127.0.0.1/10073
    await 10 none_waits
    mv next.yml web.yml
    changing=$SECONDS
    kill -HUP "$daemon"
    await 10 log_has 'was read again'
    [ $((SECONDS - changing)) -gt 1 ] || break
    exec 5>&- 6>&-
    stop
    [ "$try" -lt 3 ] || fail "three times it took too long to change from passwords to client certificates"
done
printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n' >&5
printf 'GET /metrics HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n' "$right" >&6
grep -q '^HTTP/1.1 401 ' <&5 || fail "no password was asked for after the change"
grep -q '^HTTP/1.1 200 ' <&6 || fail "the password from before was not taken"
exec 5>&- 6>&-
expect "no certificate" 000 "${trust[@]}" "$tls/metrics"
expect "a certificate" 200 "${trust[@]}" --cert client.pem --key client.key "$tls/metrics"
expect "the old way" 000 -u alice:secret "$url/metrics"
stop
pass "from passwords to client certificates, and nobody comes in by neither"

{
    tls_config
    users alice:secret
    printf 'http_server_config:\n  headers:\n    X-Frame-Options: sameorigin\n    Strict-Transport-Security: max-age=600\n'
} >web.yml
start --web.config.file=web.yml
curl -s "${trust[@]}" -u alice:secret -D head -o /dev/null "$tls/" || fail "no answer"
grep -qi '^strict-transport-security: max-age=600' head || fail "a header is missing"
[ "$(grep -ci '^x-frame-options' head)" = 1 ] && grep -qi '^x-frame-options: sameorigin' head || fail "$(cat head)"
expect "TLS without a password" 401 "${trust[@]}" "$tls/"
stop
pass "TLS, a password and headers together"

### starting with a broken configuration

for broken in 'basic_auth_users: {a: b}' 'tls_server_config: {cert_file: nowhere.pem, key_file: nowhere.key}' 'nonsense: 1'; do
    echo "$broken" >web.yml
    for check in --config.check --log.level=info; do
        "$exporter" --web.config.file=web.yml "$check" >out 2>log && fail "started with $broken"
        [ $? = 1 ] || fail "another exit code for $broken"
        [ "$(wc -l <log)" = 1 ] && grep -q '^sockdiag_exporter: web.yml' log || fail "$broken: $(cat log)"
    done
done
tls_config >web.yml
"$exporter" --web.config.file=web.yml --config.check >out || fail "a good one is refused"
pass "a broken configuration is one line and exit code 1"

### socket activation

# refuses WHY COMMAND...: with that in its one line
refuses() {
    local why=$1
    shift
    if "$@" "$exporter" --web.systemd-socket >out 2>log; then fail "started, though $why"; fi
    [ "$(grep -c '^sockdiag_exporter: ' log)" = 1 ] && log_has "$why" || fail "$(cat log)"
}
refuses 'systemd passed no socket' env
refuses 'systemd passed no socket' env LISTEN_PID=1 LISTEN_FDS=1
refuses '17 sockets are more than 16' sh -c 'export LISTEN_PID=$$ LISTEN_FDS=17; exec "$@"' sh
refuses 'socket 3 is not a listening TCP socket' sh -c 'export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@" 3</dev/null' sh
start
LISTEN_FDS=1 bash -c 'export LISTEN_PID=$$; exec "$1"' - "$exporter" 2>out && fail "started on a port that is taken"
grep -q '^sockdiag_exporter: .*add --web.systemd-socket$' out || fail "$(cat out)"
stop
pass "sockets that cannot be served are refused in a line"
# As systemd does it, the socket stays while one exporter after the other serves it; the tool starts
# the first with the first connection.
cat >restarts <<EOF
#!/bin/bash
for _ in 1 2 3 4 5; do
    ( export LISTEN_PID=\$BASHPID; exec "$exporter" --web.systemd-socket 2>>log ) &
    pid=\$!
    echo "\$pid" >running
    while [ ! -e "restart" ]; do read -r -t 0.02 <> <(:); done
    rm restart
    kill "\$pid" && wait "\$pid" || echo "exit code \$?" >>failures
done
touch over
EOF
chmod +x restarts
: >failures
systemd-socket-activate --listen=127.0.0.1:10073 ./restarts 2>activate.log &
pids="$pids $!"
activator=$!
rm -f enough statuses log
touch log
await 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/10073"
scrape_all_the_time() { # on a connection for each scrape, or on one for five of them
    while [ ! -e enough ]; do
        curl --silent --output /dev/null --max-time 20 --write-out '%{http_code}\n' "$url/metrics$1" || true
    done >"statuses.$1"
}
scrapers=
for scraper in '' '?[1-5]'; do
    scrape_all_the_time "$scraper" &
    scrapers="$scrapers $!"
done
pids="$pids $scrapers"
samples() { [ "$(grep -c 'samples every' log)" = "$1" ]; }
for round in 1 2 3 4; do
    await 10 samples $round
    touch restart
done
await 10 samples 5
touch enough
for pid in $scrapers; do
    wait "$pid"
done
touch restart
await 10 test -e over
wait "$activator"
pids=
[ ! -s failures ] || fail "$(cat failures)"
[ "$(sort -u statuses.*)" = 200 ] || fail "$(sort statuses.* | uniq -c | tr '\n' ' ')"
pass "socket activation: five exporters one after the other, $(cat statuses.* | wc -l) requests, none lost"
echo "$passed passed, 0 failed"
