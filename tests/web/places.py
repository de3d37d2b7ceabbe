# SPDX-License-Identifier: Apache-2.0
"""Shares of the connections: of 256 places a client has 16."""
import re

from web_client import Client, await_true, check, passed, request, server_sockets

SHARE = 16
FULL = 30000  # bytes queued: the client reads nothing


def rejected():
    """What the metric says, as of the last sample."""
    page = Client("127.0.1.4").ask().body
    return int(re.search(rb"^sockdiag_exporter_http_connections_rejected_total (\d+)$", page, re.MULTILINE)[1])


def one_more_scraper():
    """Its clients keep their connections between scrapes, as Prometheus does, behind one address."""
    other = Client("127.0.1.5")
    check(other.ask().status == 200, "another client")
    clients = []
    for number in range(SHARE + 3):
        client = Client("127.0.1.1")
        check(client.ask().status == 200, f"scraper {number}")
        clients.append(client)
    for client in clients[:3]:
        check(client.rest() == b"", "an old idle connection stays open")
    for client in [other, *clients[3:]]:
        check(client.ask().status == 200, "another idle connection was closed")
    for client in [other, *clients]:
        client.close()
    passed("a client's oldest idle connection makes room for its next one")


def too_many_busy_ones():
    """A client whose connections are all busy is turned away, and no other."""
    busy = [Client("127.0.1.2", receive_buffer=2048) for _ in range(SHARE)]
    for client in busy:
        client.socket.sendall(request() * 10)
    await_true(
        lambda: sum(memory["w"] > FULL for memory in server_sockets()) == SHARE,
        "not all connections are busy",
    )
    before = rejected()
    check(Client("127.0.1.2").rest() == b"", "one more busy connection")
    other = Client("127.0.1.3")
    check(other.ask().status == 200, "another client")
    await_true(lambda: rejected() == before + 1, f"{rejected()} connections are rejected, {before} before")
    for client in [*busy, other]:
        client.close()
    passed("a client whose connections are all busy is turned away, which is counted")


one_more_scraper()
too_many_busy_ones()
