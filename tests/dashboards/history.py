#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: history.py >history.om

Print the history of an imaginary host in OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`:
nine days of daily maxima that grow towards the knee, for the forecast; the current numbers of its ports; and
half an hour of a histogram whose bounds change their spelling midway, as they do when Prometheus begins
to ask for OpenMetrics.
"""
import time

HOST = 'instance="history:10073",job="sockdiag"'
STEP = 240  # seconds: Prometheus looks back 300
END = int(time.time()) - 10  # before what Prometheus adds itself


def growing_maxima():
    begin = END - 9 * 86400
    for at in range(begin, END, STEP):
        yield f"instance:sockdiag_port_utilization:max_1d{{{HOST}}} {0.04 * (at - begin) / 86400:.6f} {at}"


def ports_by_now():
    for at in range(END - 600, END, 15):
        yield (f'sockdiag_ephemeral_port_peak_utilization_ratio{{{HOST},protocol="tcp",scope="destination"}} '
               f"{0.04 * 9:.2f} {at}")
    for at in range(END - 600, END, 15):
        yield f'sockdiag_ephemeral_ports_usable{{{HOST},protocol="tcp"}} 28232 {at}'


def respelled_buckets():
    """One observation a second: 10 of 100 at or below 0, 90 at or below 1000."""
    begin, change = END - 1800, END - 900
    for le, share in (("0", 0.1), ("1000", 0.9), ("+Inf", 1)):
        for spelling, first, last in ((le, begin, change), (le + ".0", change, END)):
            label = le if le == "+Inf" else spelling
            for at in range(first, last, 15):
                yield (f'sockdiag_tcp_sampled_sockets_bucket{{{HOST},state="time_wait",le="{label}"}} '
                       f"{share * (at - begin):.1f} {at}")


if __name__ == "__main__":
    for line in (*growing_maxima(), *ports_by_now(), *respelled_buckets(), "# EOF"):
        print(line)
