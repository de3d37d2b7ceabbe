# SPDX-License-Identifier: Apache-2.0
"""Measure the time of a scrape while a million sockets are dumped, and on an idle exporter.

Each round has an idle phase (few sockets, and no others on the machine, because the kernel keeps one
table for all namespaces) and then a phase for each population. In each phase a scraper sends the
requests of Prometheus at a steady rate, alternately over a kept connection and a new one. The
exporter's flags are the same in all phases, so that it publishes as many pages; with a budget of a
whole CPU it dumps nearly all the time. Each page has the end and the duration of the last dump: later
pages show whether a scrape fell within a dump.

TIME_WAIT sockets belong to no process. ESTABLISHED ones are open files, and every program on this
machine that reads /proc/PID/fd has a million more to read. A dump takes one CPU; if other processes
take a second CPU and there is no third, scrapes wait for the scheduler. So each phase also measures
the CPU time of other processes.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import gc
import gzip
import os
import re
import socket
import statistics
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


CLOCK_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Scrape:
    start: float  # seconds of unix time
    seconds: float
    page: bytes  # compressed

    def within(self, dumps):
        return any(start <= self.start + self.seconds and self.start <= end for start, end in dumps)


@dataclasses.dataclass
class Phase:
    scrapes: dict[str, list[Scrape]]  # by variant
    dumps: set[tuple[float, float]]  # start and end of each, in seconds of unix time
    others: float  # CPUs used by other processes than exporter and scraper

    def within(self, variant):
        return [scrape for scrape in self.scrapes[variant] if scrape.within(self.dumps)]


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
    """The body of the answer. Runs little Python, because its time is measured too."""
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
    """{variant: its scrapes}. Run it in a separate thread: it cannot leave the namespace."""
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


def find_dumps(scrapes):
    """The dumps that the pages report: {(start, end)} in seconds of unix time."""
    dumps = set()
    for page in {scrape.page for scrape in scrapes}:
        text = gzip.decompress(page).decode()
        name = "sockdiag_exporter_last_sample_timestamp_seconds"
        end = value(text, name, sample="detail")
        took = value(text, "sockdiag_exporter_sample_duration_seconds", sample="detail")
        if end and took:
            dumps.add((end - took, end))
    return dumps


def cpu_of_all():
    """CPU seconds that all processes of this machine have used so far."""
    with open("/proc/stat", encoding="ascii") as file:
        user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, file.readline().split()[1:])
    return (user + nice + system + irq + softirq) * CLOCK_TICK


def measure_phase(bench, netns, seconds):
    def of_others():
        return cpu_of_all() - exporter.daemon.cpu() - time.process_time()

    with contextlib.closing(Exporter(bench, netns, FLAGS)) as exporter:
        exporter.wait_until_running()
        gc.disable()
        try:
            others, start = of_others(), time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
                scrapes = pool.submit(scrape_steadily, netns, seconds).result()
            others = (of_others() - others) / (time.monotonic() - start)
        finally:
            gc.enable()
    return Phase(scrapes, find_dumps(scrapes[KEPT] + scrapes[NEW]), others)


def measure_rounds(bench, idle_recipe, loaded_recipes, seconds):
    """[{title of a recipe: its phase}], one entry for each round."""
    rounds = []
    for number in range(1, ROUNDS + 1):
        progress(f"scrapes, round {number} of {ROUNDS}")
        phases = {}
        for recipe in (idle_recipe, *loaded_recipes):
            with Population(bench, recipe) as population:
                phases[recipe.title] = measure_phase(bench, population.netns, seconds)
        rounds.append(phases)
    return rounds


def summarize(rounds, idle_title, title, variant):
    """The results for one population and variant: seconds, shares and ratios."""
    idle = [[scrape.seconds for scrape in one[idle_title].scrapes[variant]] for one in rounds]
    within = [[scrape.seconds for scrape in one[title].within(variant)] for one in rounds]
    if not all(within):
        raise Failure(f"{title}: in a round no scrape fell within a dump")
    all_idle, all_within = sum(idle, []), sum(within, [])
    return {
        "idle": [percentile(all_idle, share) for share in (0.5, 0.99)],
        "within": [percentile(all_within, share) for share in (0.5, 0.99)],
        "ratio": percentile(all_within, 0.99) / percentile(all_idle, 0.99),
        "ratios": [percentile(b, 0.99) / percentile(a, 0.99) for a, b in zip(idle, within)],
        "scrapes_within": len(all_within),
        "scrapes": sum(len(one[title].scrapes[variant]) for one in rounds),
        "others": statistics.mean(one[title].others for one in rounds),
        "others_idle": statistics.mean(one[idle_title].others for one in rounds),
    }


def measure(bench, idle_recipe, loaded_recipes, seconds):
    """{title of a loaded recipe: {variant: its summary}}"""
    rounds = measure_rounds(bench, idle_recipe, loaded_recipes, seconds)
    return {
        recipe.title: {
            variant: summarize(rounds, idle_recipe.title, recipe.title, variant)
            for variant in (KEPT, NEW)
        }
        for recipe in loaded_recipes
    }


def table_row(title, variant, summary):
    return [
        title,
        variant,
        milliseconds(*summary["idle"]),
        milliseconds(*summary["within"]),
        f"{summary['scrapes_within']:,} of {summary['scrapes']:,}",
        f"{summary['others_idle']:.2f} / {summary['others']:.2f}",
        f"{summary['ratio']:.2f} ({min(summary['ratios']):.2f}-{max(summary['ratios']):.2f})",
        verdict(summary["ratio"], GOAL_RATIO),
    ]


def print_results(results):
    print("## Scrapes while sockets are dumped\n")
    if "remark" in results:
        print(f"Not measured: {results['remark']}\n")
        return
    print(
        f"{SCRAPES_A_SECOND} a second, 50th / 99th percentile of all {ROUNDS} rounds. CPUs of others "
        "are those that neither the exporter nor the scraper took, idle / while dumping.\n"
    )
    header = (
        "sockets", "", "idle", "within a dump", "scrapes within", "CPUs of others",
        "ratio of the 99th (range)", "goal",
    )
    rows = [
        table_row(title, variant, summary)
        for title, variants in results.items()
        for variant, summary in variants.items()
    ]
    print_table(header, rows)
