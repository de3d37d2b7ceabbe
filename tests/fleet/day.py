#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: day.py HOSTS >day.om

Print a day of history of HOSTS hosts in OpenMetrics text for `promtool tsdb create-blocks-from openmetrics`:
the series that rules read over hours, every 15 seconds, and the series recorded from them, every 15 minutes.
The labels are those of size.sh's hosts.
"""
import sys
import time

TIME_WAIT, CLOSE_WAIT = 'state="time_wait"', 'state="close_wait"'
SERIES = (
    ("sockdiag_tcp_sockets", TIME_WAIT, 15),
    ("sockdiag_tcp_sockets", CLOSE_WAIT, 15),
    ("sockdiag_tcp_sockets_peak", TIME_WAIT, 15),
    ("instance_state:sockdiag_tcp_sockets:avg_15m", TIME_WAIT, 900),
    ("instance_state:sockdiag_tcp_sockets_peak:max_15m", TIME_WAIT, 900),
)


def main(hosts):
    end = int(time.time())
    for name, state, step in SERIES:
        for host in range(1, hosts + 1):
            labels = f'cluster="c{host % 10}",instance="host{host}",job="sockdiag",{state}'
            # Up to 1,500 and rarely the same twice, as on a busy host.
            sys.stdout.writelines(f"{name}{{{labels}}} {at // 15 * 7919 % 1500} {at}\n"
                                  for at in range(end - 86400, end, step))
    print("# EOF")


if __name__ == "__main__":
    main(int(sys.argv[1]))
