#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the exporter beside its peers, on the same sockets, in one run.

    bench.py [--build DIRECTORY] [--sockets 1000000] [--rounds 5] [--only NAME]...

The build directory has sockdiag_exporter in it and, in tests/bench, fabricate, drain and
connect_knee. For a quick run: --sockets 100000 --rounds 3 --idle-seconds 10 --budget-seconds 10.
Needs root, or `unshare --user --map-root-user`. A Markdown report goes to standard output, every
figure of it to bench/results.json in the build directory, progress to standard error.

The machine is noisy, so what counts is the ratio to the bare drain: each round drains the
population first and last and lets every subject take a sample in between, and the table shows the
median of the rounds' ratios. Subjects that run on a timer are stopped (SIGSTOP) or not running
while others are measured. The exporter sleeps between its samples, so before each sample of the
others and before each drain the sockets are left alone for as long: nobody finds caches that the
walk before has warmed. CPU seconds are the utime + stime of /proc/PID/stat, but read from the CPU
clock of the process: it has nanoseconds where the file has ticks. Peak memory is VmHWM.

Everything runs in network namespaces that `fabricate` and `connect_knee` make; nothing outlives
this script.
"""

import argparse
import concurrent.futures
import contextlib
import ctypes
import dataclasses
import datetime
import functools
import http
import http.client
import json
import os
import platform
import re
import select
import shlex
import signal
import socket
import statistics
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

QUIET_MASK = 0xFFF & ~(1 << 1 | 1 << 6)  # every state but ESTABLISHED and TIME_WAIT

EXPORTER_PORT, NODE_EXPORTER_PORT, COLLECTD_PORT = 19073, 19100, 19103
READY_SECONDS = 180  # to fabricate a population
PAUSE_SECONDS = 1  # before a sample: the exporter's interval
SAMPLE_SECONDS = 30  # for a subject to take its sample, and for a daemon to start
TIME_WAIT_SECONDS = 60  # how long TIME_WAIT sockets last after rearm()
POLL_SECONDS = 0.25
STRAY_SOCKETS = 1000  # scrapes are connections too, and leave TIME_WAIT behind

DRAIN, WALK = "bare drain", "bare walk, nothing reported"
COUNT, DETAIL = "sockdiag_exporter count", "sockdiag_exporter detail"
COLLECTD, NODE_EXPORTER, SS = "collectd tcpconns", "node_exporter tcpstat", "ss -tan"
ROWS = (DRAIN, WALK, COUNT, DETAIL, COLLECTD, NODE_EXPORTER, SS)

GOAL_COUNT, GOAL_DETAIL, GOAL_DETAIL_UNIQUE = 0.12, 1.15, 1.30  # x the bare drain
GOAL_COUNT_SOCKETS = 500_000  # the goal for the count sample holds from here on
GOAL_PEAK_MIB, GOAL_IDLE_PERCENT, GOAL_BUDGET_PERCENT = 12, 0.2, 2.0

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Why a subject has no figures; shown in its row."""


class NotReady(Failure):
    """It answers, but has no page yet: the exporter has just started, or was stopped for long."""


@dataclasses.dataclass
class Sample:
    cpu: float  # seconds
    peak_kib: int | None = None
    seen: int | None = None  # sockets reported: all by the drain, ESTABLISHED by the others


@dataclasses.dataclass
class Recipe:
    """A population: what `fabricate` is asked for, and what the exporter should cost there."""

    title: str
    options: dict[str, int | str | bool]  # True: an option without a value
    goals: dict[str, float]


def progress(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


# ---- processes and namespaces ----


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    """The network namespace of a process."""

    def __init__(self, pid):
        self.fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)

    def enter(self):
        """Moves the calling thread. There may be no way back: in a user namespace there is none."""
        check(libc.setns(self.fd, CLONE_NEWNET))

    def connect(self, port):
        """A connection to loopback in there, made by a thread that goes and does not return: a
        socket belongs to the namespace it was made in."""

        def there():
            self.enter()
            return socket.create_connection(("127.0.0.1", port), timeout=SAMPLE_SECONDS)

        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(there).result()

    def get(self, port, path):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        with contextlib.closing(connection):
            connection.sock = self.connect(port)
            connection.request("GET", path)
            response = connection.getresponse()
            if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                raise NotReady(f"{path} is not ready")
            if response.status != 200:
                raise Failure(f"{path} answered {response.status}")
            return response.read().decode()


