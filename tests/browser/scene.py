#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: scene.py

Open sockets and hold them until standard input ends; print "ready" once they are open. Those in TIME_WAIT are
renewed before they end. Run it in a network namespace whose loopback has ADDRESS and PEER and whose port range
has 1000 ports: more than half of them are in use towards one destination, two accept queues are full, a server
leaks sockets in CLOSE_WAIT, many UDP ports are in use, towards many destinations, and one of their sockets is not
read. The socket of a UNIX listener is in the working directory.
"""
import resource
import select
import socket
import sys

ADDRESS, PEER = "10.20.0.11", "10.20.0.40"
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h
HALF_OF_TIME_WAIT = 30  # seconds

held = []


def listen(address, port, backlog=1024):
    listener = socket.create_server((address, port), backlog=backlog,
                                    family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    held.append(listener)
    return listener


def connect(to):
    client = socket.socket(to.family)
    if to.family == socket.AF_INET:
        client.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        client.bind((ADDRESS, 0))
    client.connect(to.getsockname())
    return client


def pairs(listener, count):
    """Yields the client's and the server's socket of `count` connections."""
    for _ in range(count):
        client = connect(listener)
        yield client, listener.accept()[0]


def close(first, second):
    """Close the first end, which then goes through TIME_WAIT, before the second."""
    first.close()
    second.recv(1)
    second.close()


def leave_time_waits(closed_by_client, closed_by_server):
    for client, server in pairs(closed_by_client, 120):
        close(client, server)
    for client, server in pairs(closed_by_server, 70):
        close(server, client)


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2)
    for address, port, count in ((PEER, 8443, 560), (PEER, 5432, 90), ("::1", 6379, 40), (PEER, 11211, 12)):
        for pair in pairs(listen(address, port), count):
            held.extend(pair)

    closed_by_client, closed_by_server = listen(PEER, 9200), listen(PEER, 8080)
    leave_time_waits(closed_by_client, closed_by_server)
    for client, server in pairs(listen(PEER, 8081), 110):  # CLOSE_WAIT, and FIN_WAIT2 on the other side
        client.shutdown(socket.SHUT_WR)
        held.extend((client, server))

    for port, backlog in ((8009, 8), (8010, 4)):
        slow = listen(PEER, port, backlog)
        held.extend(connect(slow) for _ in range(backlog + 1))
    for port in [53] * 20 + list(range(5301, 5341)):
        query = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        query.connect((PEER, port))
        held.append(query)
    for _ in range(600):
        unconnected = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        unconnected.bind(("", 0))
        held.append(unconnected)
    held[-2].sendto(b"not read", ("127.0.0.1", held[-1].getsockname()[1]))
    local = socket.socket(socket.AF_UNIX)
    local.bind("application.sock")
    local.listen(5)
    held.append(local)

    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], HALF_OF_TIME_WAIT)[0]:
        leave_time_waits(closed_by_client, closed_by_server)


main()
