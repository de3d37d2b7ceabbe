# SPDX-License-Identifier: Apache-2.0
"""The fleet's Prometheus and Alertmanager.

The rules are those of monitoring/, sixty times faster: every duration (for, keep_firing_for, ranges, offsets,
intervals) and the 3600 of predict_linear are divided by 60. Thresholds do not change. The history that the
rules compare with (three hours ago, yesterday) is backfilled: half an hour without such sockets, which stands
for more than a day.
"""

import json
import pathlib
import re
import subprocess
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
WORK = pathlib.Path("/run/fleet")  # in a tmpfs of the fleet's namespace
GATEWAY = "10.99.0.1"
PAST_SECONDS, PAST_STEP = 1800, 5

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def hasten(rules):
    """The rules with every duration, in milliseconds, and the horizon of predict_linear divided by 60."""

    def shorter(match):
        return f"{match[1]}{int(match[2]) * SECONDS[match[3]] * 1000 // 60}ms"

    # After `for:`, `keep_firing_for:`, `interval:`, `offset`, the bracket of a range, the colon of a subquery.
    rules = re.sub(r"(for: |interval: |offset |\[)(\d+)([smhd])\b", shorter, rules)
    rules = re.sub(r"(\[\w+:)(\d+)([smhd])\b", shorter, rules)
    return re.sub(r"(predict_linear.*), 3600\)", r"\1, 60)", rules)


def write_configuration(hosts):
    for rules in (TOP / "monitoring").glob("*.yaml"):
        (WORK / rules.name).write_text(hasten(rules.read_text()))
    targets = [
        {
            "targets": [f"{host.address}:10073"],
            "labels": {"instance": host.name} | ({"cluster": host.cluster} if host.cluster else {}),
        }
        for host in hosts
    ]
    # JSON is YAML too.
    prometheus = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(WORK / "*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"{GATEWAY}:9093"]}]}]},
        "scrape_configs": [
            {"job_name": "sockdiag", "static_configs": targets},
            {"job_name": "prometheus", "static_configs": [{"targets": [f"{GATEWAY}:9090"]}]},
        ],
    }
    alertmanager = {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]}
    (WORK / "prometheus.json").write_text(json.dumps(prometheus))
    (WORK / "alertmanager.json").write_text(json.dumps(alertmanager))


def past(hosts):
    """Lines of OpenMetrics: no host had a socket in TIME_WAIT or CLOSE_WAIT."""
    sockets = 'sockdiag_tcp_sockets{%s,state="time_wait"}', 'sockdiag_tcp_sockets{%s,state="close_wait"}'
    peak = 'sockdiag_tcp_sockets_peak{%s,state="time_wait"}'
    # The series that are recorded for SockdiagTimeWaitSpike.
    recorded = (
        'instance_state:sockdiag_tcp_sockets:avg_15m{%s,state="time_wait"}',
        'instance_state:sockdiag_tcp_sockets_peak:max_15m{%s,state="time_wait"}',
    )
    listener = 'sockdiag_listener_sockets{%s,local_address="0.0.0.0",local_port="8081",state="close_wait"}'
    end = int(time.time()) - PAST_STEP
    for host in hosts:
        cluster = f',cluster="{host.cluster}"' if host.cluster else ""
        of_host = f'instance="{host.name}",job="sockdiag"{cluster}'
        for series in (*sockets, peak, *recorded, *([listener] if host.name == "leak" else [])):
            yield from (f"{series % of_host} 0 {at}" for at in range(end - PAST_SECONDS, end, PAST_STEP))
    yield "# EOF"


def backfill(hosts):
    (WORK / "past.om").write_text("\n".join(past(hosts)) + "\n")
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", WORK / "past.om", WORK / "prometheus"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


def start_server(program, name, *flags):
    subprocess.Popen(
        [program, f"--config.file={WORK / name}.json", "--log.level=warn", *flags],
        stdout=subprocess.DEVNULL,
        stderr=open(WORK / f"{name}.log", "w", encoding="utf-8"),
    )


def start_servers(build):
    # Debian's Alertmanager needs its templates in /usr/share, whether it was installed or unpacked.
    unpacked = pathlib.Path(build) / "prometheus/usr/share"
    if unpacked.exists():
        subprocess.run(["mount", "--bind", unpacked, "/usr/share"], check=True)
    start_server(
        "prometheus",
        "prometheus",
        f"--storage.tsdb.path={WORK}/prometheus",
        f"--web.listen-address={GATEWAY}:9090",
        "--web.enable-admin-api",
        "--rules.alert.resend-delay=1s",  # a minute, sixty times faster: with the words of the last evaluation
    )
    start_server(
        "prometheus-alertmanager",
        "alertmanager",
        f"--storage.path={WORK}/alertmanager",
        f"--web.listen-address={GATEWAY}:9093",
        "--cluster.listen-address=",
    )
