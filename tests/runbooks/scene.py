#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: scene.py PATH

Sockets for the commands of the runbooks to find, until it is ended: a listener on port 9000 with connections that are
established, in CLOSE_WAIT and in TIME_WAIT, UDP on the same port, and a UNIX listener at PATH. Prints a line when they
are there.
"""
import signal
import socket
import sys

listener = socket.create_server(("127.0.0.1", 9000))


def connect():
    client = socket.create_connection(("127.0.0.1", 9000))
    return client, listener.accept()[0]


def wait_for_end(connection):
    while connection.recv(1):
        pass


established, close_wait, time_wait = connect(), connect(), connect()
close_wait[0].close()
wait_for_end(close_wait[1])
time_wait[0].close()
wait_for_end(time_wait[1])
time_wait[1].close()
udp = socket.socket(type=socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 9000))
unix = socket.socket(socket.AF_UNIX)
unix.bind(sys.argv[1])
unix.listen()
print("ready", flush=True)
signal.pause()
