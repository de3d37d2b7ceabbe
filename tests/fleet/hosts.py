# SPDX-License-Identifier: Apache-2.0
"""The hosts of the fleet, their loads, and the alerts that must fire for them."""

import dataclasses
import subprocess

WEB = "10.99.1.1"
VISIT = ["visit", WEB, "8080", "2"]


@dataclasses.dataclass
class Host:
    name: str
    load: list
    alerts: frozenset = frozenset()  # of "name severity", and of a pod "name severity namespace/pod"
    settings: dict = dataclasses.field(default_factory=dict)  # in /proc/sys/net/ipv4
    cluster: str = ""
    interval: str = "1s"  # between ports samples
    pods: int = 0  # as node.py makes them: the last one runs out of ports
    address: str = ""
    exporter: subprocess.Popen = None
    maker: subprocess.Popen = None
    made: int = 0


def both(name):
    return {f"{name} warning", f"{name} critical"}


def fleet():
    # For a third of a second of nearly each three, which stands for 20 seconds of three minutes: 97 of 100 ports, and
    # 70. The samples are as frequent as five seconds are. The scrapes are less frequent than the bursts are long, so
    # the period is no multiple of theirs: one burst of some is scraped.
    bursts = dict(settings={"ip_local_port_range": "40000 40099"}, interval="100ms")
    faulty = [
        Host("leak", ["leak", "8081", "25"], {"CloseWaitLeak warning", "ListenerCloseWaitLeak warning"}),
        Host(
            "ports",
            ["hold", WEB, "8080", "12", "950"],
            {
                "DestinationNearKnee warning",
                "DestinationPastKnee warning",
                "DestinationNearlyExhausted critical",
                "DestinationExhaustionPredicted warning",
                *both("PortsFullInBursts"),
            },
            {"ip_local_port_range": "40000 40999"},
        ),
        Host("bursts", ["bursts", "8084", "97", "333", "2900"], both("PortsFullInBursts"), **bursts),
        Host(
            "burst",
            ["burst", "25", "24000", "10"],
            {"TimeWaitSpike warning", "TimeWaitOftenHigh info"},
            {"tcp_max_tw_buckets": "100000"},
        ),
        Host(
            "full",
            ["visit", WEB, "8080", "20"],
            {"TimeWaitNearLimit warning", "TimeWaitOverflow warning"},
            {"tcp_max_tw_buckets": "200"},
        ),
        Host(
            "queue", ["queue", "8082", "16", "10"], {"AcceptQueueFilling warning", *both("AcceptQueueOverflowing")}
        ),
        Host("flood", ["flood", "own address", "8083", "100"], both("SynFlood")),
        Host(
            "udp",
            ["udp", "95"],
            {"UdpPortsNearlyExhausted critical", *both("PortsFullInBursts")},
            {"ip_local_port_range": "50000 50099"},
        ),
        Host("down", VISIT, {"ExporterDown warning"}),
        Host(
            "node",
            VISIT,
            {f"{alert} shop/cart-50" for alert in both("NetnsPortsFilling") | {"NetnsPortsFullInBursts warning"}},
            interval="5s",  # between walks of a pod, too
            pods=50,
        ),
    ]
    healthy = [Host("healthy", ["bursts", "8084", "70", "333", "2900"], **bursts)]
    healthy += [Host(f"good{n:02}", VISIT) for n in range(1, 16)]
    hosts = [Host("web", ["serve", "8080"])] + faulty + healthy
    for number, host in enumerate(hosts):
        host.address = f"10.99.1.{number + 1}"
        host.cluster = ("east", "west", "")[number % 3]  # a third has no cluster
        host.load = [host.address if word == "own address" else word for word in host.load]
    return hosts
