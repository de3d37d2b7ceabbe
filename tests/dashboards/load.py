#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: load.py

Create sockets for every panel, on the loopback device of a network namespace with an ephemeral range of
a thousand ports. Holds them for three minutes, or until it is killed.
"""
import signal
import socket

BUSY, STUCK = ("127.0.0.1", 8080), ("127.0.0.1", 8081)


def listener(address, backlog):
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind(address)
    made.listen(backlog)
    return made


def pairs(server, count):
    """Yields (client, accepted) for each connection to a listener."""
    for _ in range(count):
        client = socket.create_connection(BUSY)
        yield client, server.accept()[0]


def close_first(first, second):
    """The first to close gets the TIME_WAIT; it waits for the other's end of file."""
    first.shutdown(socket.SHUT_WR)
    second.recv(1)
    second.close()
    first.recv(1)
    first.close()


def overflow(address, count):
    """Open more connections to a listener that never accepts than its queue can hold."""
    asking = []
    for _ in range(count):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(address)
        asking.append(client)
    return asking


def unconnected(kind, count):
    made = [socket.socket(socket.AF_INET, kind) for _ in range(count)]
    for one in made:
        one.bind(("127.0.0.1", 0))
    return made


def unread_datagram():
    made = unconnected(socket.SOCK_DGRAM, 1)[0]
    made.sendto(b"unread", made.getsockname())
    return made


def unix_listener():
    made = socket.socket(socket.AF_UNIX)
    made.bind("\0listener")  # needs no file
    made.listen()
    return made


def main():
    server, stuck = listener(BUSY, 64), listener(STUCK, 2)
    held = list(pairs(server, 300))
    for client, accepted in pairs(server, 120):
        close_first(client, accepted)
    for client, accepted in pairs(server, 40):
        close_first(accepted, client)
    for _, accepted in held[:5]:
        accepted.shutdown(socket.SHUT_WR)  # the client stays in CLOSE_WAIT
    held += [stuck, overflow(STUCK, 10), unconnected(socket.SOCK_DGRAM, 20), unconnected(socket.SOCK_STREAM, 3)]
    held += [unread_datagram(), unix_listener()]
    signal.alarm(180)
    signal.pause()


if __name__ == "__main__":
    main()
