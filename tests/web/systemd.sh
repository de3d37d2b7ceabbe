#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: systemd.sh EXPORTER
# Sockets that systemd passes, from its own tool.
. "$(dirname "$0")/../support/exporter.sh" "$@"
need systemd-socket-activate

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
cat >restarts <<END
#!/bin/bash
trap 'kill "\$pid"; exit 1' TERM
for _ in 1 2 3 4 5; do
    ( export LISTEN_PID=\$BASHPID; exec "$exporter" --web.systemd-socket 2>>log ) &
    pid=\$!
    while [ ! -e "restart" ]; do read -r -t 0.02 <> <(:); done
    rm restart
    kill "\$pid" && wait "\$pid" || echo "exit code \$?" >>failures
done
touch over
END
chmod +x restarts
: >failures
: >log
systemd-socket-activate --listen=127.0.0.1:10073 ./restarts 2>activate.log &
pids="$pids $!"
activator=$!
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
# The kernel doubles what the exporter sets, here on a socket that it did not open.
buffers() { ss -Htnm state established 'sport = :10073' | grep -q ',rb16384,.*,tb65536,'; }
await 10 buffers
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
