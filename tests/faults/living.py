# SPDX-License-Identifier: Apache-2.0
"""usage: living.py

Faults around the exporter that faults.sh has started, one after the other on the same process: after each its numbers
are the kernel's within two intervals, and all the time another scraper is answered in time."""
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

from truth import Scraper, check_truth, later
from web_client import SERVER, Client, await_true, check, daemon_status, passed, request

daemon = int(os.environ["daemon"])
scraper = Scraper()


def sysctl(name, value=None):
    path = f"/proc/sys/net/ipv4/{name}"
    if value is not None:
        with open(path, "w", encoding="ascii") as file:
            file.write(str(value))
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def limit(resource, value):
    """The soft limit of the exporter, in its user's name; returns what it was."""
    owner = os.stat(f"/proc/{daemon}/task")
    as_owner = {"user": owner.st_uid, "group": owner.st_gid, "check": True}
    command = ["prlimit", f"--pid={daemon}", f"--{resource}"]
    before = subprocess.run([*command, "--output=SOFT", "--noheadings"], stdout=subprocess.PIPE, text=True, **as_owner).stdout
    subprocess.run([*command[:2], f"{command[2]}={value}:"], **as_owner)
    return before.strip()


def descriptors():
    return len(os.listdir(f"/proc/{daemon}/fd"))


def errors(page, reason):
    return page[f'sockdiag_exporter_errors_total{{reason="{reason}"}}']


def await_error(reason):
    """More of them than now."""
    before = errors(scraper.page(), reason)
    await_true(lambda: errors(scraper.page(), reason) > before, f"no more errors of {reason}")


class Sockets:
    """Connections of the test's own to a listener, for the kernel's numbers to change."""

    def __init__(self, count):
        self.listener = socket.create_server(("127.0.5.1", 0), backlog=4096)
        self.clients = [socket.create_connection(self.listener.getsockname()) for _ in range(count)]
        self.served = [self.listener.accept()[0] for _ in range(count)]

    def close(self):
        for connection in [*self.clients, *self.served, self.listener]:
            connection.close()


def lack_of_descriptors():
    made = Sockets(10)
    scraper.page()
    before = limit("nofile", 3)  # a page is served without any
    await_error("netlink_open")
    made.close()
    limit("nofile", before)


def lack_of_memory():
    """None is to be had from the kernel, and it is needed for each page (faults.sh) and for TLS: nobody is answered."""
    made = Sockets(10)
    scraper.page()
    before = limit("data", 4096)  # with 0 the kernel looks at the hard limit
    await_true(lambda: b"keeping the previous page" in log(), "there is memory")
    made.close()
    limit("data", before)


def log():
    with open("log", "rb") as file:
        return file.read()


def a_minute_without_time():
    """SIGSTOP. Clients come meanwhile, and the page from before is too old to be shown."""
    made = Sockets(10)
    os.kill(daemon, signal.SIGSTOP)
    waiting = socket.create_connection(SERVER)
    made.close()
    time.sleep(60)
    os.kill(daemon, signal.SIGCONT)
    answer = scraper.ask()
    check(answer.status in (200, 503), f"{answer.status} at once")
    await_true(lambda: scraper.ask().status == 200, "it stays unavailable")
    waiting.close()


def another_port_range():
    before = sysctl("ip_local_port_range")
    sysctl("ip_local_port_range", "40000 40999")
    made = Sockets(20)

    def is_known():
        page = scraper.page()
        return (
            page['sockdiag_ephemeral_ports_range{protocol="tcp"}'] == 1000
            and page['sockdiag_ephemeral_ports_used{protocol="tcp"}'] >= 20
        )

    await_true(is_known, "the range is the old one")
    sysctl("ip_local_port_range", before)
    made.close()
    await_true(
        lambda: scraper.page()['sockdiag_ephemeral_ports_range{protocol="tcp"}'] != 1000, "the range stays the other one"
    )


