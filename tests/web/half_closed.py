# SPDX-License-Identifier: Apache-2.0
"""usage: half_closed.py plain|tls

Clients that end their side of the connection after what they had to ask, as `nc -N` and socat do."""
import socket
import ssl
import sys

from web_client import PATIENCE, SERVER, check, passed, request, tls_context

TWO = request("/-/healthy") + request("/-/ready")


def read_to_end(connection):
    data = b""
    try:
        while chunk := connection.recv(65536):
            data += chunk
    except TimeoutError:
        raise SystemExit(f"FAILED: no end of the connection after {data[-300:]!r}") from None
    return data


def ask_plain(requests):
    with socket.create_connection(SERVER, timeout=PATIENCE) as connection:
        connection.sendall(requests)
        connection.shutdown(socket.SHUT_WR)
        return read_to_end(connection)


def ask_tls(requests):
    """With a close_notify, and the end of the TCP connection in that direction behind it."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = tls_context().wrap_bio(received, sent)

    def go_on(step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                connection.sendall(sent.read())
                chunk = connection.recv(65536)
                check(chunk, "the connection ends within the handshake")
                received.write(chunk)

    with socket.create_connection(SERVER, timeout=PATIENCE) as connection:
        go_on(session.do_handshake)
        session.write(requests)
        try:
            session.unwrap()
        except ssl.SSLWantReadError:
            pass  # for the server's own close_notify
        connection.sendall(sent.read())
        connection.shutdown(socket.SHUT_WR)
        received.write(read_to_end(connection))
        received.write_eof()
        data = b""
        try:
            while chunk := session.read(65536):
                data += chunk
        except ssl.SSLError:
            pass  # the end
        return data


ask = ask_tls if sys.argv[1] == "tls" else ask_plain
for requests, answers in ((request(), 1), (TWO, 2), (b"", 0)):
    data = ask(requests)
    check(data.count(b"HTTP/1.1 200 ") == answers, f"to {requests!r}: {data[-300:]!r}")
passed(f"half-closed connections are answered and closed, {sys.argv[1]}")