def spawn(argv, netns=None, log=subprocess.DEVNULL, **options):
    """Starts a program in a namespace. It cannot outlive this process and, in a session of its own,
    does not hear the terminal's Ctrl-C: ending it in order is left to this script."""

    def prepare():
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        if netns:
            netns.enter()

    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | options
    return subprocess.Popen(
        argv, stderr=log, start_new_session=True, preexec_fn=prepare, **options
    )


def cpu_seconds(pid):
    """User and system time of all threads of a process, the ended ones included."""
    clock = ctypes.c_int()
    if libc.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise Failure("ended early")
    return time.clock_gettime(clock.value)


def pause():
    """As long as the exporter sleeps between two samples."""
    time.sleep(PAUSE_SECONDS)


def memory_kib(pid, field):
    """VmHWM or VmRSS of a process; None if it has ended."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        match = re.search(rf"^{field}:\s+(\d+) kB", status.read(), re.MULTILINE)
    return int(match[1]) if match else None


def one_shot(argv, netns, log, **options):
    """Runs a command to its end. Returns its CPU seconds, from rusage, and its peak memory."""
    process = spawn(argv, netns, log, **options)
    pidfd = os.pidfd_open(process.pid)
    peak, deadline = None, time.monotonic() + SAMPLE_SECONDS
    try:
        # ru_maxrss starts from the size of this script, so watch VmHWM, which starts at exec.
        while not select.select([pidfd], [], [], 0.02)[0]:
            peak = memory_kib(process.pid, "VmHWM") or peak
            if time.monotonic() > deadline:
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        os.close(pidfd)
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise Failure(f"exit code {process.returncode}: {last_line(log)}")
    return usage.ru_utime + usage.ru_stime, peak, process


def last_line(log):
    with open(log.name, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    return next((line for line in reversed(lines) if line.strip()), "no message")


class Population:
    """Sockets in a namespace of their own, for the time of a `with` block."""

    def __init__(self, bench, recipe):
        options = [
            f"--{name}" if setting is True else f"--{name}={setting}"
            for name, setting in recipe.options.items()
        ]
        self.argv = [bench.program("tests/bench/fabricate"), *options]
        self.log = bench.log("fabricate")

    def __enter__(self):
        pipe = subprocess.PIPE
        self.process = spawn(self.argv, None, self.log, stdin=pipe, stdout=pipe, bufsize=0)
        try:
            ready = self.answer()
            self.counts = {key: float(value) for key, value in re.findall(r"(\w+)=(\S+)", ready)}
            self.netns = Namespace(self.process.pid)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.netns.close()
        self.end()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def answer(self):
        """The next line that `fabricate` says; it writes a line at once."""
        if not select.select([self.process.stdout], [], [], READY_SECONDS)[0]:
            raise Failure(f"fabricate: no answer in {READY_SECONDS} s")
        line = self.process.stdout.readline().decode()
        if not line:
            self.process.wait(READY_SECONDS)
            raise Failure(last_line(self.log))
        return line

    def rearm(self):
        """Gives the TIME_WAIT sockets their full time again."""
        if self.counts["time_wait"] > 0:
            self.process.stdin.write(b"rearm\n")
            self.answer()

    def sockets(self):
        states = ("established", "time_wait", "close_wait", "fin_wait2", "listen")
        return int(sum(self.counts[state] for state in states))


# ---- subjects ----


def value(text, name, **labels):
    """The value of a series in the text format; None if there is none with these labels."""
    for line in text.splitlines():
        match = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if match and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")).items():
            return float(match[2])
    return None


class Daemon:
    """A program that answers on a port in a namespace."""

    def __init__(self, netns, argv, port, log, **options):
        self.netns, self.port, self.log = netns, port, log
        self.process = spawn(argv, netns, log, **options)

    def close(self):
        self.process.kill()
        self.process.wait()

    def get(self, path="/metrics"):
        return self.netns.get(self.port, path)

    def wait_for(self, condition, path="/metrics"):
        """Fetches a page until condition(text) is true of it. Returns the text."""
        deadline = time.monotonic() + SAMPLE_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"exit code {self.process.returncode}: {last_line(self.log)}")
            with contextlib.suppress(ConnectionError, NotReady):
                text = self.get(path)
                if condition(text):
                    return text
            time.sleep(POLL_SECONDS)
        raise Failure(f"not ready within {SAMPLE_SECONDS} s: {last_line(self.log)}")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def settled_cpu(self):
        """The CPU time once the process has come to rest: garbage is collected after the answer."""
        deadline, last, now = time.monotonic() + 2, -1.0, self.cpu()
        while now - last > 0.001 and time.monotonic() < deadline:
            time.sleep(0.05)
            last, now = now, self.cpu()
        return now

    def memory_kib(self, field="VmHWM"):
        return memory_kib(self.process.pid, field)


class Drain:
    """The floors: a dump of every socket, and the same walk with a mask that leaves out what there
    is most of. No count that walks the kernel's hash costs less than the second."""

    rows = (DRAIN, WALK)

    def __init__(self, bench, netns):
        self.argv, self.netns = [bench.program("tests/bench/drain")], netns
        self.log = bench.log("drain")

    def sample(self, *options):
        pause()
        _, peak, process = one_shot(
            [*self.argv, *options], self.netns, self.log, stdout=subprocess.PIPE, text=True
        )
        with process.stdout:
            fields = dict(re.findall(r"(\w+)=(\S+)", process.stdout.read()))
        return Sample(float(fields["cpu"]), peak, int(fields["rows"]))

    def samples(self):
        walk = self.sample(f"--mask={QUIET_MASK}")
        return {DRAIN: self.sample(), WALK: dataclasses.replace(walk, seen=None)}


