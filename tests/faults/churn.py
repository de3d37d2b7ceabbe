# SPDX-License-Identifier: Apache-2.0
"""usage: churn.py SOCKETS

In the namespace that faults.sh has filled with sockets, and where the exporter listens: connections come and go
for twenty seconds, and all the time another scraper is answered in time."""
import socket
import sys
import time

from truth import Scraper, check_truth, later
from web_client import check, passed

SECONDS = 20
scraper = Scraper()
listener = socket.create_server(("127.0.5.1", 0))
end, made = time.monotonic() + SECONDS, 0
page = {}
while time.monotonic() < end:
    for _ in range(100):
        client = socket.create_connection(listener.getsockname())
        listener.accept()[0].close()
        client.close()
        made += 1
    page = scraper.page()
sockets = sum(value for name, value in page.items() if name.startswith("sockdiag_tcp_sockets{"))
check(sockets > int(sys.argv[1]), f"only {sockets:g} sockets")
check_truth(scraper, f"{made} connections beside {sys.argv[1]} sockets")
check(later(scraper)["sockdiag_exporter_derived_counts"] == 1, "the kernel's totals disagree")
passed(f"{made} connections in {SECONDS} s beside {sockets:g} sockets; the slowest scrape took {scraper.slowest:.1f} s")
