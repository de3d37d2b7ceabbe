#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: renewal.sh EXPORTER
# Certificates that change while clients ask.
. "$(dirname "$0")/../support/exporter.sh" "$@"

authority
server_certificate server
server_certificate server2

# A certificate is renewed while somebody scrapes all the time.
scrape_all_the_time() {
    while [ ! -e enough ]; do
        echo "$(status "${trust[@]}" "$tls/metrics")"
    done >statuses
}
subject() {
    openssl s_client -connect 127.0.0.1:10073 </dev/null 2>/dev/null | grep -m1 '^subject' | tr -d ' '
}
served() { [ "$(subject)" = "subject=CN=$1" ]; }
tls_config >web.yml
start --web.config.file=web.yml
scrape_all_the_time &
scraper=$!
pids="$pids $scraper"
await 5 served server
for name in server2 server server2 server server2 server; do
    tls_config | sed "s/server\./$name./" >next.yml
    mv next.yml web.yml
    kill -HUP "$daemon"
    await 10 served "$name"
done
touch enough
wait "$scraper"
[ "$(sort -u statuses)" = 200 ] || fail "while certificates were renewed: $(sort statuses | uniq -c | tr '\n' ' ')"
stop
pass "six certificates one after the other, $(wc -l <statuses) scrapes, none lost"

# Settings change again and again while passwords are being checked.
{
    tls_config
    /usr/bin/python3 "$support/web_users.py" 10 alice:secret
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
