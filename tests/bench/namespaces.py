# SPDX-License-Identifier: Apache-2.0
"""Measure --collector.netns beside many network namespaces with many sockets, at the default budget.

The sockets are spread over the namespaces as 1/1, 1/2, 1/3 and so on: few have most of them. A quarter
are TIME_WAIT. The exporter is in a small namespace of its own, and each page that it serves says when
the namespace whose reading is oldest was last read: the age of its numbers at the scrape.
"""

import contextlib
import re
import subprocess
import time

from population import Population, Recipe
from processes import Failure, progress, value
from report import percentile, print_table, verdict
from samplers import Exporter

TIME_WAIT_SHARE = 0.25
SETTLE_SECONDS = 15  # every file was read, and the costs are known
SCRAPE_SECONDS = 1
REARM_SECONDS = 20  # TIME_WAIT lasts for 60

GOAL_PERCENT, GOAL_INTERVAL, GOAL_AGE, GOAL_PEAK_MIB = 2.0, 1.0, 1.1, 20

# From a burst to its exact number: the targets, and what tests/unit/test_walk_schedule.c gives for 36 ms a walk.
GOAL_DETECTION = {"median": 5, "p95": 23}
SIMULATED = {"median": 4, "p95": 18}

FILES = ("sockstat", "sockstat6", "snmp", "netstat")


def spread(sockets, namespaces):
    weights = [1 / (i + 1) for i in range(namespaces)]
    return [round(sockets * weight / sum(weights)) for weight in weights]


def rearm(populations):
    for population in populations:
        population.rearm()


def populate(stack, bench, sockets, namespaces):
    """The populations of all namespaces, the largest last: TIME_WAIT lasts a minute."""
    populations, rearmed = [], time.monotonic()
    for count in reversed(spread(sockets, namespaces)):
        time_wait = round(count * TIME_WAIT_SHARE)
        options = {"established": count - time_wait, "time-wait": time_wait, "listen": 1}
        populations.append(stack.enter_context(Population(bench, Recipe("", options, {}))))
        if time.monotonic() - rearmed > REARM_SECONDS:
            rearm(populations)
            rearmed = time.monotonic()
    rearm(populations)
    return populations


def oldest(text, file):
    name = "sockdiag_exporter_netns_oldest_reading_timestamp_seconds"
    return value(text, name, file=file)


def total(text, kind):
    pattern = rf'^sockdiag_netns_tcp_sockets{{netns="[^"]*",kind="{kind}"}} (\S+)$'
    return sum(float(number) for number in re.findall(pattern, text, re.MULTILINE))


def scrape(daemon, seconds):
    """Pages once a second, with the time of each."""
    pages, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        pages.append((daemon.get(), time.time()))
        time.sleep(SCRAPE_SECONDS)
    return pages


def check(text, populations, result):
    """Figures are invalid if the exporter does not see all sockets."""
    for kind, states in (("full", ("established", "listen")), ("time_wait", ("time_wait",))):
        there = sum(population.counts[state] for population in populations for state in states)
        result[kind] = total(text, kind)
        if result[kind] < there:
            raise Failure(f"reported {result[kind]:,.0f} of {there:,.0f} sockets of kind {kind}")


