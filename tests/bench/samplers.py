# SPDX-License-Identifier: Apache-2.0
"""The exporter and its peers as samplers: how to start each, and how to make it take a sample."""

import contextlib
import dataclasses
import functools
import os
import re
import signal
import statistics
import subprocess
import time

from processes import Daemon, Failure, one_shot, value

QUIET_MASK = 0xFFF & ~(1 << 1 | 1 << 6)  # every state but ESTABLISHED and TIME_WAIT

EXPORTER_PORT, NODE_EXPORTER_PORT, COLLECTD_PORT = 19073, 19100, 19103
PAUSE_SECONDS = 1  # before a sample: the exporter's interval

DRAIN, WALK = "bare drain", "bare walk, nothing reported"
COUNT, PORTS = "sockdiag_exporter count", "sockdiag_exporter ports"
DETAIL = "sockdiag_exporter detail"
COLLECTD, NODE_EXPORTER, SS = "collectd tcpconns", "node_exporter tcpstat", "ss -tan"
ROWS = (DRAIN, WALK, COUNT, PORTS, DETAIL, COLLECTD, NODE_EXPORTER, SS)


def pause():
    """As long as the exporter sleeps between two samples."""
    time.sleep(PAUSE_SECONDS)


@dataclasses.dataclass
class Sample:
    cpu: float  # seconds
    peak_kib: int | None = None
    seen: int | None = None  # reported sockets: all for the drain, ESTABLISHED for the others


class Drain:
    """The minimum costs: a dump of every socket, and the same walk with a mask that leaves out the
    most frequent states. No count that walks the kernel's hash costs less than this walk."""

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


class PortsSample:
    """A ports sample of ours by a program of its own."""

    rows = (PORTS,)

    def __init__(self, bench, netns):
        self.argv, self.netns = [bench.program("tests/bench/ports_sample")], netns
        self.log = bench.log("ports_sample")

    def close(self):
        pass

    def samples(self):
        _, peak, process = one_shot(
            self.argv, self.netns, self.log, stdout=subprocess.PIPE, text=True
        )
        with process.stdout:
            return {PORTS: Sample(float(process.stdout.read().removeprefix("cpu=")), peak)}


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
    """It samples at each scrape, so a sample is a scrape."""

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
    """It reads on a timer and once at the start. A sample is the cost of a new process with a long
    interval, minus the cost of a start in a namespace without sockets."""

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
    """Ours. It reports the cost of its samples; the CPU clock of its process checks the report."""

    rows = (COUNT, DETAIL)
    SAMPLES = {COUNT: "count", DETAIL: "detail"}
    WAKING = {COUNT: 1, DETAIL: 1}  # overdue after SIGCONT and right after a drain: not counted
    WANTED = {COUNT: 3, DETAIL: 1}  # samples a round

    def __init__(self, bench, netns, flags, **access):
        argv = [bench.program("sockdiag_exporter"), *flags]
        argv += [f"--web.listen-address=127.0.0.1:{EXPORTER_PORT}"]
        self.daemon = Daemon(netns, argv, EXPORTER_PORT, bench.log("sockdiag_exporter"), **access)
        self.close = self.daemon.close
        self.claimed = self.used = 0.0

    def stop(self):
        self.daemon.process.send_signal(signal.SIGSTOP)

    def read(self, text):
        """{row: (samples taken, CPU seconds they took)}"""
        result = {}
        for row, sample in self.SAMPLES.items():
            taken = value(text, "sockdiag_exporter_samples_total", sample=sample)
            cpu = value(text, "sockdiag_exporter_sample_cpu_seconds_total", sample=sample)
            result[row] = (taken or 0.0, cpu or 0.0)
        return result

    def wait_for_samples(self, since, wanted):
        """Wait for `wanted` more samples than in `since`. Returns the page that shows them."""

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
        """CPU time of the whole process, including start and web server, over that of its samples."""
        return self.used / self.claimed if self.claimed else None
