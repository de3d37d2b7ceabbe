# SPDX-License-Identifier: Apache-2.0
"""usage: memory_sum.py plain|tls MIB

As many connections as there are places ask all the time, with large heads, and read nothing. What the
kernel charges for their buffers is what ss(8) shows: received (r), queued for sending (w), and set aside
(f). There must be room besides for the bodies that slow clients may hold: slow_readers.py."""
import select
import ssl
import sys

from web_client import Client, await_true, check, daemon_status, passed, request, server_sockets

PLACES, SHARE = 256, 16
FULL = 30000  # bytes queued: the client reads nothing
BODIES = 8 << 20
STRUCTURES = 6 * 1024  # bytes that the kernel has for each connection besides: socket, inode, file

kind, limit = sys.argv[1], int(sys.argv[2]) << 20
cookies = "Cookie: " + "; ".join(f"c{number:03}={'x' * 80}" for number in range(180))
requests = request("/metrics", cookies) * 4
clients = []
for number in range(PLACES):
    clients.append(Client(f"127.0.1.{1 + number // SHARE}", kind == "tls", receive_buffer=2048))
    clients[-1].send_what_goes(requests)  # before it has been silent for too long, while others connect
largest = 0


def ask_more():
    """Sends what goes. Are all answers stuck?"""
    global largest
    for client in clients:
        client.send_what_goes(requests)
    memory = server_sockets()
    kernel = sum(each["r"] + each["w"] + each["f"] + STRUCTURES for each in memory)
    largest = max(largest, kernel + 1024 * daemon_status("VmHWM"))
    check(largest + BODIES < limit, f"{kind}: {largest} bytes and bodies, of {limit} that the service may have")
    return sum(each["w"] > FULL for each in memory) == PLACES


await_true(ask_more, f"{kind}: not all {PLACES} connections are full")
for _ in range(10):
    ask_more()
    select.select([], [], [], 0.1)
passed(f"{kind}: {largest >> 20} MiB of memory for {PLACES} clients that do not read")