def watch(exporter, populations, seconds):
    daemon = exporter.daemon
    exporter.wait_until_running()
    time.sleep(SETTLE_SECONDS)
    rearm(populations)
    first, start, cpu = daemon.get(), time.monotonic(), daemon.cpu()
    pages = scrape(daemon, seconds)
    elapsed, cpu, last = time.monotonic() - start, daemon.cpu() - cpu, daemon.get()
    result = {"seconds": elapsed, "process_percent": 100 * cpu / elapsed, "bytes": len(last)}
    check(pages[len(pages) // 2][0], populations, result)

    def percent(name, **labels):
        return 100 / elapsed * (value(last, name, **labels) - value(first, name, **labels))

    result["netns_percent"] = percent("sockdiag_exporter_netns_cpu_seconds_total")
    samples = "sockdiag_exporter_sample_cpu_seconds_total"
    result["sampling_percent"] = result["netns_percent"] + sum(
        percent(samples, sample=kind) for kind in ("count", "ports", "detail")
    )
    for file in FILES:
        ages = [when - oldest(text, file) for text, when in pages]
        result[f"{file}_ages"] = [percentile(ages, share) for share in (0.5, 0.95, 1)]
        name = "sockdiag_exporter_netns_interval_seconds"
        result[f"{file}_interval"] = value(last, name, file=file)
    result["named"] = value(last, "sockdiag_netns_namespaces", kind="named")
    result["peak_kib"] = daemon.memory_kib()
    return result


def measure(bench, sockets, namespaces, seconds):
    progress(f"{sockets:,} sockets in {namespaces} network namespaces")
    with contextlib.ExitStack() as stack:
        idle = Population(bench, Recipe("", {"established": 10, "listen": 1}, {}))
        own = stack.enter_context(idle)
        populations = populate(stack, bench, sockets, namespaces)
        flags = ["--collector.netns", "--collector.netns.max=1000"]
        exporter = stack.enter_context(contextlib.closing(Exporter(bench, own.netns, flags)))
        return watch(exporter, populations, seconds)


def print_results(result, sockets, namespaces):
    print(f"## Every network namespace: {sockets:,} sockets in {namespaces} of them\n")
    if "remark" in result:
        print(f"Not measured: {result['remark']}\n")
        return
    print(
        f"{result['named']:.0f} namespaces with series of their own, {result['full']:,.0f} full sockets "
        f"and {result['time_wait']:,.0f} TIME_WAIT in them; a page of {result['bytes']:,} bytes. Scraped "
        f"once a second for {result['seconds']:.0f} s.\n"
    )
    percent = "process_percent", "sampling_percent", "netns_percent"
    cells = [f"{result[name]:.3f} %" for name in percent]
    cells.append(verdict(result["sampling_percent"], GOAL_PERCENT, " %"))
    cells += [f"{result['peak_kib'] / 1024:.1f} MiB"]
    cells += [verdict(result["peak_kib"] / 1024, GOAL_PEAK_MIB, " MiB")]
    header = ("process, scrapes included", "sampling", "of it namespaces", "goal", "peak", "goal")
    print_table(header, [cells])
    rows = []
    for file in FILES:
        ages = " / ".join(f"{age:.2f}" for age in result[f"{file}_ages"])
        goals = "-"
        if file == "sockstat":
            goals = verdict(result["sockstat_interval"], GOAL_INTERVAL, " s") + "; "
            goals += verdict(result["sockstat_ages"][1], GOAL_AGE, " s")
        rows.append([file, f"{result[f'{file}_interval']:.3g} s", f"{ages} s", goals])
    header = ("file", "interval in force", "age of the oldest at a scrape: 50th / 95th / most", "goals")
    print_table(header, rows)


def measure_walks(bench, sockets, namespaces, seconds, *flags):
    """The figures that netns_walks prints, by name. Its own processes end with it."""
    progress(f"walks of {namespaces} network namespaces {' '.join(flags)}")
    program = bench.program("tests/bench/netns_walks")
    options = [f"--namespaces={namespaces}", f"--sockets={sockets}", f"--seconds={seconds}", *flags]
    result = subprocess.run([program, *options], capture_output=True, text=True, timeout=seconds + 300, check=False)
    if result.returncode != 0:
        raise Failure(f"netns_walks: {result.stderr.strip()}")
    return {name: float(number) for name, number in re.findall(r"(\w+)=(\S+)", result.stdout)}


def print_walks(tables):
    """`tables` maps a description to its figures, or to the reason why there are none."""
    print("Walks, with 2 % of a CPU: the time from a burst of connections in one namespace, when 40 % of its ports are")
    print(f"in use, to its exact number. Simulated: {SIMULATED['median']} s and {SIMULATED['p95']} s.\n")
    rows = []
    for description, figures in tables.items():
        if "remark" in figures:
            rows.append([description, figures["remark"], "", "", "", "", ""])
            continue
        cells = [f"{figures['ms_a_walk']:.1f} ms", f"{figures['cpu_percent']:.2f} %"]
        cells.append(f"{figures['seen']:.0f} of {figures['bursts']:.0f}")
        cells += [f"{figures[f'delay_{name}']:.1f} s" for name in ("median", "p95")]
        cells.append("; ".join(verdict(figures[f"delay_{name}"], GOAL_DETECTION[name], " s") for name in GOAL_DETECTION))
        rows.append([description, *cells])
    print_table(("hash table", "a walk", "CPU", "bursts seen", "median", "95th percentile", "goals"), rows)
