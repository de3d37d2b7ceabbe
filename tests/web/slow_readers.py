# SPDX-License-Identifier: Apache-2.0
"""Clients that ask and do not read, each for another page."""
import re

from web_client import Client, await_true, check, daemon_status, passed, request

CLIENTS = 60
MOST_BODIES = 8 << 20  # bytes
SPARE = 8 << 20  # the present page's bodies, and connections
SAMPLES = re.compile(rb'sockdiag_tcp_sampled_sockets_count{state="established"} (\d+)\n')


def ask_for_another_page(number, last):
    """A client that has read the beginning of a page that is not the last one, and the number of that."""
    while True:
        client = Client(f"127.0.1.{1 + number}", receive_buffer=2048)
        client.socket.sendall(request() * 10)
        line = client.file.readline()
        while not (samples := SAMPLES.match(line)):
            check(line, "the answer has ended")
            line = client.file.readline()
        if samples[1] != last:
            return client, samples[1]
        client.close()


def page_size():
    client = Client()
    size = len(client.ask().body)
    client.close()
    return size


# It grows with the first detailed sample.
await_true(lambda: CLIENTS * page_size() > 2 * (MOST_BODIES + SPARE), "the page is too small for this")
size = page_size()
before = daemon_status("VmRSS") << 10
clients, page = [], b""
for number in range(CLIENTS):
    client, page = ask_for_another_page(number, page)
    clients.append(client)
    grown = (daemon_status("VmRSS") << 10) - before
    check(grown < MOST_BODIES + SPARE, f"{grown} bytes more for {number + 1} pages of {size}")
passed(f"{grown >> 20} MiB for {CLIENTS} slow readers, each of another page of {size >> 10} KiB")