class Ss:
    rows = (SS,)

    def __init__(self, bench, netns):
        self.argv, self.netns, self.log = [bench.peer("ss")[0], "-tan"], netns, bench.log("ss")

    def close(self):
        pass

    def samples(self):
        pause()
        cpu, peak, _ = one_shot(self.argv, self.netns, self.log)
        return {SS: Sample(cpu, peak)}


class NodeExporter:
    """Samples when scraped, so a sample is a scrape."""

    rows = (NODE_EXPORTER,)

    def __init__(self, bench, netns):
        program, _ = bench.peer("node_exporter")
        argv = [program, "--collector.disable-defaults", "--collector.tcpstat"]
        argv += ["--web.disable-exporter-metrics"]
        argv += [f"--web.listen-address=127.0.0.1:{NODE_EXPORTER_PORT}"]
        self.daemon = Daemon(netns, argv, NODE_EXPORTER_PORT, bench.log("node_exporter"))
        self.close = self.daemon.close

    def samples(self):
        self.daemon.wait_for(bool, "/")
        pause()
        before = self.daemon.settled_cpu()
        text = self.daemon.get()
        cpu = self.daemon.settled_cpu() - before
        seen = value(text, "node_tcp_connection_states", state="established")
        if seen is None:
            raise Failure("its tcpstat collector failed")
        return {NODE_EXPORTER: Sample(cpu, self.daemon.memory_kib(), int(seen))}


