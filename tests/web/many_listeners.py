# SPDX-License-Identifier: Apache-2.0
"""A thousand listeners, for a large page; until it is ended."""
import select
import socket

listeners = [socket.create_server(("127.0.0.1", 20000 + number)) for number in range(1000)]
print("made", flush=True)
select.select([], [], [])
