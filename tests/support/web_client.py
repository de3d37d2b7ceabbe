# SPDX-License-Identifier: Apache-2.0
"""Clients that curl cannot play, for the tests of tests/web: the exporter listens on 127.0.0.1:10073, and
its process is in the environment as `daemon`."""
import base64
import contextlib
import http.client
import os
import re
import select
import socket
import ssl
import subprocess
import time

SERVER = ("127.0.0.1", 10073)
PATIENCE = 20  # seconds


def passed(text):
    """In the manner of the test programs, whose summary counts these lines."""
    print(f"[       OK ] {text}", flush=True)


def check(condition, text):
    if not condition:
        raise SystemExit(f"FAILED: {text}")


def await_true(condition, text, patience=PATIENCE):
    """Try until it is true."""
    end = time.monotonic() + patience
    while not condition():
        check(time.monotonic() < end, text)
        select.select([], [], [], 0.05)


def request(path="/metrics", *fields, method="GET", version="1.1", host="Host: x"):
    """The head of a request."""
    lines = [f"{method} {path} HTTP/{version}", *([host] if host else []), *fields, "", ""]
    return "\r\n".join(lines).encode()


def credentials(user, password):
    """The field of a request."""
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def tls_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def forget_tls_errors():
    """After a connection failed: Python 3.13 can leave its error in OpenSSL's queue, and raises it for another one."""
    with contextlib.suppress(ssl.SSLError):
        tls_context().set_ciphers("none")  # also empties the queue


class Answer:
    """One that was read to its end, from a file of bytes."""

    def __init__(self, file, method="GET"):
        line = file.readline().decode()
        check(re.fullmatch(r"HTTP/1\.1 \d{3} [^\r\n]+\r\n", line), f"no status line but {line!r}")
        self.status = int(line.split()[1])
        self.headers = http.client.parse_headers(file)
        length = 0 if method == "HEAD" else int(self.headers["Content-Length"])
        self.body = file.read(length)
        check(len(self.body) == length, f"{len(self.body)} of {length} bytes")


class Client:
    """A connection from an address of its own, by plain HTTP or TLS."""

    def __init__(self, address="127.0.0.1", tls=False, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.bind((address, 0))
        self.socket.connect(SERVER)
        if tls:
            self.socket = tls_context().wrap_socket(self.socket)
        self.file = self.socket.makefile("rb")

    def ask(self, *arguments, **named):
        """The answer to a request()."""
        self.socket.sendall(request(*arguments, **named))
        return Answer(self.file, named.get("method", "GET"))

    def send_what_goes(self, data):
        """Without waiting, and without caring whether the server is there."""
        self.socket.setblocking(False)
        with contextlib.suppress(OSError):
            self.socket.send(data)

    def rest(self):
        """What comes until the server closes the connection: None when it does not."""
        data = b""
        try:
            while chunk := self.file.read1(65536):
                data += chunk
        except TimeoutError:
            return None
        except ConnectionResetError:
            pass
        return data

    def close(self):
        self.file.close()
        self.socket.close()


def daemon_status(field):
    """A number of /proc/PID/status."""
    with open(f"/proc/{os.environ['daemon']}/status", encoding="ascii") as file:
        return int(re.search(rf"^{field}:\s+(\d+)", file.read(), re.MULTILINE)[1])


def daemon_cpu():
    """CPU seconds of the exporter so far."""
    with open(f"/proc/{os.environ['daemon']}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def server_sockets():
    """The memory of each connection at the exporter's end, as ss(8) calls its parts."""
    command = ["ss", "-Htnm", "state", "connected", "exclude", "time-wait", f"sport = :{SERVER[1]}"]
    output = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [
        {name: int(number) for name, number in re.findall(r"([a-z]+)(\d+)", memory)}
        for memory in re.findall(r"skmem:\(([^)]*)\)", output)
    ]