class Collectd:
    """Reads on a timer, once at the start: a sample is a fresh process whose next reading is far
    off, less what starting takes in a namespace without sockets."""

    rows = (COLLECTD,)
    start_cpu = 0.0

    CONFIGURATION = """\
BaseDir "{work}"
PIDFile "{work}/collectd.pid"
PluginDir "{root}/usr/lib/collectd"
TypesDB "{root}/usr/share/collectd/types.db"
Hostname "bench"
FQDNLookup false
Interval 3600
LoadPlugin tcpconns
<Plugin tcpconns>
    AllPortsSummary true
</Plugin>
LoadPlugin write_prometheus
<Plugin write_prometheus>
    Host "127.0.0.1"
    Port "{port}"
</Plugin>
"""

    def __init__(self, bench, netns):
        program, libraries = bench.peer("collectd")
        root = program.removesuffix("/usr/sbin/collectd")
        path = os.path.join(bench.work, "collectd.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.CONFIGURATION.format(work=bench.work, root=root, port=COLLECTD_PORT))
        argv, environment = [program, "-f", "-C", path], os.environ | {"LD_LIBRARY_PATH": libraries}
        self.start = functools.partial(
            Daemon, netns, argv, COLLECTD_PORT, bench.log("collectd"), env=environment
        )

    def close(self):
        pass

    @classmethod
    def calibrate(cls, bench, netns):
        with contextlib.closing(cls(bench, netns)) as subject:
            cls.start_cpu = statistics.median(subject.samples()[COLLECTD].cpu for _ in range(3))

    def samples(self):
        pause()
        series = functools.partial(
            value, name="collectd_tcpconns_tcp_connections", tcpconns="all", type="ESTABLISHED"
        )
        with contextlib.closing(self.start()) as daemon:
            seen = series(daemon.wait_for(lambda text: series(text) is not None))
            cpu = daemon.settled_cpu() - self.start_cpu
            return {COLLECTD: Sample(cpu, daemon.memory_kib(), int(seen))}


class Exporter:
    """Ours. It says itself what its samples cost; the CPU clock of its process says whether to
    believe it."""

    rows = (COUNT, DETAIL)
    SAMPLES = {COUNT: "count", DETAIL: "detail"}
    WAKING = {COUNT: 1, DETAIL: 1}  # overdue after SIGCONT: they follow a drain, and do not count
    WANTED = {COUNT: 3, DETAIL: 1}  # samples a round

    def __init__(self, bench, netns, flags):
        argv = [bench.program("sockdiag_exporter"), *flags]
        argv += [f"--web.listen-address=127.0.0.1:{EXPORTER_PORT}"]
        self.daemon = Daemon(netns, argv, EXPORTER_PORT, bench.log("sockdiag_exporter"))
        self.close = self.daemon.close
        self.claimed = self.used = 0.0

    def stop(self):
        self.daemon.process.send_signal(signal.SIGSTOP)

    def read(self, text):
        """{row: (samples taken, CPU seconds they took)}"""
        result = {}
        for row, sample in self.SAMPLES.items():
            taken = value(text, "sockdiag_exporter_samples_total", sample=sample, result="success")
            cpu = value(text, "sockdiag_exporter_sample_cpu_seconds_total", sample=sample)
            result[row] = (taken or 0.0, cpu or 0.0)
        return result

    def wait_for_samples(self, since, wanted):
        """Waits for that many samples more than `since`. Returns the page that shows them."""

        def taken(text):
            now = self.read(text)
            return all(now[row][0] >= since[row][0] + wanted[row] for row in self.rows)

        return self.daemon.wait_for(taken)

    def wait_until_running(self):
        none = dict.fromkeys(self.rows, (0.0, 0.0))
        return self.wait_for_samples(none, dict.fromkeys(self.rows, 1))

    def samples(self):
        self.daemon.process.send_signal(signal.SIGCONT)
        awake = self.read(self.wait_until_running())
        before = self.read(self.wait_for_samples(awake, self.WAKING))
        text = self.wait_for_samples(before, self.WANTED)
        self.used = self.daemon.cpu()
        self.stop()
        after, peak = self.read(text), self.daemon.memory_kib()
        seen = value(text, "sockdiag_tcp_sockets", state="established")
        self.claimed = sum(cpu for _, cpu in after.values())
        result = {}
        for row in self.rows:
            taken, cpu = (now - then for now, then in zip(after[row], before[row]))
            result[row] = Sample(cpu / taken, peak, None if seen is None else int(seen))
        return result

    def credibility(self):
        """CPU time of the process, start, web server and all, over that of its samples."""
        return self.used / self.claimed if self.claimed else None


# ---- the benchmark ----


class Bench:
    """Where things are, and what can be run."""

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
    """The populations, the largest of `sockets` sockets; name -> Recipe."""

    def established(count, destinations, detail, spread):
        title = f"{count:,} ESTABLISHED, destinations: {spread}"
        goals = {DETAIL: detail} | ({COUNT: GOAL_COUNT} if count >= GOAL_COUNT_SOCKETS else {})
        return Recipe(title, {"established": count, "destinations": destinations}, goals)

    scattered = established(sockets, 1000, GOAL_DETAIL, "1,000 in turn")
    scattered.options["interleaved"] = True

    half = sockets // 2
    mix = {"established": half * 60 // 100, "server": half * 14 // 100, "listen": 200}
    mix |= {"time-wait": half * 24 // 100, "half-closed": half // 100, "ipv6": 20}
    return {
        "half": established(half, 1000, GOAL_DETAIL, "1,000 one after the other"),
        "full": established(sockets, 1000, GOAL_DETAIL, "1,000 one after the other"),
        "scattered": scattered,
        "unique": established(sockets, "unique", GOAL_DETAIL_UNIQUE, "each with its own"),
        "mixed": Recipe(f"{half:,} sockets, mixed", mix, {}),
    }


class Table:
    """What the subjects measured on one population; printed and saved."""

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
        """A subject that does not report the sockets that are there has its figures for nothing."""
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
        for kind in (Exporter, Collectd, NodeExporter, Ss):
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
        for kind in ("count", "detail"):
            name = "sockdiag_exporter_sample_interval_seconds"
            result[f"{kind}_interval"] = value(text, name, sample=kind)
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
    """connect() beside the exporter's numbers while one destination uses up the ports: the command
    that measures it, and the lines of the Markdown table that it prints."""
    programs = map(bench.program, ("tests/bench/connect_knee", "sockdiag_exporter"))
    knee, exporter = map(os.path.relpath, programs)
    argv = [knee, f"--exporter={exporter}"]
    _, _, process = one_shot(
        argv, None, bench.log("connect_knee"), stdout=subprocess.PIPE, text=True
    )
    with process.stdout:
        return {"command": shlex.join(argv), "table": process.stdout.read().splitlines()}


def connect_knee_or_reason(bench):
    try:
        return connect_knee(bench)
    except (Failure, OSError) as failure:
        progress(f"connect_knee: {failure}")
        return {"remark": str(failure)}


# ---- the report ----


def verdict(figure, goal, unit=""):
    return f"<= {goal:g}{unit}: {'met' if figure <= goal else 'MISSED'}"


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


def print_table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


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
            f"{table.credibility:.3f} x what its samples account for, start and scrapes included.\n"
        )


def print_watch(title, result, goal):
    if "remark" in result:
        cells = ["-"] * 4 + [result["remark"]]
    else:
        intervals = [result[f"{kind}_interval"] for kind in ("count", "detail")]
        cells = [f"{result['percent']:.3f} %"]
        cells += [verdict(result["percent"], goal, " %")]
        cells += [f"{result['VmRSS'] / 1024:.1f} / {result['VmHWM'] / 1024:.1f} MiB"]
        cells += [" / ".join("-" if i is None else f"{i:.3g} s" for i in intervals), "-"]
    print(f"## {title}\n")
    header = ("of one CPU", "goal", "memory now / peak", "interval count / detail", "remark")
    print_table(header, [cells])


def print_knee(result):
    print("## connect() while one destination uses up the ephemeral ports\n")
    if "remark" in result:
        print(f"Not measured: {result['remark']}\n")
    else:
        print(f"Made by `{result['command']}`.\n\n" + "\n".join(result["table"]) + "\n")


def print_header(bench, facts):
    print("# sockdiag_exporter beside its peers\n")
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
    parser.add_argument(
        "--only", action="append", choices=("idle", *recipes(0), "budget", "knee"),
        help="this part of the benchmark (may be repeated; budget needs full)",
    )
    return parser.parse_args()


def run_populations(bench, options, wanted, report):
    progress("an idle host")
    idle = Recipe("an idle host", {"established": 20, "listen": 10}, {})
    with Population(bench, idle) as population:
        with contextlib.suppress(Failure):  # its row will say why
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
            if name == "full" and wanted("budget"):
                progress("the CPU budget")
                seconds = options.budget_seconds
                report["budget"] = watch_or_reason(bench, population.netns, seconds)
                title = f"Default settings, {recipe.title}"
                print_watch(title, report["budget"], GOAL_BUDGET_PERCENT)


def run(bench, options, report):
    def wanted(name):
        return not options.only or name in options.only

    if set(options.only or ()) != {"knee"}:
        run_populations(bench, options, wanted, report)
    if wanted("knee"):
        progress("the knee of connect()")
        report["knee"] = connect_knee_or_reason(bench)
        print_knee(report["knee"])


def end_on_signals():
    """Turns the first signal into an orderly end, and keeps others from disturbing it."""
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
