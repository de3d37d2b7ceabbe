#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Make the sockets of one host of the fleet.

    load.py serve PORT                    answers and holds connections until their clients close
    load.py visit ADDRESS PORT RATE       connects, sends, closes first: RATE times a second
    load.py hold ADDRESS PORT RATE COUNT  connects RATE times a second, up to COUNT, and closes none
    load.py leak PORT RATE                a server that does not close connections that its clients have closed
    load.py burst DELAY COUNT PORTS       after DELAY seconds COUNT connections at once, to PORTS servers
    load.py bursts PORT COUNT LENGTH PERIOD
                                          each PERIOD milliseconds COUNT connections to a server of its own, for
                                          LENGTH milliseconds
    load.py queue PORT BACKLOG RATE       a server that does not accept, and its clients
    load.py flood ADDRESS PORT RATE       a server on its own ADDRESS, and RATE SYNs a second to it from
                                          10.98.0.0/16, where no host answers
    load.py udp COUNT                     sockets bound to ephemeral ports

At SIGUSR1 it makes no more sockets, prints how many it made, and keeps them. It ends after ten minutes at the
latest.
"""

import resource
import selectors
import signal
import socket
import struct
import sys
import time

LIFETIME_SECONDS = 600
ANSWER_SECONDS = 30  # a visitor fails if the server does not answer

stopped = False


def stop(_signal, _frame):
    global stopped
    stopped = True


def listener(port, backlog):
    server = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("", port))
    server.listen(backlog)
    return server


def at_rate(rate, limit=sys.maxsize):
    """Yields 0, 1, 2... at `rate` a second, until `limit` or stopped; catches up after delays."""
    start = time.monotonic()
    for count in range(limit):
        while time.monotonic() < start + count / rate and not stopped:
            time.sleep(min(0.1, 1 / rate))
        if stopped:
            return
        yield count


def serve(port):
    served = 0
    waiting = selectors.DefaultSelector()
    server = listener(port, 1024)
    waiting.register(server, selectors.EVENT_READ)
    while not stopped:
        for key, _ in waiting.select(0.5):
            if key.fileobj is server:
                connection, _ = server.accept()
                waiting.register(connection, selectors.EVENT_READ)
                served += 1
            elif data := key.fileobj.recv(100):
                key.fileobj.send(data)
            else:
                waiting.unregister(key.fileobj)
                key.fileobj.close()
    return served, waiting


def visit(address, port, rate):
    count = 0
    for _ in at_rate(rate):
        with socket.create_connection((address, port), timeout=ANSWER_SECONDS) as client:
            client.send(b"?")
            client.recv(1)
        count += 1
    return count, None


def hold(address, port, rate, limit):
    held = []
    for _ in at_rate(rate, limit):
        held.append(socket.create_connection((address, port)))
    return len(held), held


def leak(port, rate):
    forgotten = []
    server = listener(port, 128)
    for count in at_rate(rate, 60000):
        # Each has its own address: a later client with the same port would end this connection with its SYN.
        with socket.create_connection((f"127.0.{count // 250}.{count % 250 + 1}", port)):
            forgotten.append(server.accept()[0])
    return len(forgotten), (server, forgotten)


def burst(delay, limit, ports):
    servers = [listener(8100 + index, 128) for index in range(ports)]
    for _ in at_rate(1 / delay, 2):
        pass
    for count in range(limit):
        server = servers[count % ports]
        client = socket.create_connection(("127.0.0.1", server.getsockname()[1]))
        accepted, _ = server.accept()
        client.close()
        accepted.close()
    return limit, servers


def bursts(port, count, length, period):
    made = 0
    server = listener(port, count)
    for _ in at_rate(1000 / period):
        held = []
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port))
            held += [server.accept()[0], client]
        time.sleep(length / 1000)
        for each in held:
            # A reset, so that no TIME_WAIT keeps the port.
            each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            each.close()
        made += count
    return made, server


def queue(port, backlog, rate):
    server = listener(port, backlog)
    clients = []
    for count in at_rate(rate):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", port))
        clients.append(client)
        if count > 4 * backlog:
            clients.pop(2 * backlog).close()
    return len(clients), (server, clients)


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def syn(source, destination, source_port, port):
    """An IPv4 packet with the first segment of a connection; the kernel fills in the IP checksum."""
    segment = struct.pack("!HHIIBBHHH", source_port, port, 1, 0, 5 << 4, 0x02, 65535, 0, 0)
    pseudo = source + destination + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(segment))
    segment = segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0, 64, socket.IPPROTO_TCP, 0)
    return header + source + destination + segment


def flood(address, port, rate):
    server = listener(port, 128)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    for count in at_rate(rate, 60000):
        source = socket.inet_aton(f"10.98.{count // 250}.{count % 250 + 1}")
        raw.sendto(syn(source, socket.inet_aton(address), 1024 + count, port), (address, 0))
    return count + 1, server


def udp(limit):
    bound = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(limit)]
    for each in bound:
        each.bind(("", 0))
    return limit, bound


def main():
    makers = (serve, visit, hold, leak, burst, bursts, queue, flood, udp)
    make = next(maker for maker in makers if maker.__name__ == sys.argv[1])
    signal.signal(signal.SIGUSR1, stop)
    signal.alarm(LIFETIME_SECONDS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    arguments = [argument if "." in argument else int(argument) for argument in sys.argv[2:]]
    made, kept = make(*arguments)
    while not stopped:
        time.sleep(0.1)
    print(made, flush=True)
    while kept is not None:
        signal.pause()


if __name__ == "__main__":
    main()
