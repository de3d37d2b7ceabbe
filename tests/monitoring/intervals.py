#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Print promtool's tests of the alerts as they work at one scrape interval.

    intervals.py SECONDS ALERTS...

Each host of SCENES has one fault or none for a hundred minutes and is scraped every SECONDS; the eleventh minute's
scrape fails. Exactly the alerts of the scene must fire. The exporter takes a sample every five seconds, and its peak
window is as monitoring/README.md says for the interval.
"""

import json
import sys

MINUTES, SAMPLE_SECONDS = 100, 5
TCP = 'protocol="tcp"'
DESTINATION, HOST = f'{TCP},scope="destination"', 'protocol="udp",scope="host"'
LISTENER = 'local_address="0.0.0.0",local_port="443",local_interface=""'
ROW = f'{TCP},local_address="192.0.2.1",remote_address="198.51.100.7",remote_port="5432"'
NETNS = 'netns="shop/cart-1"'
USABLE = 1000
interval = int(sys.argv[1])
peak_window = 120 if interval <= 120 else 2 * interval


def constant(number):
    return lambda _: number


def growing(rate, start=0):
    """A counter; `rate` is a second's."""
    return lambda at: start + rate * at


def burst(high, low, period=180, begin=100, length=20):
    """`high` for `length` seconds of each period, else `low`."""
    return lambda at: high if begin <= at % period < begin + length else low


def peak(number):
    return lambda at: max(number(each) for each in range(max(0, at - peak_window), at + 1, SAMPLE_SECONDS))


