# SPDX-License-Identifier: Apache-2.0
"""usage: older_connection.py passwords|client_certificates|plain_to_tls

Connections that were made while before.yml was in force, and ask when after.yml is. They have two seconds to ask:
where a busy machine is not that fast, the change is made once more."""
import base64
import os
import shutil
import signal
import sys
import time

from web_client import Client, await_true, check, passed

IN_TIME, TRIES = 1, 5


def ask(client, password=None):
    """The status of an answer, and a header that after.yml sets. Does the connection end with it?"""
    fields = []
    if password:
        fields.append("Authorization: Basic " + base64.b64encode(f"alice:{password}".encode()).decode())
    answer = client.ask("/-/healthy", *fields)
    return (answer.status, answer.headers["X-Frame-Options"]), answer.headers["Connection"] == "close"


def meets(tls, wanted, *arguments):
    """Does a new connection get this answer, or, if that is None, none?"""
    try:
        client = Client("127.0.1.1", tls)
        answer, _ = ask(client, *arguments)
        client.close()
    except (OSError, SystemExit):
        answer = None
    return answer == wanted


def check_older(client, wanted, *arguments):
    answer, is_last = ask(client, *arguments)
    check(answer == wanted and is_last, f"an older connection: {answer}, {'the last' if is_last else 'not the last'}")
    check(client.rest() == b"", "it stays open")


def put_in_force(name, is_in_force):
    shutil.copy(name, "next.yml")
    os.rename("next.yml", "web.yml")
    os.kill(int(os.environ["daemon"]), signal.SIGHUP)
    await_true(is_in_force, f"{name} is not in force")


def older_connections(count, tls, is_before, is_after):
    """Which were made before the change that was just made."""
    for _ in range(TRIES):
        clients = [Client(tls=tls) for _ in range(count)]
        await_true(is_before, "connections are not taken")  # later ones are
        start = time.monotonic()
        put_in_force("after.yml", is_after)
        if time.monotonic() - start < IN_TIME:
            return clients
        put_in_force("before.yml", is_before)
    raise SystemExit(f"FAILED: no change within {IN_TIME} s")


def passwords():
    clients = older_connections(
        2, False, lambda: meets(False, (200, "DENY"), "secret"), lambda: meets(False, (200, "sameorigin"), "new")
    )
    check_older(clients[0], (401, "sameorigin"), "secret")
    check_older(clients[1], (200, "sameorigin"), "new")
    passed("new passwords and headers hold for older connections at once")


def client_certificates():
    clients = older_connections(1, True, lambda: meets(True, (200, "DENY")), lambda: meets(True, None))
    check_older(clients[0], (200, "DENY"))
    passed("an older connection keeps its TLS settings for one answer, newer ones must show a certificate")


def plain_to_tls():
    clients = older_connections(
        2, False, lambda: meets(False, (200, "DENY"), "secret"), lambda: meets(False, None, "secret")
    )
    check_older(clients[0], (401, "DENY"))
    check_older(clients[1], (200, "DENY"), "secret")
    passed("from passwords to client certificates, and nobody comes in by neither")


globals()[sys.argv[1]]()
