# SPDX-License-Identifier: Apache-2.0
"""The web server under load: wrk and h2load request a page as fast as possible, over eight
connections from one thread: half of the default limit for one client.

Each subject runs alone, on the same small host. Pages differ in length, so the table also has their
bytes. The CPU of a scrape is the CPU time of the whole process, including its samples, divided by
the number of answers to both tools.
"""

import base64
import contextlib
import dataclasses
import os
import re
import ssl
import subprocess
import typing

from processes import Daemon, Failure, one_shot, progress
from report import milliseconds, percentile, print_table
from samplers import Collectd, Exporter, NodeExporter

CONNECTIONS = 8

GZIP = {"Accept-Encoding": "gzip"}
PROMETHEUS = {"Accept": "application/openmetrics-text;version=1.0.0"} | GZIP  # its preferred format
CLOSE = {"Connection": "close"}

# The password "bench" at cost 10, which takes 50 ms to check, only once if the result is cached.
USER, PASSWORD = "bench", "bench"
PASSWORD_HASH = "$2b$10$sockdiagexporterbench.Vg4of.SDvLyNH.07hqwDaWeeNBA66gq"


@dataclasses.dataclass
class Subject:
    title: str
    start: typing.Callable[..., Daemon]  # of the benchmark and the namespace
    headers: dict[str, str]  # of each request
    keeps_connections: bool = True


@dataclasses.dataclass
class Load:
    """What one tool measured."""

    requests: int
    rate: float  # a second
    p50: float  # seconds
    p99: float
    body: float | None = None  # bytes; only h2load reports it


def start_exporter(bench, netns, configuration=None, **access):
    flags = []
    if configuration:
        path = os.path.join(bench.work, "web.yml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(configuration)
        flags = [f"--web.config.file={path}"]
    return Exporter(bench, netns, flags, **access).daemon


def start_with_tls(bench, netns):
    """With a new self-signed certificate, which clients trust."""
    openssl, _ = bench.peer("openssl")
    key, certificate = (os.path.join(bench.work, name) for name in ("server.key", "server.pem"))
    argv = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    argv += ["-nodes", "-days", "1", "-subj", "/CN=bench", "-addext", "subjectAltName=IP:127.0.0.1"]
    argv += ["-keyout", key, "-out", certificate]
    one_shot(argv, None, bench.log("openssl"))
    files = f"cert_file: {certificate}, key_file: {key}"
    tls = ssl.create_default_context(cafile=certificate)
    return start_exporter(bench, netns, f"tls_server_config: {{{files}}}\n", tls=tls)


def credentials():
    return {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}


def start_with_password(bench, netns):
    users = f"basic_auth_users: {{{USER}: '{PASSWORD_HASH}'}}\n"
    return start_exporter(bench, netns, users, headers=credentials())


def start_node_exporter(bench, netns):
    return NodeExporter(bench, netns).daemon


def start_collectd(bench, netns):
    return Collectd(bench, netns).start()


# Those that make new connections come last: each connection leaves a TIME_WAIT to count.
SUBJECTS = (
    Subject("text", start_exporter, {}),
    Subject("text, gzip", start_exporter, GZIP),
    Subject("OpenMetrics, gzip", start_exporter, PROMETHEUS),
    Subject("OpenMetrics, gzip, password", start_with_password, PROMETHEUS | credentials()),
    Subject("OpenMetrics, gzip, TLS", start_with_tls, PROMETHEUS),
    Subject("node_exporter tcpstat, text", start_node_exporter, {}),
    Subject("node_exporter tcpstat, OpenMetrics, gzip", start_node_exporter, PROMETHEUS),
    Subject("collectd write_prometheus, text", start_collectd, {}),
    Subject("OpenMetrics, gzip, new connections", start_exporter, PROMETHEUS | CLOSE, False),
    Subject("OpenMetrics, gzip, TLS, new connections", start_with_tls, PROMETHEUS | CLOSE, False),
)


def field(pattern, text):
    match = re.search(pattern, text)
    if not match:
        raise Failure(f"no {pattern} in the tool's output")
    return float(match[1])


def run_tool(bench, netns, name, argv, headers):
    program, libraries = bench.peer(name)
    for header in headers.items():
        argv = ["-H", ": ".join(header), *argv]
    _, _, process = one_shot(
        [program, *argv], netns, bench.log(name), stdout=subprocess.PIPE, text=True,
        env=os.environ | {"LD_LIBRARY_PATH": libraries},
    )
    with process.stdout:
        return process.stdout.read()


def wrk(bench, netns, url, headers, seconds):
    argv = ["-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", url]
    text = run_tool(bench, netns, "wrk", argv, headers)
    bad = re.search(r"Non-2xx.*|Socket errors.*", text)
    if bad:
        raise Failure(f"wrk: {bad[0]}")

    def latency(percent):
        number, unit = re.search(rf"\s{percent}%\s+([\d.]+)(us|ms|s)\n", text).groups()
        return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1}[unit]

    requests = int(field(r"(\d+) requests in", text))
    return Load(requests, field(r"Requests/sec:\s+([\d.]+)", text), latency(50), latency(99))


