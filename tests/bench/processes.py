# SPDX-License-Identifier: Apache-2.0
"""Start, measure, query and end programs in network namespaces."""

import concurrent.futures
import contextlib
import ctypes
import http
import http.client
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

ANSWER_SECONDS = 30  # for a command to end, and for a daemon to start
POLL_SECONDS = 0.25

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """The reason why a subject has no figures; shown in its row."""


class NotReady(Failure):
    """It answers, but has no page yet: the exporter has just started, or was stopped for a long time."""


def progress(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def check(result):
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


class Namespace:
    """The network namespace of a process."""

    def __init__(self, pid):
        self.fd = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def close(self):
        os.close(self.fd)

    def enter(self):
        """Move the calling thread. In a user namespace it cannot return."""
        check(libc.setns(self.fd, CLONE_NEWNET))

    def connect(self, port):
        """A connection to loopback in the namespace. A separate thread makes it, because a socket
        belongs to the namespace of its creation and the thread cannot return."""

        def enter_and_connect():
            self.enter()
            return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_SECONDS)

        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            return pool.submit(enter_and_connect).result()

    def get(self, port, path, headers, tls):
        """A page as text; `tls` is a client's context, or None."""
        connection = http.client.HTTPConnection("127.0.0.1", port)
        with contextlib.closing(connection):
            plain = self.connect(port)
            connection.sock = tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain
            connection.request("GET", path, headers=headers)
            response = connection.getresponse()
            if response.status == http.HTTPStatus.SERVICE_UNAVAILABLE:
                raise NotReady(f"{path} is not ready")
            if response.status != 200:
                raise Failure(f"{path} answered {response.status}")
            return response.read().decode()


def spawn(argv, netns=None, log=subprocess.DEVNULL, **options):
    """Start a program in a namespace. The kernel kills it when this process ends. It has its own
    session, so the terminal's Ctrl-C does not reach it: this script ends it in order."""

    def prepare():
        check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
        if netns:
            netns.enter()

    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | options
    return subprocess.Popen(
        argv, stderr=log, start_new_session=True, preexec_fn=prepare, **options
    )


def cpu_seconds(pid):
    """User and system time of all threads of a process, including ended ones."""
    clock = ctypes.c_int()
    if libc.clock_getcpuclockid(pid, ctypes.byref(clock)) != 0:
        raise Failure("ended early")
    return time.clock_gettime(clock.value)


def memory_kib(pid, field):
    """VmHWM or VmRSS of a process; None if it has ended."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        match = re.search(rf"^{field}:\s+(\d+) kB", status.read(), re.MULTILINE)
    return int(match[1]) if match else None


def one_shot(argv, netns, log, **options):
    """Run a command to its end. Returns its CPU seconds, from rusage, its peak memory and the process."""
    process = spawn(argv, netns, log, **options)
    pidfd = os.pidfd_open(process.pid)
    peak, deadline = None, time.monotonic() + ANSWER_SECONDS
    try:
        # ru_maxrss includes the size of this script, so watch VmHWM, which starts at exec.
        while not select.select([pidfd], [], [], 0.02)[0]:
            peak = memory_kib(process.pid, "VmHWM") or peak
            if time.monotonic() > deadline:
                process.kill()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        os.close(pidfd)
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode != 0:
        raise Failure(f"exit code {process.returncode}: {last_line(log)}")
    return usage.ru_utime + usage.ru_stime, peak, process


def last_line(log):
    with open(log.name, encoding="utf-8", errors="replace") as file:
        lines = file.read().split("\n")
    return next((line for line in reversed(lines) if line.strip()), "no message")


def value(text, name, **labels):
    """The value of a series in the text format; None if no series has these labels."""
    for line in text.splitlines():
        match = re.match(rf"{name}(?:\{{(.*)\}})? (\S+)", line)
        if match and labels.items() <= dict(re.findall(r'(\w+)="([^"]*)"', match[1] or "")).items():
            return float(match[2])
    return None


class Daemon:
    """A program that answers on a port in a namespace. Requests use these headers and this TLS
    context."""

    def __init__(self, netns, argv, port, log, headers=None, tls=None, **options):
        self.netns, self.port, self.log = netns, port, log
        self.headers, self.tls = headers or {}, tls
        self.process = spawn(argv, netns, log, **options)

    def close(self):
        self.process.kill()
        self.process.wait()

    def get(self, path="/metrics"):
        return self.netns.get(self.port, path, self.headers, self.tls)

    def wait_for(self, condition, path="/metrics"):
        """Fetch a page until condition(text) is true. Returns the text."""
        deadline = time.monotonic() + ANSWER_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise Failure(f"exit code {self.process.returncode}: {last_line(self.log)}")
            with contextlib.suppress(ConnectionError, NotReady):
                text = self.get(path)
                if condition(text):
                    return text
            time.sleep(POLL_SECONDS)
        raise Failure(f"not ready within {ANSWER_SECONDS} s: {last_line(self.log)}")

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def settled_cpu(self):
        """The CPU time when the process is idle again, because it collects garbage after the answer."""
        deadline, last, now = time.monotonic() + 2, -1.0, self.cpu()
        while now - last > 0.001 and time.monotonic() < deadline:
            time.sleep(0.05)
            last, now = now, self.cpu()
        return now

    def memory_kib(self, field="VmHWM"):
        return memory_kib(self.process.pid, field)