def all_places_for_time_wait():
    """The kernel makes no more of them; what it did not make is counted."""
    before = sysctl("tcp_max_tw_buckets")
    place = int(later(scraper)['sockdiag_tcp_sockets{state="time_wait"}']) + 50
    sysctl("tcp_max_tw_buckets", place)
    overflows = scraper.page()["sockdiag_tcp_time_wait_overflows_total"]
    Sockets(300).close()
    page = later(scraper)
    check(page["sockdiag_tcp_time_wait_limit"] == place, "the limit is the old one")
    check(page["sockdiag_tcp_time_wait_overflows_total"] > overflows, "no overflow is counted")
    sysctl("tcp_max_tw_buckets", before)


def set_clock(ahead):
    with open("offset", "r+b") as file:
        file.write(struct.pack("q", ahead))


def another_day():
    """The clock of the day jumps ahead and back; samples go on by the monotonic one."""
    for ahead in (86400, -86400, 0):
        set_clock(ahead)
        page = later(scraper)
        age = time.time() + ahead - page['sockdiag_exporter_last_sample_timestamp_seconds{sample="count"}']
        check(abs(age) < 60, f"the sample is {age:.0f} s old after a jump of {ahead} s")
        check(scraper.ask("/").status == 200, "no status page")


def a_storm_of_reloads():
    def storm():
        for _ in range(20000):
            os.kill(daemon, signal.SIGHUP)

    before = log().count(b"was read again")
    thread = threading.Thread(target=storm)
    thread.start()
    while thread.is_alive():
        scraper.page()
    thread.join()
    await_true(lambda: log().count(b"was read again") > before, "no reload")
    page = later(scraper)
    check(page["sockdiag_exporter_web_config_last_reload_successful"] == 1, "the reload has failed")


def handshake(connection, most):
    """A handshake that ends after this number of bytes, or the open session."""
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    session = context.wrap_bio(received, sent)
    while True:
        try:
            session.do_handshake()
            connection.sendall(sent.read())
            return session, sent
        except ssl.SSLWantReadError:
            data = sent.read()
            connection.sendall(data[:most])
            if len(data) > most:
                return None, sent
            received.write(connection.recv(65536))


def stalls_in_tls():
    """Clients that go so far and then say nothing: at once, within their first message, after it, within a request, or
    after a request when they have ended their side. Each comes from twenty addresses."""
    kept = []
    for number in range(100):
        connection = socket.create_connection(SERVER, source_address=(f"127.0.6.{1 + number % 20}", 0))
        kept.append(connection)
        kind = number // 20
        if kind == 1:
            handshake(connection, 100)
        elif kind > 1:
            session, sent = handshake(connection, 1 << 20)
            if kind > 2:
                session.write(request("/-/healthy")[: 30 if kind == 3 else None])
                connection.sendall(sent.read())
            if kind == 4:
                connection.shutdown(socket.SHUT_WR)
        if number % 20 == 0:
            scraper.page()
    check(descriptors() > kept_descriptors + 20, f"only {descriptors()} descriptors: nobody stalls")
    await_true(lambda: scraper.page() and descriptors() <= kept_descriptors + 2, "those that stall are kept")
    for connection in kept:
        connection.close()


FAULTS = {
    "a lack of descriptors": lack_of_descriptors,
    "a lack of memory": lack_of_memory,
    "another port range": another_port_range,
    "all places for TIME_WAIT": all_places_for_time_wait,
    "another day": another_day,
    "a storm of reloads": a_storm_of_reloads,
    "stalls in TLS": stalls_in_tls,
    "a minute without time": a_minute_without_time,
}

check_truth(scraper, "the start")
kept_descriptors, threads, memory = descriptors(), daemon_status("Threads"), daemon_status("RssAnon")
for name, fault in FAULTS.items():
    fault()
    check_truth(scraper, name)
await_true(lambda: descriptors() <= kept_descriptors, f"{descriptors()} descriptors instead of {kept_descriptors}")
check(daemon_status("Threads") == threads, f"{daemon_status('Threads')} threads instead of {threads}")
grown = daemon_status("RssAnon") - memory
check(grown < 2048, f"{grown} KiB more")
passed(f"no descriptor, no thread and {max(grown, 0)} KiB more after all; the slowest scrape took {scraper.slowest:.1f} s")
