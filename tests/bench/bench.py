#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Compare the exporter with its peers, on the same sockets, in one run.

    bench.py [--build DIRECTORY] [--sockets 1000000] [--rounds 5] [--only NAME]...

The build directory contains sockdiag_exporter and, in tests/bench, fabricate, drain and
connect_knee. For a quick run: --sockets 100000 --rounds 3 --idle-seconds 10 --budget-seconds 10.
Needs root, or `unshare --user --map-root-user`. Writes a Markdown report to standard output, all
its figures to bench/results.json in the build directory, and progress to standard error.

The machine is noisy, so the result is the ratio to the bare drain: each round drains the population
first and last and lets every subject take a sample in between, and the table shows the median of
the rounds' ratios. Subjects that run on a timer are stopped (SIGSTOP) or not running while others
are measured. The exporter sleeps between its samples, so each sample of the others and each drain
follows a pause of the same length: every walk starts with cold caches. CPU seconds are the utime +
stime of /proc/PID/stat, but read from the CPU clock of the process, which has nanoseconds instead
of ticks. Peak memory is VmHWM.

Everything runs in network namespaces that `fabricate` and `connect_knee` make, and ends with this
script.
"""

import argparse
import contextlib
import dataclasses
import datetime
import http.client
import json
import os
import platform
import shlex
import signal
import statistics
import subprocess
import sys
import time

import namespaces
import scrape_latency
import web_load
from population import Population, Recipe
from processes import Failure, one_shot, progress, value
from report import print_table, verdict
from samplers import (
    COUNT, DETAIL, DRAIN, PAUSE_SECONDS, PORTS, ROWS,
    Collectd, Drain, Exporter, NodeExporter, PortsSample, Ss,
)

TIME_WAIT_SECONDS = 60  # how long TIME_WAIT sockets last after rearm()
STRAY_SOCKETS = 1000  # connections and TIME_WAITs of the scrapes

GOAL_COUNT, GOAL_DETAIL, GOAL_DETAIL_UNIQUE = 0.12, 1.15, 1.30  # x the bare drain
GOAL_PORTS_OF_A_SERVER = 0.40
GOAL_COUNT_SOCKETS = 500_000  # the goal for the count sample applies from this number on
GOAL_PEAK_MIB, GOAL_IDLE_PERCENT, GOAL_BUDGET_PERCENT = 12, 0.2, 2.0

IDLE = Recipe("an idle host", {"established": 20, "listen": 10}, {})
NOT_COMPARED = {"web", "scrape", "netns", "events", "knee"}  # the parts without other samplers


# ---- the benchmark ----


class Bench:
    """Directories and programs."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.work = os.path.join(self.build, "bench")
        os.makedirs(self.work, exist_ok=True)
        self.peers = self.fetch_peers()

    def program(self, name):
        path = os.path.join(self.build, name)
        if not os.access(path, os.X_OK):
            raise Failure(f"{os.path.basename(name)} is not built: skipped")
        return path

    def log(self, name):
        return open(os.path.join(self.work, f"{name}.log"), "w", encoding="utf-8")

    def fetch_peers(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers.sh")
        lines = subprocess.run(
            [script, os.path.join(self.work, "peers")],
            stdout=subprocess.PIPE, text=True, check=True, timeout=300,
        ).stdout.splitlines()
        return {name: fields for name, *fields in (line.split("\t") for line in lines)}

    def peer(self, name):
        """Program and library path of a peer."""
        status, *fields = self.peers[name]
        if status != "ok":
            raise Failure(f"missing: {fields[0]}")
        return fields[1:]

    def exporter_version(self):
        try:
            argv = [self.program("sockdiag_exporter"), "--version"]
            output = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
            return (output.stdout or output.stderr).split("\n")[0]
        except Failure as failure:
            return str(failure)


def recipes(sockets):
    """name -> Recipe; the largest population has `sockets` sockets."""

    def established(count, destinations, detail, spread):
        title = f"{count:,} ESTABLISHED, destinations: {spread}"
        goals = {PORTS: detail, DETAIL: detail} | ({COUNT: GOAL_COUNT} if count >= GOAL_COUNT_SOCKETS else {})
        return Recipe(title, {"established": count, "destinations": destinations}, goals)

    scattered = established(sockets, 1000, GOAL_DETAIL, "1,000 in turn")
    scattered.options["interleaved"] = True

    server = {"server": sockets * 95 // 100, "established": sockets * 5 // 100, "listen": 10}
    half = sockets // 2
    mix = {"established": half * 60 // 100, "server": half * 14 // 100, "listen": 200}
    mix |= {"time-wait": half * 24 // 100, "half-closed": half // 100, "ipv6": 20}
    return {
        "half": established(half, 1000, GOAL_DETAIL, "1,000 one after the other"),
        "full": established(sockets, 1000, GOAL_DETAIL, "1,000 one after the other"),
        "server": Recipe(
            f"{sockets:,} ESTABLISHED, 95 % at listeners outside of the range", server,
            {PORTS: GOAL_PORTS_OF_A_SERVER, DETAIL: GOAL_DETAIL},
        ),
        "scattered": scattered,
        "unique": established(sockets, "unique", GOAL_DETAIL_UNIQUE, "each with its own"),
        "mixed": Recipe(f"{half:,} sockets, mixed", mix, {}),
    }


class Table:
    """The subjects' results on one population; printed and saved."""

    def __init__(self, population):
        self.population = population
        self.entries = {row: {"samples": [], "ratios": [], "remark": ""} for row in ROWS}
        self.credibility = None

    def remark(self, rows, text):
        for row in rows:
            self.entries[row]["remark"] = str(text)
        progress(f"{', '.join(rows)}: {text}")

    def add_round(self, samples):
        for row, sample in samples.items():
            self.entries[row]["samples"].append(sample)
            self.entries[row]["ratios"].append(sample.cpu / samples[DRAIN].cpu)
            self.check_count(row, sample)

    def check_count(self, row, sample):
        """Figures are invalid if the subject does not report all sockets."""
        counts = self.population.counts
        there = self.population.sockets() if row == DRAIN else int(counts["established"])
        if sample.seen is not None and not there <= sample.seen <= there + STRAY_SOCKETS:
            self.remark((row,), f"reported {sample.seen:,} of {there:,} sockets")


def take_round(drain, subjects, table):
    """A sample of every subject between two drains. Drops a subject that fails."""
    samples = drain.samples()
    for subject in list(subjects):
        try:
            samples |= subject.samples()
        except (Failure, OSError, http.client.HTTPException) as failure:
            table.remark(subject.rows, failure)
            subjects.remove(subject)
    first, last = samples[DRAIN], drain.sample()
    samples[DRAIN] = dataclasses.replace(last, cpu=(first.cpu + last.cpu) / 2)
    table.add_round(samples)


def measure(bench, population, rounds):
    """Interleaved rounds on one population. Returns the table."""
    flags = [f"--sample.interval={PAUSE_SECONDS}s", "--sample.detail-interval=5s"]
    flags += ["--sample.cpu-budget=100"]
    table, drain, subjects = Table(population), Drain(bench, population.netns), []
    with contextlib.ExitStack() as stack:
        for kind in (Exporter, PortsSample, Collectd, NodeExporter, Ss):
            try:
                extra = [flags] if kind is Exporter else []
                subject = kind(bench, population.netns, *extra)
                subjects.append(stack.enter_context(contextlib.closing(subject)))
                if kind is Exporter:
                    subject.stop()
            except Failure as failure:
                table.remark(kind.rows, failure)
        for number in range(1, rounds + 1):
            progress(f"round {number} of {rounds}")
            population.rearm()
            start = time.monotonic()
            take_round(drain, subjects, table)
            if population.counts["time_wait"] and time.monotonic() - start > TIME_WAIT_SECONDS:
                table.remark((DRAIN,), "a round outlasted TIME_WAIT: sockets were lost")
        for subject in subjects:
            if isinstance(subject, Exporter):
                table.credibility = subject.credibility()
    return table


def watch(bench, netns, seconds):
    """The exporter at its default settings: its share of one CPU, in percent, and its memory."""
    with contextlib.closing(Exporter(bench, netns, [])) as exporter:
        exporter.wait_until_running()
        cpu, start = exporter.daemon.cpu(), time.monotonic()
        time.sleep(seconds)
        cpu, elapsed = exporter.daemon.cpu() - cpu, time.monotonic() - start
        text = exporter.daemon.get()
        result = {"percent": 100 * cpu / elapsed, "seconds": elapsed}
        for kind in ("count", "ports", "detail"):
            name = "sockdiag_exporter_sample_interval_seconds"
            result[f"{kind}_interval"] = value(text, name, sample=kind)
        result["ports_age"] = result["ports_interval"] + value(
            text, "sockdiag_exporter_sample_duration_seconds", sample="ports"
        )
        result["bound"] = value(text, "sockdiag_ephemeral_port_utilization_bound_ratio")
        for field in ("VmRSS", "VmHWM"):
            result[field] = exporter.daemon.memory_kib(field)
        return result


def watch_or_reason(*arguments):
    try:
        return watch(*arguments)
    except (Failure, OSError, http.client.HTTPException) as failure:
        progress(f"sockdiag_exporter: {failure}")
        return {"remark": str(failure)}


def connect_knee(bench):
    """The time of connect() and the exporter's numbers while one destination uses up the ports: the
    command that measures them, and the lines of the Markdown table that it prints."""
    programs = map(bench.program, ("tests/bench/connect_knee", "sockdiag_exporter"))
    knee, exporter = map(os.path.relpath, programs)
    argv = [knee, f"--exporter={exporter}"]
    _, _, process = one_shot(
        argv, None, bench.log("connect_knee"), stdout=subprocess.PIPE, text=True
    )
    with process.stdout:
        return {"command": shlex.join(argv), "table": process.stdout.read().splitlines()}


def measure_events(bench):
    """What counting events costs connections: the table of tcp_events."""
    program = bench.program("tests/bench/tcp_events")
    mount = "[ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing; exec "
    argv = ["unshare", "--mount", "sh", "-c", mount + shlex.quote(program)]
    result = subprocess.run(argv, capture_output=True, text=True, timeout=600, check=False)
    if result.returncode != 0:
        return {"remark": result.stderr.strip()}
    return {"table": result.stdout.splitlines()}


def print_events(result):
    print("## What counted events cost a connection over loopback, both ends together\n")
    print("\n".join(result["table"]) if "table" in result else f"Not measured: {result['remark']}")
    print()


def connect_knee_or_reason(bench):
    try:
        return connect_knee(bench)
    except (Failure, OSError) as failure:
        progress(f"connect_knee: {failure}")
        return {"remark": str(failure)}


# ---- the report ----


def table_row(row, entry, recipe):
    cells = [row] + ["-"] * 5
    if entry["samples"]:
        cpus = [sample.cpu for sample in entry["samples"]]
        ratios = entry["ratios"]
        ratio = statistics.median(ratios)
        cells[1] = f"{statistics.median(cpus):.3f} s"
        cells[2] = f"{ratio:.3f} ({min(ratios):.3f}-{max(ratios):.3f})" if row != DRAIN else "1"
        peaks = [sample.peak_kib for sample in entry["samples"] if sample.peak_kib]
        cells[3] = f"{max(peaks) / 1024:.1f} MiB" if peaks else "-"
        if row in recipe.goals:
            cells[4] = verdict(ratio, recipe.goals[row])
        if row == DETAIL and peaks:
            peak = verdict(max(peaks) / 1024, GOAL_PEAK_MIB, " MiB")
            cells[4] = f"{cells[4]}; {peak}".removeprefix("-; ")
    cells[5] = entry["remark"] or cells[5]
    return cells


def print_population(recipe, population, table):
    counts = {key: int(number) for key, number in population.counts.items()}
    print(f"## {recipe.title}\n")
    print(
        f"{counts['established']:,} ESTABLISHED ({counts['ipv6']:,} of them IPv6), "
        f"{counts['time_wait']:,} TIME_WAIT, {counts['close_wait']:,} CLOSE_WAIT, "
        f"{counts['fin_wait2']:,} FIN_WAIT2, {counts['listen']:,} LISTEN.\n"
    )
    header = ("", "CPU a sample", "ratio to the drain (range)", "peak memory", "goal", "remark")
    print_table(header, [table_row(row, table.entries[row], recipe) for row in ROWS])
    if table.credibility:
        print(
            "The exporter's own figures checked against its process's CPU clock: the process used "
            f"{table.credibility:.3f} x the time of its samples, including start and scrapes.\n"
        )


def print_watch(title, result, goal):
    if "remark" in result:
        cells = ["-"] * 6 + [result["remark"]]
    else:
        intervals = [result[f"{kind}_interval"] for kind in ("count", "ports", "detail")]
        cells = [f"{result['percent']:.3f} %"]
        cells += [verdict(result["percent"], goal, " %")]
        cells += [f"{result['VmRSS'] / 1024:.1f} / {result['VmHWM'] / 1024:.1f} MiB"]
        cells += [" / ".join("-" if i is None else f"{i:.3g} s" for i in intervals)]
        cells += [f"{result['ports_age']:.3g} s", "-" if result["bound"] is None else "yes", "-"]
    print(f"## {title}\n")
    header = ("of one CPU", "goal", "memory now / peak", "interval count / ports / detail")
    header += ("greatest age of port numbers", "bound", "remark")
    print_table(header, [cells])


def print_knee(result):
    print("## connect() while one destination uses up the ephemeral ports\n")
    if "remark" in result:
        print(f"Not measured: {result['remark']}\n")
    else:
        print(f"Made by `{result['command']}`.\n\n" + "\n".join(result["table"]) + "\n")


def print_header(bench, facts):
    print("# sockdiag_exporter compared with its peers\n")
    for name, fact in facts.items():
        print(f"- {name}: {fact}")
    for name, (status, *fields) in bench.peers.items():
        print(f"- {name}: {fields[0] if status == 'ok' else 'MISSING, ' + fields[0]}")
    print(flush=True)


# ---- the run ----


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--build", default="build", help="the build directory")
    parser.add_argument("--sockets", type=int, default=1_000_000, help="in the largest population")
    parser.add_argument("--rounds", type=int, default=5, help="of interleaved samples")
    parser.add_argument("--idle-seconds", type=float, default=30)
    parser.add_argument("--budget-seconds", type=float, default=60)
    parser.add_argument("--namespaces", type=int, default=200, help="with half of the sockets")
    parser.add_argument("--netns-seconds", type=float, default=40)
    parser.add_argument("--walk-seconds", type=int, default=360, help="for each kind of hash table")
    parser.add_argument("--web-seconds", type=int, default=4, help="each tool loads each subject")
    parser.add_argument("--scrape-seconds", type=float, default=12, help="of each phase")
    parser.add_argument(
        "--only", action="append",
        choices=("idle", "web", "scrape", *recipes(0), "budget", "netns", "events", "knee"),
        help="this part of the benchmark (may be repeated; budget needs full or server)",
    )
    return parser.parse_args()


def run_populations(bench, options, wanted, report):
    progress(IDLE.title)
    with Population(bench, IDLE) as population:
        with contextlib.suppress(Failure):  # its row will show the reason
            Collectd.calibrate(bench, population.netns)
        if wanted("idle"):
            report["idle"] = watch_or_reason(bench, population.netns, options.idle_seconds)
            print_watch("Default settings, 30 sockets", report["idle"], GOAL_IDLE_PERCENT)
    for name, recipe in recipes(options.sockets).items():
        if not wanted(name):
            continue
        progress(recipe.title)
        with Population(bench, recipe) as population:
            made = "made in {seconds:.1f} s by {processes:.0f} processes"
            progress(made.format_map(population.counts))
            table = measure(bench, population, options.rounds)
            report["populations"][name] = {
                "counts": population.counts,
                "rows": table.entries,
                "exporter_cpu_over_samples_cpu": table.credibility,
            }
            print_population(recipe, population, table)
            if name in ("full", "server") and wanted("budget"):
                progress("the CPU budget")
                seconds = options.budget_seconds
                result = watch_or_reason(bench, population.netns, seconds)
                report.setdefault("budget", {})[name] = result
                print_watch(f"Default settings, {recipe.title}", result, GOAL_BUDGET_PERCENT)


def run_web(bench, options, report):
    with Population(bench, IDLE) as population:
        report["web"] = web_load.load_all(bench, population.netns, options.web_seconds)
        web_load.print_loads(report["web"], options.web_seconds)


def run_scrape(bench, options, report):
    title = f"{options.sockets:,} TIME_WAIT"
    time_wait = Recipe(title, {"established": 20, "listen": 10, "time-wait": options.sockets}, {})
    loaded = (time_wait, recipes(options.sockets)["full"])
    try:
        results = scrape_latency.measure(bench, IDLE, loaded, options.scrape_seconds)
    except (Failure, OSError) as failure:
        results = {"remark": str(failure)}
    report["scrape"] = results
    scrape_latency.print_results(results)


def run_netns(bench, options, report):
    sockets, count = options.sockets // 2, options.namespaces
    try:
        result = namespaces.measure(bench, sockets, count, options.netns_seconds)
    except (Failure, OSError, http.client.HTTPException) as failure:
        progress(f"netns: {failure}")
        result = {"remark": str(failure)}
    report["netns"] = result
    namespaces.print_results(result, sockets, count)
    report["walks"] = {}
    for description, flags in {"one of all": (), "its own": ("--own-tables",)}.items():
        try:
            figures = namespaces.measure_walks(bench, sockets, count, options.walk_seconds, *flags)
        except (Failure, OSError, subprocess.TimeoutExpired) as failure:
            figures = {"remark": str(failure)}
        report["walks"][description] = figures
    namespaces.print_walks(report["walks"])


def run(bench, options, report):
    def wanted(name):
        return not options.only or name in options.only

    if not options.only or set(options.only) - NOT_COMPARED:
        run_populations(bench, options, wanted, report)
    if wanted("web"):
        run_web(bench, options, report)
    if wanted("scrape"):
        run_scrape(bench, options, report)
    if wanted("netns"):
        run_netns(bench, options, report)
    if wanted("events"):
        progress("counted events")
        report["events"] = measure_events(bench)
        print_events(report["events"])
    if wanted("knee"):
        progress("the knee of connect()")
        report["knee"] = connect_knee_or_reason(bench)
        print_knee(report["knee"])


def end_on_signals():
    """End in order at the first signal, and ignore further signals."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def end(number, _):
        for other in signals:
            signal.signal(other, signal.SIG_IGN)
        progress(f"{signal.Signals(number).name}: cleaning up")
        sys.exit(128 + number)

    for number in signals:
        signal.signal(number, end)


def main():
    options = arguments()
    end_on_signals()
    start = time.monotonic()
    try:
        bench = Bench(options.build)
        facts = {
            "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
            "CPUs": os.cpu_count(),
            "load average before": os.getloadavg()[0],
            "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            "command": shlex.join(sys.argv),
            "sockdiag_exporter": bench.exporter_version(),
        }
        report = {"facts": facts, "peers": bench.peers, "populations": {}}
        print_header(bench, facts)
        run(bench, options, report)
    except (Failure, OSError, subprocess.SubprocessError) as failure:
        sys.exit(f"bench.py: {failure}")
    report["seconds"] = time.monotonic() - start
    with open(os.path.join(bench.work, "results.json"), "w", encoding="utf-8") as file:
        json.dump(report, file, indent=2, default=dataclasses.asdict)
    print(f"Took {report['seconds']:.0f} s; all figures are in {file.name}.")


if __name__ == "__main__":
    main()
