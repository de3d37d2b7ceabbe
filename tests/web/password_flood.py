# SPDX-License-Identifier: Apache-2.0
"""Forty clients ask with ever new passwords, as fast as they can, while others scrape. The password of
`alice` was shown before."""
import contextlib
import itertools
import threading

from web_client import Client, await_true, check, credentials, passed

FLOODERS, SCRAPES = 40, 20

statuses = set()
over = threading.Event()


def flood(number):
    for attempt in itertools.count():
        if over.is_set():
            return
        client = Client(f"127.0.1.{number}")
        with contextlib.suppress(TimeoutError):  # on a busy machine the checks of the others take long
            statuses.add(client.ask("/metrics", credentials("alice", f"{number}-{attempt}")).status)
        client.close()


flooders = [threading.Thread(target=flood, args=(1 + number,), daemon=True) for number in range(FLOODERS)]
for flooder in flooders:
    flooder.start()
await_true(lambda: 401 in statuses and 503 in statuses, "no flood: not all places for checks are taken")

scraper = Client("127.0.2.1")
for _ in range(SCRAPES):
    check(scraper.ask("/metrics", credentials("alice", "secret")).status == 200, "a known password")
scraper = Client("127.0.1.1")  # which a flooder has as well, as behind a proxy
for _ in range(SCRAPES):
    check(scraper.ask("/metrics", credentials("alice", "secret")).status == 200, "from an address of the flood")
check(not over.is_set() and all(flooder.is_alive() for flooder in flooders), "the flood has ended")
over.set()
for flooder in flooders:
    flooder.join()
check(statuses == {401, 503}, f"wrong passwords got {statuses}")
passed("a flood of wrong passwords does not keep out a password that was right before")
