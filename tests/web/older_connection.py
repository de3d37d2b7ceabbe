# SPDX-License-Identifier: Apache-2.0
"""usage: older_connection.py passwords|client_certificates

Connections that were made while before.yml was in force, and ask when after.yml is. They have two seconds to ask:
where a busy machine is not that fast, the change is made once more."""
import os
import shutil
import signal
import sys
import time

from web_client import Client, await_true, check, credentials, forget_tls_errors, passed

IN_TIME, TRIES = 1, 5


def ask(client, password=None):
    """The status of an answer, and a header that after.yml sets. Does the connection end with it?"""
    fields = []
    if password:
        fields.append(credentials("alice", password))
    answer = client.ask("/-/healthy", *fields)
    return (answer.status, answer.headers["X-Frame-Options"]), answer.headers["Connection"] == "close"


def check_newer(tls, wanted, *arguments):
    """What a new connection gets; with None as `wanted`, its end and no answer."""
    try:
        client = Client("127.0.1.1", tls)
        answer, _ = ask(client, *arguments)
        client.close()
    except TimeoutError:
        raise SystemExit("FAILED: a new connection: neither an answer nor its end") from None
    except (OSError, SystemExit):
        answer = None
        forget_tls_errors()
    check(answer == wanted, f"a new connection: {answer}")


def check_older(client, wanted, *arguments):
    answer, is_last = ask(client, *arguments)
    check(answer == wanted and is_last, f"an older connection: {answer}, {'the last' if is_last else 'not the last'}")
    check(client.rest() == b"", "it stays open")


def change_to(name):
    """The exporter begins to read it; changes() counts when it has."""
    shutil.copy(name, "next.yml")
    os.rename("next.yml", "web.yml")
    os.kill(int(os.environ["daemon"]), signal.SIGHUP)


def changes():
    with open("log", encoding="utf-8") as log:
        return log.read().count("was read again")


def older_connections(count, tls, password, look_at_newer):
    """Which were made before the change that was just made, and have not asked yet.

    One more has asked, after which the others are taken, too. It is idle, and the exporter ends it when new
    connections meet the change and older ones are told."""
    for attempt in range(1, TRIES + 1):
        *clients, idle = [Client(tls=tls) for _ in range(count + 1)]
        answer, is_last = ask(idle, password)
        check(answer == (200, "DENY") and not is_last, f"before the change: {answer}")
        start = time.monotonic()
        change_to("after.yml")
        check(idle.rest() == b"", "an idle connection stays open")
        look_at_newer()
        if time.monotonic() - start < IN_TIME:
            return clients
        for client in clients:
            client.close()
        change_to("before.yml")
        await_true(lambda: changes() == 2 * attempt, "it is not changed back")
    raise SystemExit(f"FAILED: no change within {IN_TIME} s")


def passwords():
    clients = older_connections(2, False, "secret", lambda: check_newer(False, (200, "sameorigin"), "new"))
    check_older(clients[0], (401, "sameorigin"), "secret")
    check_older(clients[1], (200, "sameorigin"), "new")
    passed("new passwords and headers hold for older connections at once")


def client_certificates():
    clients = older_connections(1, True, None, lambda: check_newer(True, None))
    check_older(clients[0], (200, "DENY"))
    passed("an older connection keeps its TLS settings for one answer, newer ones must show a certificate")


globals()[sys.argv[1]]()
