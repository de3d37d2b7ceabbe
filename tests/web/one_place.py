# SPDX-License-Identifier: Apache-2.0
"""An exporter with one place."""
from web_client import Client, await_true, check, passed, request, server_sockets

FULL = 30000  # bytes queued: the client reads nothing

busy = Client("127.0.1.1", receive_buffer=2048)
busy.socket.sendall(request() * 10)
await_true(lambda: any(memory["w"] > FULL for memory in server_sockets()), "the first client is not busy")
check(Client("127.0.1.2").ask("/-/healthy").status == 200, "a client for which there is no place yet")
passed("a client for which there is no place waits for one")
