# SPDX-License-Identifier: Apache-2.0
"""What the exporter of the test says, and what the kernel does."""
import collections
import re
import subprocess
import time

from web_client import Client, await_true, check, passed

TLS = True
PATIENCE = 10  # seconds that Prometheus gives a scrape
STATES = {
    "ESTAB": "established",
    "SYN-SENT": "syn_sent",
    "SYN-RECV": "syn_recv",
    "FIN-WAIT-1": "fin_wait1",
    "FIN-WAIT-2": "fin_wait2",
    "TIME-WAIT": "time_wait",
    "CLOSE-WAIT": "close_wait",
    "LAST-ACK": "last_ack",
    "LISTEN": "listen",
    "CLOSING": "closing",
}

def kernel():
    """Sockets by state, as ss(8) lists them."""
    output = subprocess.run(["ss", "-Htan"], stdout=subprocess.PIPE, text=True, check=True).stdout
    counted = collections.Counter(line.split()[0] for line in output.splitlines())
    return {name: counted[state] for state, name in STATES.items()}


class Scraper:
    """Another client than those that do harm: it keeps its connection, and is answered in time each time."""

    def __init__(self, address="127.0.9.9"):
        self.address, self.client, self.slowest = address, None, 0

    def ask(self, path="/metrics"):
        for _ in range(2):  # a connection that the server has ended meanwhile
            begin = time.monotonic()
            kept = self.client
            try:
                self.client = kept or Client(self.address, tls=TLS)
                answer = self.client.ask(path)
            except (OSError, SystemExit):
                self.client = None
                if kept:
                    continue
                raise
            self.slowest = max(self.slowest, time.monotonic() - begin)
            check(self.slowest < PATIENCE, f"a scrape took {self.slowest:.1f} s")
            if answer.headers["Connection"] == "close":
                self.client = None
            return answer
        raise SystemExit("FAILED: the scraper is refused")

    def page(self):
        answer = self.ask()
        check(answer.status == 200, f"the scraper gets {answer.status}")
        lines = answer.body.decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[:1] != "#")}


def samples(page):
    """Count samples that succeeded."""
    return page['sockdiag_exporter_samples_total{sample="count"}'] - page['sockdiag_exporter_sample_failures_total{sample="count"}']


def later(scraper):
    """The page once two more count samples were taken: the second began after now. Where samples are expensive, it waits
    as long as the interval in force says."""
    page = scraper.page()
    wanted = samples(page) + 2
    interval = page['sockdiag_exporter_sample_interval_seconds{sample="count"}']

    def is_there():
        nonlocal page
        page = scraper.page()
        return samples(page) >= wanted

    await_true(is_there, "no more samples", 2 * (PATIENCE + interval))
    return page


def check_truth(scraper, fault):
    """Within two intervals the numbers are the kernel's. While it moves they cannot be compared, but for TIME_WAIT,
    which becomes fewer by itself."""
    for _ in range(10):
        before, page, after = kernel(), later(scraper), kernel()
        if all(before[state] == after[state] for state in before if state != "time_wait"):
            break
    else:
        raise SystemExit(f"FAILED: after {fault} the kernel's numbers do not settle: {before} {after}")
    for state, most in before.items():
        said = page[f'sockdiag_tcp_sockets{{state="{state}"}}']
        check(after[state] <= said <= most, f"after {fault}: {said:g} {state} instead of {after[state]} to {most}")
    passed(f"the numbers are true within two intervals after {fault}")
    return page
