#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run the fleet and check its alerts.

    fleet.py EXPORTER BUILD

Needs its own namespaces for network, mounts and processes, root in them, and prometheus,
prometheus-alertmanager and ip in $PATH. The hosts are network namespaces on a bridge; the bridge, Prometheus
and Alertmanager run in the namespace that this program starts in.

The rules are sixty times faster than shipped: servers.py.
"""

import contextlib
import functools
import json
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from hosts import WEB, fleet
from servers import GATEWAY, TOP, WORK, backfill, start_servers, write_configuration

LOAD, NODE = TOP / "tests/fleet/load.py", TOP / "tests/fleet/node.py"
PROMETHEUS, ALERTMANAGER = f"http://{GATEWAY}:9090", f"http://{GATEWAY}:9093"
ALERT_SECONDS = 180  # for all alerts to fire, after the loads have begun
QUIET_SECONDS = 10  # in which no other alert may fire
AGREE_SECONDS = 20  # for a number to arrive
WORDS_SECONDS = 60  # for a scrape to see a burst that lasts a third of its interval
# Each host has a table of sockets of its own, or every sample would walk the sockets of all hosts.
TABLE = pathlib.Path("/proc/sys/net/ipv4/tcp_child_ehash_entries")  # since Linux 6.1
# A minute for the alerts is a second here, so a peak must not last for two minutes.
EXPORTER_FLAGS = ["--sample.peak-window=2s", "--sample.cpu-budget=50", "--log.level=warn"]


def fail(text):
    print(f"FAILED: {text}", file=sys.stderr)
    for labels, count in query("sum_over_time((1 - up)[5m:1s]) > 0"):
        print(f"{labels['instance']}: {count:g} seconds without a scrape", file=sys.stderr)
    for log in sorted(WORK.glob("*.log")):
        for line in log.read_text().splitlines()[-3:]:
            print(f"{log.name}: {line}", file=sys.stderr)
    sys.exit(1)


def passed(text):
    print(f"[       OK ] {text}", flush=True)


def await_true(seconds, what, condition):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    fail(f"timeout after {seconds} seconds: {what}")


def ask(url, **parameters):
    """The answer's JSON; None if there is no answer."""
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    try:
        with urllib.request.urlopen(url + query, timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        print(f"{url}{query}: {error.code}: {error.read().decode()}", file=sys.stderr)
        return None
    except OSError:
        return None


def web_answers():
    with contextlib.suppress(OSError), socket.create_connection((WEB, 8080), timeout=1):
        return True
    return False


def query(expression):
    """A list of (labels, value); empty if there are no series yet."""
    answer = ask(f"{PROMETHEUS}/api/v1/query", query=expression)
    return [(each["metric"], float(each["value"][1])) for each in answer["data"]["result"]] if answer else []


def value(expression):
    """The value of the only series; waits while there is none, which can happen after a single late scrape."""
    results = []

    def found():
        results[:] = query(expression)
        return len(results) == 1

    await_true(AGREE_SECONDS, f"one result of {expression}", found)
    return results[0][1]


# -- the network ------------------------------------------------------------------------------------------


def ip(*lines, namespace=None):
    command = ["ip", *(["-n", namespace] if namespace else []), "-batch", "-"]
    subprocess.run(command, input="\n".join(lines), text=True, check=True)


def in_host(host, *command, log, **options):
    return subprocess.Popen(
        ["nsenter", f"--net=/run/netns/{host.name}", *map(str, command)],
        stderr=open(WORK / f"{host.name}.{log}.log", "w", encoding="utf-8"),
        **options,
    )


def lay_network(hosts):
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    WORK.mkdir()
    with contextlib.suppress(FileNotFoundError):
        TABLE.write_text("65536", encoding="ascii")
    ip(
        "link set lo up",
        "link add bridge0 type bridge",
        f"address add {GATEWAY}/16 dev bridge0",
        "link set bridge0 up",
        "route add blackhole 10.98.0.0/16",
        *(f"netns add {host.name}" for host in hosts),
        *(f"link add veth{n} type veth peer name eth0 netns {host.name}" for n, host in enumerate(hosts)),
        *(f"link set veth{n} master bridge0 up" for n in range(len(hosts))),
    )
    for host in hosts:
        ip(
            "link set lo up",
            f"address add {host.address}/16 dev eth0",
            "link set eth0 up",
            f"route add default via {GATEWAY}",
            namespace=host.name,
        )
        for name, setting in host.settings.items():
            write = ["sh", "-c", f"echo {setting} >/proc/sys/net/ipv4/{name}"]
            subprocess.run(["nsenter", f"--net=/run/netns/{host.name}", *write], check=True)


# -- the checks -------------------------------------------------------------------------------------------


def key(labels):
    words = labels["alertname"].removeprefix("Sockdiag"), labels["severity"], labels.get("netns")
    return labels.get("instance", "-"), " ".join(filter(None, words))


def firing():
    """Alertmanager's current alerts: {(instance, "name severity" or "name severity netns"): alert}."""
    return {key(alert["labels"]): alert for alert in ask(f"{ALERTMANAGER}/api/v2/alerts") or []}


def watch_alerts(hosts):
    """The alerts that fire until all expected ones have fired, and for QUIET_SECONDS after."""
    expected = {(host.name, alert) for host in hosts for alert in host.alerts}
    fired, start, complete = {}, time.monotonic(), None
    while time.monotonic() < (complete + QUIET_SECONDS if complete else start + ALERT_SECONDS):
        for (instance, name), alert in firing().items():
            if (instance, name) not in fired:
                print(f"{time.monotonic() - start:4.0f} s  {instance:8} {name}", flush=True)
            fired[instance, name] = alert
        ended = [host.name for host in hosts if host.maker.poll() is not None]
        if ended:
            fail(f"loads have ended: {ended}")
        if complete is None and expected <= fired.keys():
            complete = time.monotonic()
        time.sleep(0.5)
    return fired


def report(hosts, fired):
    print(f"\n{'host':8} {'cluster':8} {'expected':44} fired")
    for host in hosts:
        got = sorted(name for instance, name in fired if instance == host.name)
        rows = sorted(host.alerts | set(got)) or ["-"]
        for row, name in enumerate(rows):
            left = (host.name, host.cluster or "-") if row == 0 else ("", "")
            expected = name if name in host.alerts or name == "-" else "(none)"
            print(f"{left[0]:8} {left[1]:8} {expected:44} {name if name in got or name == '-' else 'MISSING'}")
    print(flush=True)
    expected = {(host.name, alert) for host in hosts for alert in host.alerts}
    if expected != fired.keys():
        fail(f"missing: {sorted(expected - fired.keys())}, false: {sorted(fired.keys() - expected)}")
    healthy = sum(not host.alerts for host in hosts)
    passed(f"{len(fired)} alerts fired for {len(hosts) - healthy} hosts, and none for the other {healthy}")


def await_words(fired):
    """An alert names the destination, the listener or the pod, once a scrape has seen it."""

    def say(of, words):
        alert = firing().get(of, fired[of])
        return words in alert["annotations"]["description"]

    for of, words in {
        ("ports", "DestinationNearlyExhausted critical"): f"to {WEB} port 8080",
        ("ports", "DestinationExhaustionPredicted warning"): f"towards {WEB} port 8080",
        ("bursts", "PortsFullInBursts critical"): "127.0.0.1 port 8084",
        ("leak", "ListenerCloseWaitLeak warning"): "0.0.0.0 port 8081",
        ("queue", "AcceptQueueFilling warning"): "0.0.0.0 port 8082",
        ("queue", "AcceptQueueOverflowing critical"): "0.0.0.0 port 8082",
        ("flood", "SynFlood critical"): "0.0.0.0 port 8083",
        ("node", "NetnsPortsFilling critical shop/cart-50"): "pod cart-50 of namespace shop",
        ("node", "NetnsPortsFilling warning shop/cart-50"): "to 127.0.0.1 port 8080",
    }.items():
        await_true(WORDS_SECONDS, f"'{words}' in the description of {of}", functools.partial(say, of, words))
    passed("descriptions name the destination, the listener or the pod")


def stop_loads(hosts):
    """Stop all loads; each prints how many sockets it made. The web server stops after all others, because a
    visit may still wait for its answer."""
    others = [host for host in hosts if host.address != WEB]
    for group in (others, [host for host in hosts if host.address == WEB]):
        for host in group:
            host.maker.send_signal(signal.SIGUSR1)
        for host in group:
            line = host.maker.stdout.readline()
            if not line:
                fail(f"{host.name}: the load ended and did not print how many sockets it made")
            host.made = int(line)


def agree(what, expression, truth, tolerance=1e-9):
    """Wait until it agrees, after a sample, a scrape and an evaluation."""
    deadline = time.monotonic() + AGREE_SECONDS
    while abs((found := value(expression)) - truth) > tolerance:
        if time.monotonic() > deadline:
            fail(f"{what}: {found:g}, expected {truth:g}")
        time.sleep(0.5)
    print(f"  {what:42} {found:10g}   made {truth:g}")


def check_hosts(made, usable=1000, default_range=28232):
    """`made` by host; `usable` are the ports of the host `ports`."""

    def of(name, metric):
        return f'{metric}{{instance="{name}"}}'

    utilization = "instance:sockdiag_port_utilization:max_1h"
    agree("utilization of ports", of("ports", utilization), made["ports"] / usable)
    for share, headroom in ((0.5, "knee"), (1, "exhaustion")):
        found = of("ports", f"instance:sockdiag_{headroom}_headroom_connections:min_1h")
        agree(f"its headroom to the {headroom}", found, share * usable - made["ports"])
    day = of("burst", "instance:sockdiag_port_utilization:max_1d")
    agree("utilization of burst, to each of ten", day, made["burst"] / 10 / default_range)
    # Connections of the scrapes may leave a few more.
    agree("burst's TIME_WAITs", of("burst", "sockdiag_tcp_time_wait_started_total"), made["burst"], 3)
    kept = of("full", "sockdiag_tcp_time_wait_started_total")
    skipped = of("full", "sockdiag_tcp_time_wait_overflows_total")
    agree("full's TIME_WAITs, kept or skipped", f"{kept} + {skipped}", made["full"], 3)
    # A TIME_WAIT lasts for a minute, and up to five seconds more because the kernel's timers are coarse. Delayed
    # visits are made up for within the same minute, so two a second are at least 114, but may be more.
    ports = f"{of('good15', utilization)} * {default_range}"
    agree("ports of good15 in a minute", ports, min(made["good15"], 140), 26)


def check_pods(node):
    def utilization(more):
        return f'sockdiag_netns_ephemeral_port_utilization_ratio{{instance="{node.name}",scope="destination"{more}}}'

    last = f',netns="shop/cart-{node.pods}"'
    agree("utilization of the node's last pod", utilization(last), 0.95)
    agree("its healthy pods", f"count({utilization('')} < 0.01)", node.pods - 1)


def close_waits(host):
    """The number in the kernel's own list of the host."""
    with open(f"/proc/{host.maker.pid}/net/tcp", encoding="ascii") as sockets:
        return sum(line.split()[3] == "08" for line in sockets)


def check_clusters(hosts):
    leak = next(host for host in hosts if host.name == "leak")
    there = close_waits(leak)
    if not leak.made - 2 <= there <= leak.made:
        fail(f"leak made {leak.made} sockets in CLOSE_WAIT, but the kernel lists {there}")
    leaking = f'cluster_job_state:sockdiag_tcp_sockets:sum{{cluster="{leak.cluster}",state="close_wait"}}'
    agree(f"CLOSE_WAITs of cluster '{leak.cluster}'", leaking, there)
    fullest = query("instance:sockdiag_port_utilization:max_1h")
    for cluster in ("east", "west", ""):
        values = [number for labels, number in fullest if labels.get("cluster", "") == cluster]
        truth = statistics.quantiles(values, n=10, method="inclusive")[-1]
        quantile = f'cluster_job:sockdiag_port_utilization_max_1h:quantile{{cluster="{cluster}",quantile="0.9"}}'
        agree(f"90th percentile of {len(values)} hosts of '{cluster}'", quantile, truth, 1e-6)
    least = query("bottomk(1, instance:sockdiag_knee_headroom_connections:min_1h)")
    if [labels["instance"] for labels, _ in least] != ["ports"]:
        fail(f"the least headroom is not that of ports, but of {least}")


def page_bytes(encoding):
    request = urllib.request.Request(f"http://{WEB}:10073/metrics", headers={"Accept-Encoding": encoding})
    with urllib.request.urlopen(request, timeout=5) as body:
        return len(body.read())


def stored():
    """The number of samples in a snapshot of the storage and the bytes of their chunks, without the backfilled
    history, which is in Prometheus' own blocks."""
    request = urllib.request.Request(f"{PROMETHEUS}/api/v1/admin/tsdb/snapshot", method="POST")
    with urllib.request.urlopen(request, timeout=120) as answer:
        directory = WORK / "prometheus/snapshots" / json.load(answer)["data"]["name"]
    blocks = [block for block in directory.iterdir() if not (WORK / "prometheus" / block.name).exists()]
    samples = sum(json.loads((block / "meta.json").read_text())["stats"]["numSamples"] for block in blocks)
    return samples, sum(file.stat().st_size for block in blocks for file in block.glob("chunks/*"))


def print_figures():
    """The figures for docs/fleet.md."""
    samples, chunks = stored()
    print("figures")
    for name, number in {
        "samples of a scrape, mean": value('avg(scrape_samples_scraped{job="sockdiag"} > 0)'),
        "samples of a scrape, good01": value('scrape_samples_scraped{instance="good01"}'),
        "page, bytes": page_bytes("identity"),
        "page, bytes with gzip": page_bytes("gzip"),
        "series in the head": value("prometheus_tsdb_head_series"),
        "samples in all": samples,
        "bytes of chunks for each sample": chunks / samples,
    }.items():
        print(f"  {name:34} {number:.7g}")


def main():
    exporter, build = sys.argv[1:]
    hosts = fleet()
    lay_network(hosts)
    write_configuration(hosts)
    backfill(hosts)
    for host in hosts:
        command = [exporter, *EXPORTER_FLAGS, f"--sample.detail-interval={host.interval}"]
        if host.pods:
            command = [NODE, host.pods, *command, "--collector.netns.walk"]
        host.exporter = in_host(host, *command, log="exporter")
    start_servers(build)
    await_true(30, "Alertmanager answers", lambda: ask(f"{ALERTMANAGER}/api/v2/status"))
    await_true(60, "all exporters are up", lambda: [n for _, n in query('sum(up{job="sockdiag"})')] == [len(hosts)])
    passed(f"Prometheus scrapes {len(hosts)} hosts")
    for host in hosts:
        host.maker = in_host(host, LOAD, *host.load, log="load", stdout=subprocess.PIPE, text=True)
        if host.address == WEB:
            await_true(30, "the web server answers", web_answers)
    next(host for host in hosts if host.name == "down").exporter.kill()
    fired = watch_alerts(hosts)
    report(hosts, fired)
    await_words(fired)
    stop_loads(hosts)
    check_hosts({host.name: host.made for host in hosts})
    check_pods(next(host for host in hosts if host.pods))
    check_clusters(hosts)
    passed("the recording rules agree with the loads")
    print_figures()
    print("4 passed, 0 failed")


if __name__ == "__main__":
    main()
