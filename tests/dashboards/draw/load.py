#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: load.py SECONDS

Create a host with growing faults, for a picture: a client that closes each connection, faster and faster, so
that TIME_WAIT takes the ports towards one server; bursts that fit between two scrapes; a listener that accepts
too slowly; a program that forgets to close. Runs on the loopback device, with an ephemeral range of ten
thousand ports.
"""
import socket
import struct
import sys
import threading
import time

BUSY, SLOW, BURST, FORGOTTEN = ("127.0.0.1", 8080), ("127.0.0.1", 8081), ("127.0.0.2", 8082), ("127.0.0.1", 8083)


def listener(address, backlog):
    made = socket.socket()
    made.bind(address)
    made.listen(backlog)
    return made


def churn(end):
    """From 10 to 110 connections a second, each closed by the client, which keeps the TIME_WAIT."""
    server, begin = listener(BUSY, 64), time.monotonic()
    due = begin
    while due < end:
        client = socket.create_connection(BUSY)
        accepted = server.accept()[0]
        client.close()
        accepted.recv(1)
        accepted.close()
        due += 1 / (10 + 100 * (due - begin) / (end - begin))
        time.sleep(max(0, due - time.monotonic()))


def burst(end):
    """Every 50 seconds 900 connections for 3 seconds, closed by a reset, which leaves no TIME_WAIT."""
    server, at_once = listener(BURST, 64), struct.pack("ii", 1, 0)
    while time.monotonic() < end:
        held = []
        for _ in range(900):
            held.append(socket.create_connection(BURST))
            held.append(server.accept()[0])
        time.sleep(3)
        for one in held:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            one.close()
        time.sleep(47)


def accept_slowly(end):
    """60 or 100 clients connect at a time; accept 30 a second from a queue of 80."""
    server, size = listener(SLOW, 80), 60
    while time.monotonic() < end:
        clients = [socket.socket() for _ in range(size)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(SLOW)
        for _ in range(size - 20):
            server.accept()[0].close()
            time.sleep(1 / 30)
        for client in clients:
            client.close()
        server.setblocking(False)
        try:
            while True:
                server.accept()[0].close()
        except BlockingIOError:
            server.setblocking(True)
        size = 160 - size
        time.sleep(12)


def forget_to_close(end):
    """Add one CLOSE_WAIT every four seconds, and hold 150 connections."""
    server, held = listener(FORGOTTEN, 64), []
    for _ in range(150):
        held += [socket.create_connection(FORGOTTEN), server.accept()[0]]
    while time.monotonic() < end:
        client = socket.create_connection(FORGOTTEN)
        server.accept()[0].close()
        held.append(client)
        time.sleep(4)


def main(seconds):
    end = time.monotonic() + seconds
    for task in (churn, burst, accept_slowly, forget_to_close):
        threading.Thread(target=task, args=(end,), daemon=True).start()
    udp = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(60)]
    for one in udp:
        one.bind(("127.0.0.1", 0))
    time.sleep(seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]))