def samples(number, bound):
    """A bucket of a histogram: the samples at or below the bound since the start."""
    counts, total = [], 0
    for at in range(0, 60 * MINUTES + 1, SAMPLE_SECONDS):
        total += number(at) <= bound
        counts.append(total)
    return lambda at: counts[at // SAMPLE_SECONDS]


def use_ports(utilization, labels=DESTINATION, row=ROW):
    name = "sockdiag_ephemeral_port_{}utilization_ratio{}"
    yield name.format("", ""), labels, utilization
    yield name.format("peak_", ""), labels, peak(utilization)
    yield name.format("sampled_", "_bucket"), f'{labels},le="0.9"', samples(utilization, 0.9)
    yield name.format("sampled_", "_count"), labels, samples(utilization, 1)
    yield "sockdiag_ephemeral_ports_usable", labels.split(",")[0], constant(USABLE)
    if row:
        yield "sockdiag_ephemeral_port_preferred_utilization_ratio", TCP, lambda at: min(1, 2 * utilization(at))
        yield "sockdiag_destination_ephemeral_ports_used", row, lambda at: USABLE * utilization(at)


def queue_up(length, limit=128):
    name = "sockdiag_listener_accept_queue_"
    return [
        (name + "length", LISTENER, length),
        (name + "peak", LISTENER, peak(length)),
        (name + "limit", LISTENER, constant(limit)),
        ("sockdiag_listener_accept_queues", LISTENER, constant(1)),
    ]


def wait_at_unix(length):
    name, path = "sockdiag_unix_listener_accept_queue_", 'path="/run/php/php-fpm.sock"'
    return [(name + "peak", path, peak(length)), (name + "limit", path, constant(100))]


def drop(overflows, opens):
    """Both a second."""
    return [
        ("sockdiag_tcp_listen_overflows_total", "", growing(overflows)),
        ("sockdiag_tcp_opens_total", 'direction="passive"', growing(opens)),
    ]


def half_open(count, full):
    return [
        *queue_up(constant(0)),
        ("sockdiag_listener_sockets", f'{LISTENER},state="syn_recv"', constant(count)),
        ("sockdiag_tcp_syn_queue_full_total", 'action="drop"', growing(full)),
    ]


def hold_time_wait(number, limit, overflows=0):
    return [
        ("sockdiag_tcp_sockets_peak", 'state="time_wait"', peak(number)),
        ("sockdiag_tcp_sampled_sockets_bucket", 'state="time_wait",le="20000"', samples(number, 20000)),
        ("sockdiag_tcp_sampled_sockets_count", 'state="time_wait"', samples(number, 1e9)),
        ("sockdiag_tcp_time_wait_limit", "", constant(limit)),
        ("sockdiag_tcp_time_wait_overflows_total", "", growing(overflows)),
    ]


def bind_first(share):
    yield "sockdiag_ephemeral_port_utilization_ratio", f'{TCP},scope="local_address"', constant(0.9)
    yield "sockdiag_ephemeral_ports_bound_before_connect_estimate", TCP, constant(share * USABLE)
    yield "sockdiag_ephemeral_ports_usable", TCP, constant(USABLE)


def use_memory(number):
    yield "sockdiag_tcp_memory_bytes", "", constant(number)
    for level, limit in (("low", 500), ("pressure", 1000), ("high", 1500)):
        yield "sockdiag_tcp_memory_limit_bytes", f'level="{level}"', constant(limit)
    yield "sockdiag_tcp_orphan_sockets", "", constant(number)
    yield "sockdiag_tcp_orphan_limit", "", constant(2000)


def lose_datagrams(rate):
    yield "sockdiag_udp_socket_drops_total", 'local_address="::",local_port="53"', growing(rate)
    yield "sockdiag_udp_other_drops_total", "", growing(rate)


def sample(kind, age, bound, failed=0, errors=0):
    """What the exporter says about itself."""
    labels = f'sample="{kind}"'
    yield "sockdiag_exporter_last_sample_timestamp_seconds", labels, growing(1, -age)
    yield "sockdiag_exporter_sample_interval_seconds", labels, constant(SAMPLE_SECONDS)
    yield "sockdiag_exporter_samples_total", labels, growing(0.2)
    yield "sockdiag_exporter_sample_failures_total", labels, growing(failed)
    yield "sockdiag_exporter_errors_total", 'reason="proc_read"', growing(errors)
    yield "sockdiag_ephemeral_port_utilization_bound_ratio", TCP, constant(bound)


def use_ports_of_pod(utilization):
    name = "sockdiag_netns_ephemeral_port_{}utilization_ratio"
    yield name.format(""), f"{NETNS},{DESTINATION}", utilization
    yield name.format("peak_"), f"{NETNS},{DESTINATION}", peak(utilization)


def walk_pod(bound, age):
    yield "sockdiag_netns_ephemeral_port_utilization_bound_ratio", f"{NETNS},{TCP}", constant(bound)
    yield "sockdiag_netns_last_walk_timestamp_seconds", NETNS, growing(1, -age)


def queue_up_in_pod(length):
    name = "sockdiag_netns_listener_accept_queue_"
    return [(name + "length", f"{NETNS},{LISTENER}", length), (name + "limit", f"{NETNS},{LISTENER}", constant(128))]


def drop_in_pod(overflows, opens):
    """Both a second."""
    yield "sockdiag_netns_tcp_listen_overflows_total", NETNS, growing(overflows)
    yield "sockdiag_netns_tcp_opens_total", f'{NETNS},direction="passive"', growing(opens)


def see_pods(hidden, age, failed=0):
    """What the exporter says about its readings and walks."""
    yield "sockdiag_exporter_netns_processes_hidden", "", constant(hidden)
    yield "sockdiag_exporter_netns_oldest_reading_timestamp_seconds", 'file="snmp"', growing(1, -age)
    yield "sockdiag_exporter_netns_interval_seconds", 'file="snmp"', constant(SAMPLE_SECONDS)
    yield "sockdiag_exporter_netns_walks_total", "", growing(1 - failed)
    yield "sockdiag_exporter_netns_walk_failures_total", "", growing(failed)


def have_ports(*protocols):
    return [("sockdiag_ephemeral_ports_usable", f'protocol="{each}"', constant(USABLE)) for each in protocols]


def both(name):
    return {f"{name} warning", f"{name} critical"}


BURSTS, KNEE = both("PortsFullInBursts"), {"DestinationNearKnee warning", "DestinationPastKnee warning"}
# Host -> (series, alerts).
SCENES = {
    "full for 20 seconds of three minutes": (use_ports(burst(0.98, 0.1)), BURSTS),
    "healthy bursts": (use_ports(burst(0.7, 0.1)), set()),
    "one burst": (use_ports(burst(0.98, 0.1, 6000, 3100)), {"PortsFullInBursts warning"}),
    "exhausted": (use_ports(constant(0.95)), BURSTS | KNEE | {"DestinationNearlyExhausted critical"}),
    "past the knee": (use_ports(constant(0.6)), KNEE),
    "filling": (use_ports(growing(0.0088 / 60)), KNEE | {"DestinationExhaustionPredicted warning"}),
    "udp": (use_ports(constant(0.95), HOST, None), BURSTS | {"UdpPortsNearlyExhausted critical"}),
    "udp in bursts": (use_ports(burst(0.98, 0.1), HOST, None), BURSTS),
    "bound before connect": (bind_first(0.2), {"BindBeforeConnect warning"}),
    "busy proxy": (bind_first(0.05), set()),
    "unreserved": (
        [("sockdiag_ephemeral_ports_unreserved_listeners", TCP, constant(2))],
        {"UnreservedListener info"},
    ),
    "slow": (queue_up(constant(100)), {"AcceptQueueFilling warning"}),
    "a burst a minute": (queue_up(burst(129, 0, 60, 31, 6)), set()),
    "unix slow": (wait_at_unix(constant(101)), {"UnixAcceptQueueFull warning"}),
    "unix burst": (wait_at_unix(burst(101, 0, 6000, 3100)), set()),
    "dropping": (drop(1, 9), both("AcceptQueueOverflowing")),
    "dropping few": (drop(1, 99), {"AcceptQueueOverflowing warning"}),
    "dropping fewest": (drop(1, 999), set()),
    "flooded": (half_open(60, 1), both("SynFlood")),
    "half-open": (half_open(60, 0), {"SynFlood warning"}),
    "without ports at times": (
        [("sockdiag_tcp_connect_port_failures_total", "", lambda at: 5 * (at // 540))],
        {"ConnectFailedWithoutPort critical"},
    ),
    "events not counted": (
        [("sockdiag_exporter_events_enabled", 'event="closed_first"', constant(0))],
        {"EventsNotCounted info"},
    ),
    "time_wait": (
        hold_time_wait(constant(30000), 32768, 1),
        {"TimeWaitOftenHigh info", "TimeWaitNearLimit warning", "TimeWaitOverflow warning"},
    ),
    "time_wait in bursts": (
        hold_time_wait(burst(30000, 100, 180, 100, 60), 32768),
        {"TimeWaitOftenHigh info", "TimeWaitNearLimit warning"},
    ),
    "without memory": (use_memory(1450), both("TcpMemoryPressure") | {"TcpOrphansHigh warning"}),
    "with memory": (use_memory(450), set()),
    "losing": (lose_datagrams(1), {"UdpDrops warning"}),
    "losing few": (lose_datagrams(0.05), set()),
    "good": ([*sample("ports", 3, 0.95), *have_ports("tcp", "udp")], set()),
    "old": (
        [*sample("ports", 300, 0.95), *have_ports("tcp", "udp")],
        {"PortNumbersOld warning", "PortNumbersOld info", "SampleStale warning"},
    ),
    "old, but not full": ([*sample("ports", 40, 0.95), *have_ports("tcp", "udp")], set()),
    "without udp": (
        [*sample("ports", 3, 0.1, 0, 0.2), *have_ports("tcp")],
        {"PortNumbersGone warning", "ReadsFailing warning"},
    ),
    "failing": (
        [*sample("ports", 3, 0.1, 0.1, 0.1), *have_ports("tcp", "udp")],
        {"SamplesFailing warning", "ReadsFailing warning"},
    ),
    "down": ([("up", "", constant(0))], {"ExporterDown warning"}),
    "fallen back": ([("sockdiag_exporter_derived_counts", "", constant(0))], {"DerivedCountsOff warning"}),
    "collision": (
        [("sockdiag_tcp_sockets", 'exported_state="time_wait"', constant(1))],
        {"TargetLabelCollides warning"},
    ),
    "pod exhausted": (
        use_ports_of_pod(constant(0.95)),
        both("NetnsPortsFilling") | {"NetnsPortsFullInBursts warning"},
    ),
    "pod past the knee": (use_ports_of_pod(constant(0.6)), {"NetnsPortsFilling warning"}),
    "pod full in bursts": (use_ports_of_pod(burst(0.98, 0.1)), {"NetnsPortsFullInBursts warning"}),
    "pod with healthy bursts": (use_ports_of_pod(burst(0.7, 0.1)), set()),
    "pod walked late": (walk_pod(0.95, 90), {"NetnsPortsMayRunOut warning"}),
    "pod walked in time": (walk_pod(0.95, 10), set()),
    "pod not walked": (
        [("sockdiag_netns_ephemeral_ports_bound", f"{NETNS},{TCP}", constant(27000))],
        {"NetnsPortsMayRunOut info"},
    ),
    "pod with overflows": (
        [("sockdiag_netns_tcp_time_wait_overflows_total", NETNS, growing(1))],
        {"NetnsTimeWaitOverflow warning"},
    ),
    "slow pod": (queue_up_in_pod(constant(100)), {"NetnsAcceptQueueFilling warning"}),
    "pod with a burst a minute": (queue_up_in_pod(burst(129, 0, 60, 31, 6)), set()),
    "pod dropping": (drop_in_pod(1, 9), both("NetnsAcceptQueueOverflowing")),
    "pod dropping few": (drop_in_pod(1, 99), {"NetnsAcceptQueueOverflowing warning"}),
    "pod dropping fewest": (drop_in_pod(1, 999), set()),
    "pods seen": (see_pods(0, 10), set()),
    "pods hidden": (see_pods(1, 10), {"NetnsHidden warning"}),
    "pods read late": (see_pods(0, 100), {"NetnsReadingsOld warning"}),
    "pods not walked": (see_pods(0, 10, 0.2), {"NetnsWalksMissing warning"}),
    "walks not allowed": (
        [("sockdiag_exporter_netns_walks_enabled", "", constant(0))],
        {"NetnsWalksMissing warning"},
    ),
}


def series(host, name, labels, number):
    times = range(0, 60 * MINUTES + 1, interval)
    lost = next(at for at in times if at >= 600)
    values = " ".join("stale" if at == lost else f"{number(at):.6g}" for at in times)
    return {"series": f'{name}{{job="sockdiag",instance="{host}"{"," + labels if labels else ""}}}', "values": values}


def expected(host, alerts):
    for name, severity in sorted(map(str.split, alerts)):
        labels = f'alertname="Sockdiag{name}",instance="{host}",severity="{severity}"'
        yield {"labels": f"{{{labels}}}", "value": 1}


def main():
    firing = 'ALERTS{alertstate="firing",alertname!="SockdiagJobMissing"}'
    fired = f"group by (alertname, instance, severity) (present_over_time({firing}[{MINUTES}m]))"
    test = {
        "interval": f"{interval}s",
        "input_series": [series(host, *each) for host, (given, _) in SCENES.items() for each in given],
        "promql_expr_test": [
            {
                "expr": fired,
                "eval_time": f"{MINUTES}m",
                "exp_samples": [each for host, (_, alerts) in SCENES.items() for each in expected(host, alerts)],
            }
        ],
    }
    # JSON is YAML too.
    print(json.dumps({"rule_files": sys.argv[2:], "evaluation_interval": "1m", "tests": [test]}))


if __name__ == "__main__":
    main()
