# SPDX-License-Identifier: Apache-2.0
"""usage: soak.py SECONDS

Load on the exporter that soak.sh has started, and what it takes meanwhile: connections come and go, scrapes in
each format, wrong passwords, clients that stall in TLS or end their side, network namespaces that come and go,
a reload every half minute."""
import base64
import collections
import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

from web_client import SERVER, Client, check, daemon_cpu, daemon_status, passed, request

seconds = float(sys.argv[1])
TURN = 0.25  # seconds
CHURN = 25  # connections per turn
MORE = (256, 4, 0)  # that chance may add from the second to the last quarter: memory, descriptors, threads
FORMATS = [
    (),
    ("Accept: application/openmetrics-text;version=1.0.0",),
    ("Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",),
    ("Accept-Encoding: gzip",),
]


def authorization(password):
    return "Authorization: Basic " + base64.b64encode(f"scraper:{password}".encode()).decode()


def scrape(turn):
    client = Client(f"127.0.2.{1 + turn % 50}", tls=True)
    path = "/" if turn % 10 == 9 else "/metrics"
    answer = client.ask(path, authorization("secret"), *FORMATS[turn % len(FORMATS)])
    client.close()
    return answer.status == 200


def ask_with_a_wrong_password(turn):
    client = Client(f"127.0.3.{1 + turn % 50}", tls=True)
    answer = client.ask("/metrics", authorization(f"wrong {turn}"))
    client.close()
    return answer.status in (401, 429, 503)


def misbehave(turn):
    """A connection that is left alone: it says nothing, stops within the handshake, or ends its side."""
    connection = socket.create_connection(SERVER, source_address=(f"127.0.4.{1 + turn % 50}", 0))
    if turn % 3 == 1:
        received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = ssl.create_default_context().wrap_bio(received, sent, server_hostname="localhost")
        try:
            session.do_handshake()
        except ssl.SSLWantReadError:
            connection.sendall(sent.read()[:100])
    elif turn % 3 == 2:
        connection.sendall(request())  # no TLS
        with contextlib.suppress(OSError):  # the server was faster
            connection.shutdown(socket.SHUT_WR)
    return connection


def churn(listener):
    for _ in range(CHURN):
        client = socket.create_connection(listener.getsockname())
        served, _ = listener.accept()
        client.close()
        served.close()


def measure():
    """What must stay flat: memory of its own in KiB, descriptors, threads. Nobody is connected but by chance."""
    return daemon_status("RssAnon"), len(os.listdir(f"/proc/{daemon}/fd")), daemon_status("Threads")


def load(turn, left_alone):
    churn(listener)
    check(scrape(turn), f"turn {turn}: a scrape is refused")
    if turn % 8 == 0:
        check(ask_with_a_wrong_password(turn), f"turn {turn}: a wrong password is let in")
    if turn % 4 == 0:
        left_alone.append(misbehave(turn // 4))
    if len(left_alone) > 20:
        left_alone.popleft().close()
    if turn % 20 == 0:
        subprocess.run(["unshare", "--net", "ip", "link", "set", "lo", "up"], check=False)
    if turn % 120 == 0:
        os.kill(daemon, signal.SIGHUP)


daemon = int(os.environ["daemon"])
listener = socket.create_server(("127.0.5.1", 0), backlog=CHURN)
left_alone = collections.deque()
series = []  # one measure() every ten seconds
begin, turn, cpu = time.monotonic(), 0, daemon_cpu()
while (elapsed := time.monotonic() - begin) < seconds:
    load(turn, left_alone)
    turn += 1
    if elapsed >= 10 * (len(series) + 1):
        series.append(measure())
        if len(series) % 6 == 1:
            print(f"{elapsed:.0f} s: {series[-1][0]} KiB, {series[-1][1]} descriptors, {series[-1][2]} threads", flush=True)
    time.sleep(max(0, begin + turn * TURN - time.monotonic()))

quarter = len(series) // 4
check(quarter > 0, "less than 40 s show nothing")
for what, early, late, more in zip(
    ("KiB of memory", "descriptors", "threads"), zip(*series[quarter : 2 * quarter]), zip(*series[-quarter:]), MORE
):
    print(f"{what}: at most {max(early)} in the second quarter, {max(late)} in the last")
    check(max(late) <= max(early) + more, f"{what} grow")
passed(
    f"flat for {elapsed:.0f} s: {turn} scrapes, {turn * CHURN} connections, {turn // 120 + 1} reloads, "
    f"{100 * (daemon_cpu() - cpu) / elapsed:.1f} % of a CPU"
)
