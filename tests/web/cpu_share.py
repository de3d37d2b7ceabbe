# SPDX-License-Identifier: Apache-2.0
"""usage: cpu_share.py plain|tls|without_descriptors

The CPU time that the exporter takes under attack. Its web thread may take a second that it has saved, and then a
tenth of a CPU. Because this bounds what is used and not when, a busy machine cannot make it fail."""
import multiprocessing
import select
import socket
import sys

from web_client import Client, check, daemon_cpu, passed, request

WATCHED = 6  # seconds
MOST = {"plain": 1 + 0.2 * WATCHED, "tls": 1 + 0.2 * WATCHED, "without_descriptors": 0.1 * WATCHED}


def ask_all_the_time():
    """A hundred requests at once, which cost the client next to nothing."""
    client = Client("127.0.1.1")
    requests = request("/-/healthy") * 100
    while True:
        client.socket.sendall(requests)
        client.socket.recv(1 << 20)


def drip():
    """A body that comes byte by byte."""
    client = Client("127.0.1.2")
    client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.socket.sendall(request("/", "Transfer-Encoding: chunked", method="POST"))
    while True:
        for byte in b"1\r\nx\r\n":
            client.socket.send(bytes([byte]))


def chunks_without_end():
    """On all connections of a client, beside another that keeps the web thread awake."""
    clients = [Client("127.0.1.3") for _ in range(16)]
    for client in clients:
        head = request("/", "Transfer-Encoding: chunked", method="POST")
        client.send_what_goes(head + b"5;" + b"a" * 20000)
    select.select([], [], [])


def connect():
    """A connection for each request."""
    while True:
        client = Client("127.0.1.4")
        client.ask("/-/healthy", "Connection: close")
        client.close()


def shake_hands(address):
    while True:
        Client(address, tls=True).close()


def shake_half_a_hand():
    """The first byte of a handshake."""
    clients = [Client("127.0.1.5") for _ in range(16)]
    for client in clients:
        client.send_what_goes(b"\26")
    select.select([], [], [])


ATTACKS = {
    "plain": [(ask_all_the_time,), (drip,), (chunks_without_end,), (connect,)],
    "tls": [(shake_hands, "127.0.1.1"), (shake_hands, "127.0.1.2"), (shake_half_a_hand,)],
    "without_descriptors": [],
}


def attack(function, *arguments):
    while True:
        try:
            function(*arguments)
        except (OSError, SystemExit):
            pass  # it is cut off, and begins anew


def watch(kind):
    before = daemon_cpu()
    select.select([], [], [], WATCHED)
    used = daemon_cpu() - before
    check(used < MOST[kind], f"{kind}: {used:.1f} seconds of CPU time in {WATCHED} seconds")
    passed(f"{used:.1f} seconds of CPU time in {WATCHED} seconds: {kind}")


kind = sys.argv[1]
attackers = [multiprocessing.Process(target=attack, args=each, daemon=True) for each in ATTACKS[kind]]
for attacker in attackers:
    attacker.start()
try:
    watch(kind)
finally:
    for attacker in attackers:
        attacker.kill()
