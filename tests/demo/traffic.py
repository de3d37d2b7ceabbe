#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: traffic.py host|world

The traffic of an ordinary day between a host and the rest of its network, and three troubles. Each side runs in a
network namespace of its own, joined by the interfaces named eth0. Runs until it is killed.
"""
import random
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

HOST = "10.0.0.11"
WEB, LEAKY, STUCK = (HOST, 8080), (HOST, 8081), (HOST, 8009)
DATABASE, CACHE, PARTNER, SEARCH = ("10.0.0.40", 5432), ("10.0.0.41", 6379), ("10.0.0.50", 8443), ("10.0.0.60", 9200)
SERVERS = (DATABASE, CACHE, PARTNER, SEARCH)

# Seconds after the start.
LEAK_BEGINS, STUCK_BEGINS, CHURN_BEGINS = 10, 20, 30


def connect(address):
    """A connection, or None when it fails: in trouble that is what is to be seen."""
    try:
        return socket.create_connection(address, timeout=3)
    except OSError:
        return None


def repeatedly(rate, action):
    """Call `action` about `rate` times a second, for ever."""
    while True:
        action()
        time.sleep(random.expovariate(rate))


def start(action, *arguments):
    threading.Thread(target=action, args=arguments, daemon=True).start()


def serve(address, backlog, handle):
    """Hand each connection to `handle`, in a thread of its own."""
    listener = socket.create_server(address, backlog=backlog)

    def accept():
        while True:
            start(handle, listener.accept()[0])
    start(accept)


def await_end(connection):
    """Close after the other end has."""
    with connection:
        try:
            while connection.recv(4096):
                pass
        except OSError:
            pass


def answer_for_a_while(connection):
    """One connection in four is closed by the server, which then has its TIME_WAIT."""
    if random.random() < 0.25:
        time.sleep(random.uniform(1, 5))
        connection.close()
    else:
        await_end(connection)


def ask_once(address):
    """The side that closes first holds the port in TIME_WAIT for a minute."""
    connection = connect(address)
    if connection:
        connection.close()


def visit():
    connection = connect(WEB)
    if connection:
        time.sleep(random.uniform(1, 20))
        connection.close()


def hold_pool(address, size):
    pool = [connect(address) for _ in range(size)]
    while True:
        time.sleep(2)
        replaced = random.randrange(size)
        if pool[replaced]:
            pool[replaced].close()
        pool[replaced] = connect(address)


def leak(held, connection):
    """Its program never closes."""
    held.append(connection)


def burst(address):
    """Every 50 seconds 200 connections for three seconds: over before most scrapes. Resets leave no TIME_WAIT."""
    reset = struct.pack("ii", 1, 0)
    while True:
        held = [connection for connection in (connect(address) for _ in range(200)) if connection]
        time.sleep(3)
        for connection in held:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            connection.close()
        time.sleep(47)


def fill(address):
    """A client that keeps no connection: forty new ones a second, where a port is free again after 60 seconds."""
    time.sleep(CHURN_BEGINS)
    repeatedly(40, lambda: ask_once(address))


def press(held, address):
    time.sleep(STUCK_BEGINS)
    repeatedly(2, lambda: held.append(connect(address)))


def run_host():
    serve(WEB, 128, answer_for_a_while)
    held = []
    serve(LEAKY, 128, lambda connection: leak(held, connection))
    held.append(socket.create_server(STUCK, backlog=16))  # and nothing accepts
    start(hold_pool, DATABASE, 40)
    start(hold_pool, CACHE, 16)
    start(repeatedly, 3, lambda: ask_once(PARTNER))
    start(burst, PARTNER)
    start(fill, SEARCH)


def run_world():
    for server in SERVERS:
        serve(server, 128, await_end)
    held = []
    start(repeatedly, 10, lambda: start(visit))
    start(press, held, STUCK)
    time.sleep(LEAK_BEGINS)
    start(repeatedly, 2, lambda: ask_once(LEAKY))


def configure_world():
    """Wait for eth0, which the other side makes, and give it the addresses of all servers."""
    while subprocess.run(["ip", "link", "set", "eth0", "up"], stderr=subprocess.DEVNULL, check=False).returncode:
        time.sleep(0.05)
    for address in ["10.0.0.1"] + [address for address, _ in SERVERS]:
        subprocess.run(["ip", "address", "add", address + "/24", "dev", "eth0"], check=True)


def main(side):
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    if side == "world":
        configure_world()
        run_world()
    else:
        run_host()
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1])
