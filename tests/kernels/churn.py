# SPDX-License-Identifier: Apache-2.0
"""usage: churn.py CONNECTIONS

Connections over loopback, one after the other: each leaves a TIME_WAIT at the client's end."""
import socket
import sys

listener = socket.create_server(("127.0.0.1", 0))
for _ in range(int(sys.argv[1])):
    with socket.create_connection(listener.getsockname()):
        server, _ = listener.accept()
    server.close()
