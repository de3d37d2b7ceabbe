# SPDX-License-Identifier: Apache-2.0
"""usage: torture.py

Records the calls that can fail in the life of an exporter, then lets each of them fail, one a life. It must not
crash, hang or leak; it may end with one line, but only at its start; what it loses it must count or log, and get back.

$TORTURE_CALLS: only that many of them, chosen with $SEED. $TORTURE_FAULT: this one only, as a failure prints it.
"""
import collections
import concurrent.futures
import errno
import json
import os
import queue
import random
import re
import subprocess
import sys
import time

from scenario import SETUPS

WORKERS = 16  # most of a life is waiting
REFERENCES = 3  # lives without a fault
UNREACHED = 0.05  # share of the faults that may come to nothing, as no two lives are the same

# What libraries do when they find no memory, and no caller can mend: GMP ends the program by design (GMP manual,
# "Custom Allocation"), libtasn1 4.19 and the name services of glibc 2.36 (getpwnam) for want of a check; GnuTLS 3.7
# and libtasn1 leak what they have of a certificate.
ENDING, LEAKING = ("libgmp.so", "libtasn1.so", " become "), ("libgnutls.so", "libtasn1.so")

# Series whose values are the same in each life, as its neighbours are.
CONSTANT = (
    'sockdiag_tcp_sockets{state="listen"}',
    "sockdiag_listener_accept_queue_limit",
    "sockdiag_udp_sockets",
    'sockdiag_unix_sockets{type="stream",state="listen"}',
    "sockdiag_unix_listener_accept_queue_limit",
)
# Series that come with the scrapes' own connections.
VOLATILE = ("sockdiag_destination", "sockdiag_tcp_closed_first", "sockdiag_tcp_connect")

# What the kernel and the C library can answer (man pages), where it is not EIO.
ERRORS = {
    "ENOMEM": "malloc calloc realloc mmap fork pthread_mutex_init epoll_ctl",
    "EMFILE": "open openat opendir fdopendir fopen socket socketpair accept4 epoll_create1 eventfd inotify_init1",
    "EINTR": "read write recv recvmsg send sendmsg poll epoll_wait sigtimedwait sem_wait",
    "ENOBUFS": "recv recvmsg send sendto sendmsg getsockname getsockopt setsockopt",
    "EAGAIN": "sendto pthread_create eventfd_write",
    "EIO": "read write",
    "EADDRINUSE": "bind listen",
    "ENOSPC": "write inotify_add_watch",
    "EACCES": "open openat stat fstatat fcntl execve chdir",
    "ECONNABORTED": "accept4",
    "EPERM": "prctl syscall setrlimit",
    "ENOSYS": "syscall getrandom",
}


def errors_of(function):
    return [name for name, functions in ERRORS.items() if function in functions.split()] or ["EIO"]


