# SPDX-License-Identifier: Apache-2.0
"""How long a scrape takes while a million sockets are dumped, beside that of an idle exporter.

Rounds of an idle phase (few sockets, and no others on the machine: the kernel keeps one table for
all namespaces) and a loaded one follow each other. In each a scraper asks at a steady pace for what
Prometheus asks for, in turn over a connection that it keeps and over a new one. The exporter's flags
are the same in both, so that as many pages are published; with a budget of a whole CPU it dumps
nearly all the time. Each page says when the last dump ended and how long it took: whether a scrape
fell within a dump is known from the pages after it.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import gc
import gzip
import re
import socket
import time

from population import Population
from processes import ANSWER_SECONDS, Failure, progress, value
from report import milliseconds, percentile, print_table, verdict
from samplers import EXPORTER_PORT, Exporter

ROUNDS = 3
SCRAPES_A_SECOND = 50
GOAL_RATIO = 2  # x the 99th percentile of an idle exporter

FLAGS = ["--sample.interval=1s", "--sample.detail-interval=1s", "--sample.cpu-budget=100"]

REQUEST = (
    b"GET /metrics HTTP/1.1\r\nHost: bench\r\n"
    b"Accept: application/openmetrics-text;version=1.0.0\r\nAccept-Encoding: gzip\r\n"
)
KEPT, NEW = "kept connection", "new connection"


@dataclasses.dataclass
class Scrape:
    start: float  # seconds of unix time
    seconds: float
    page: bytes  # compressed

    def within(self, dumps):
        return any(start <= self.start + self.seconds and self.start <= end for start, end in dumps)


def open_connection():
    connection = socket.create_connection(("127.0.0.1", EXPORTER_PORT), timeout=ANSWER_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection):
    piece = connection.recv(1 << 16)
    if not piece:
        raise Failure("the connection ended before the page did")
    return piece


def ask(connection, request):
    """The body of the answer. As little Python as can be: its time is measured, too."""
    connection.sendall(request)
    answer = receive(connection)
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += receive(connection)
    length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", answer)[1])
    while len(answer) < end + 4 + length:
        answer += receive(connection)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise Failure(answer.split(b"\r\n")[0].decode())
    return answer[end + 4 :]


def ask_anew():
    with contextlib.closing(open_connection()) as connection:
        return ask(connection, REQUEST + b"Connection: close\r\n\r\n")


def timed(scrape):
    start, ticks = time.time(), time.perf_counter_ns()
    page = scrape()
    return Scrape(start, (time.perf_counter_ns() - ticks) / 1e9, page)


def scrape_steadily(netns, seconds):
    """{variant: its scrapes}. For a thread of its own: it does not leave the namespace."""
    netns.enter()
    scrapes = {KEPT: [], NEW: []}
    with contextlib.closing(open_connection()) as kept:
        ask_again = functools.partial(ask, kept, REQUEST + b"\r\n")
        start = time.monotonic()
        for turn in range(int(seconds * SCRAPES_A_SECOND)):
            time.sleep(max(0, start + turn / SCRAPES_A_SECOND - time.monotonic()))
            variant, scrape = ((KEPT, ask_again), (NEW, ask_anew))[turn % 2]
            scrapes[variant].append(timed(scrape))
    return scrapes


def dumps_told(scrapes):
    """When the dumps were that the pages tell of: {(start, end)} in seconds of unix time."""
    dumps = set()
    for page in {scrape.page for scrape in scrapes}:
        text = gzip.decompress(page).decode()
        name = "sockdiag_exporter_last_sample_timestamp_seconds"
        end = value(text, name, sample="detail")
        took = value(text, "sockdiag_exporter_sample_duration_seconds", sample="detail")
        if end and took:
            dumps.add((end - took, end))
    return dumps


def phase(bench, netns, seconds):
    """{variant: its scrapes}, and the dumps meanwhile."""
    with contextlib.closing(Exporter(bench, netns, FLAGS)) as exporter:
        exporter.wait_until_running()
        gc.disable()
        try:
            with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
                scrapes = pool.submit(scrape_steadily, netns, seconds).result()
        finally:
            gc.enable()
    return scrapes, dumps_told(scrapes[KEPT] + scrapes[NEW])


def measure_phases(bench, idle_recipe, loaded_recipe, seconds):
    """For each variant and round the seconds of its scrapes: idle, within a dump, and loaded (those
    within a dump and those between)."""
    results = {variant: [] for variant in (KEPT, NEW)}
    for number in range(1, ROUNDS + 1):
        progress(f"scrapes, round {number} of {ROUNDS}")
        with Population(bench, idle_recipe) as population:
            idle, _ = phase(bench, population.netns, seconds)
        with Population(bench, loaded_recipe) as population:
            loaded, dumps = phase(bench, population.netns, seconds)
        for variant, rounds in results.items():
            within = [scrape for scrape in loaded[variant] if scrape.within(dumps)]
            if not within:
                raise Failure("no scrape fell within a dump")
            chosen = {"idle": idle[variant], "within": within, "loaded": loaded[variant]}
            rounds.append({k: [scrape.seconds for scrape in v] for k, v in chosen.items()})
    return results


def print_phases(results, sockets):
    print(f"## Scrapes while {sockets:,} sockets are dumped\n")
    if "remark" in results:
        print(f"Not measured: {results['remark']}\n")
        return
    print(f"{SCRAPES_A_SECOND} a second, 50th / 99th percentile of all {ROUNDS} rounds.\n")
    rows = []
    for variant, rounds in results.items():
        pooled = {k: [second for one in rounds for second in one[k]] for k in rounds[0]}
        p99 = {k: percentile(pooled[k], 0.99) for k in pooled}
        ratios = [percentile(one["within"], 0.99) / percentile(one["idle"], 0.99) for one in rounds]
        ratio = p99["within"] / p99["idle"]
        cells = [milliseconds(percentile(pooled[k], 0.5), p99[k]) for k in pooled]
        share = len(pooled["within"]) / len(pooled["loaded"])
        cells[1] += f" ({share:.0%} of {len(pooled['loaded']):,})"
        cells += [f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})", verdict(ratio, GOAL_RATIO)]
        rows.append([variant, *cells])
    header = ("", "idle", "within a dump", "between dumps, too", "ratio of the 99th (range)", "goal")
    print_table(header, rows)