def h2load(bench, netns, url, headers, seconds):
    """Its summary has no percentiles, but its log has a line for each request: time, status and
    microseconds."""
    log = os.path.join(bench.work, "h2load.requests")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(log)  # h2load would append to it
    argv = ["--h1", "-t1", f"-c{CONNECTIONS}", f"-D{seconds}", f"--log-file={log}", url]
    text = run_tool(bench, netns, "h2load", argv, headers)
    with open(log, encoding="ascii") as file:
        requests = [line.split("\t") for line in file]
    os.unlink(log)
    done, good = field(r", (\d+) done", text), field(r"status codes: (\d+) 2xx", text)
    if good < done:
        raise Failure(f"h2load: {done - good:.0f} of {done:.0f} requests were not answered by 200")
    times = [int(microseconds) / 1e6 for _, _, microseconds in requests]
    body = field(r"\((\d+)\) data", text) / done
    rate = field(r"([\d.]+) req/s", text)
    return Load(int(done), rate, percentile(times, 0.5), percentile(times, 0.99), body)


def load(bench, netns, subject, seconds):
    """The results of both tools and the CPU time of a scrape. h2load fails if connections end with
    each request, so it is left out there."""
    with contextlib.closing(subject.start(bench, netns)) as daemon:
        daemon.wait_for(bool)
        scheme = "https" if daemon.tls else "http"
        url = f"{scheme}://127.0.0.1:{daemon.port}/metrics"
        tools = (wrk, h2load) if subject.keeps_connections else (wrk,)
        before = daemon.cpu()
        loads = {tool.__name__: tool(bench, netns, url, subject.headers, seconds) for tool in tools}
        cpu = daemon.cpu() - before
        return loads | {"cpu": cpu / sum(measured.requests for measured in loads.values())}


def load_all(bench, netns, seconds):
    """{title: the result of load(), or the reason of its failure}"""
    results = {}
    for subject in SUBJECTS:
        progress(f"load: {subject.title}")
        try:
            results[subject.title] = load(bench, netns, subject, seconds)
        except (Failure, OSError) as failure:
            progress(f"{subject.title}: {failure}")
            results[subject.title] = {"remark": str(failure)}
    return results


def print_loads(results, seconds):
    print(f"## Scrapes at full speed, 30 sockets, {CONNECTIONS} connections\n")
    print(f"Each tool runs for {seconds} s. Rows without a name are the exporter's.\n")
    rows = []
    for title, result in results.items():
        cells = [title] + ["-"] * 7
        for column, tool in ((1, "wrk"), (3, "h2load")):
            if tool in result:
                measured = result[tool]
                cells[column] = f"{measured.rate:,.0f}"
                cells[column + 1] = milliseconds(measured.p50, measured.p99)
        if "cpu" in result:
            cells[5] = f"{result['cpu'] * 1e6:.0f} us"
        if "h2load" in result:
            cells[6] = f"{result['h2load'].body:,.0f}"
        cells[7] = result.get("remark", "-")
        rows.append(cells)
    times = "50th / 99th percentile"
    header = ("", "wrk: a second", times, "h2load: a second", times, "CPU a scrape")
    print_table((*header, "bytes of a page", "remark"), rows)