class Worker:
    """A process in namespaces of its own, so that its exporter sees nothing of others."""

    def __init__(self, number):
        directory = f"{os.getcwd()}/worker{number}"
        os.makedirs(directory, exist_ok=True)
        command = "unshare --net --pid --fork --kill-child --mount-proc".split()
        program = os.path.join(os.path.dirname(os.path.realpath(__file__)), "worker.py")
        self.process = subprocess.Popen(
            [*command, "/usr/bin/python3", program], cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def play(self, setup, fault):
        print(json.dumps([setup, fault]), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


class Torture:
    def __init__(self):
        self.workers = queue.SimpleQueue()
        self.pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        for number in range(WORKERS):
            self.workers.put(Worker(number))
        self.lives = collections.Counter()

    def play(self, setup, fault=None):
        worker = self.workers.get()
        try:
            return worker.play(setup, fault and f"{fault.rpartition('/')[0]}/{getattr(errno, fault.rpartition('/')[2])}")
        finally:
            self.workers.put(worker)

    def record(self, setup):
        """Lives without a fault: what they have in common is the reference. Returns the faults."""
        lives = list(self.pool.map(lambda _: self.play(setup), range(REFERENCES)))
        for life in lives:
            if life["problems"]:
                sys.exit(f"FAILED: {setup} without a fault: {life['problems']}\n{life['log']}")
        pages = [life["series"] for life in lives]
        common = {
            name: value if all(page[name] == value for page in pages) and name.startswith(CONSTANT) else None
            for name, value in pages[0].items()
            if all(name in page for page in pages) and not name.startswith(VOLATILE)
        }
        with open(f"reference.{setup}", "w", encoding="ascii") as file:
            json.dump(
                {
                    "series": common,
                    "descriptors": max(life["descriptors"] for life in lives),
                    "warnings": lives[0]["warnings"],
                },
                file,
            )
        calls = lives[0]["calls"]
        chosen = pick(calls)
        faults = [f"{setup}/{call}/{name}" for call in chosen for name in errors_of(call.split("/")[2])]
        print(f"{setup}: {len(calls)} calls, {len(chosen)} of them in turn with {len(faults)} errors", flush=True)
        return faults

    def suffer(self, fault):
        """Returns what is wrong, or None."""
        setup, _, call = fault.partition("/")
        life = self.play(setup, call)
        self.lives["reached" if life["failed"] else "unreached"] += 1
        if not life["problems"]:
            return None
        stack = name_places(" ".join(caller for _, caller in life["calls"]))
        if is_of_a_library(" ".join(life["problems"]), stack):
            self.lives["library"] += 1
            return None
        return f"FAILED: TORTURE_FAULT={fault}: {'; '.join(life['problems'])}\n  in {stack}\n{life['log']}"


def is_of_a_library(problems, stack):
    """Does a library end the program, or leak?"""
    ends = "ends with SIG" in problems or "AddressSanitizer: SEGV" in problems
    leaks = "detected memory leaks" in problems
    return (ends and any(name in stack for name in ENDING)) or (
        leaks and any(name in stack.split()[0] for name in LEAKING)
    )


def name_places(stack):
    """The program's own functions by name."""
    program = os.environ["exporter"]
    for place in re.findall(rf"{program}\+(\S+)", stack):
        lines = subprocess.run(["addr2line", "-f", "-s", "-e", program, place], capture_output=True, text=True, check=False).stdout
        stack = stack.replace(f"{program}+{place}", lines.partition("\n")[0])
    return stack


def pick(calls):
    """Of a thread's calls from one place in the code the first, the second and one in the middle."""
    places = collections.defaultdict(list)
    for call, caller in calls:
        places[call.rpartition("/")[0], caller].append(call)
    return [call for calls in places.values() for call in dict.fromkeys(calls[:2] + calls[len(calls) // 2 :][:1])]


def choose(faults):
    count, seed = int(os.environ.get("TORTURE_CALLS", 0)), int(os.environ.get("SEED", time.time_ns() % 1000000))
    if not count:
        return faults
    print(f"SEED={seed} TORTURE_CALLS={count}", flush=True)
    return random.Random(seed).sample(faults, min(count, len(faults)))


def main():
    begin = time.monotonic()
    torture = Torture()
    one = os.environ.get("TORTURE_FAULT")
    setups = [name for name, setup in SETUPS.items() if os.geteuid() == 0 or not setup.privileged]
    faults = [fault for name in setups if not one or one.startswith(f"{name}/") for fault in torture.record(name)]
    failures = 0
    for failure in torture.pool.map(torture.suffer, [one] if one else choose(faults)):
        if failure:
            print(failure, flush=True)
            failures += 1
    reached, unreached = torture.lives["reached"], torture.lives["unreached"]
    print(
        f"{reached} faults, {unreached} not reached, {torture.lives['library']} ended or leaked by a library, "
        f"{failures} failures, {time.monotonic() - begin:.0f} s"
    )
    if failures or unreached > UNREACHED * (reached + unreached):
        sys.exit("FAILED: torture")
    print("[       OK ] each call that can fail has failed once")


main()
