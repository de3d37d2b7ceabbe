# SPDX-License-Identifier: Apache-2.0
"""Sockets to measure on, made by `fabricate`."""

import dataclasses
import re
import select
import subprocess

from processes import Failure, Namespace, last_line, spawn

READY_SECONDS = 180  # to fabricate a population


@dataclasses.dataclass
class Recipe:
    """A population: the options of `fabricate`, and the goals for the exporter's cost."""

    title: str
    options: dict[str, int | str | bool]  # True: an option without a value
    goals: dict[str, float]


class Population:
    """Sockets in their own namespace, for the duration of a `with` block."""

    def __init__(self, bench, recipe):
        options = [
            f"--{name}" if setting is True else f"--{name}={setting}"
            for name, setting in recipe.options.items()
        ]
        self.argv = [bench.program("tests/bench/fabricate"), *options]
        self.log = bench.log("fabricate")

    def __enter__(self):
        pipe = subprocess.PIPE
        self.process = spawn(self.argv, None, self.log, stdin=pipe, stdout=pipe, bufsize=0)
        try:
            ready = self.answer()
            self.counts = {key: float(value) for key, value in re.findall(r"(\w+)=(\S+)", ready)}
            self.netns = Namespace(self.process.pid)
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.netns.close()
        self.end()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(READY_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def answer(self):
        """The next line from `fabricate`, which writes whole lines."""
        if not select.select([self.process.stdout], [], [], READY_SECONDS)[0]:
            raise Failure(f"fabricate: no answer in {READY_SECONDS} s")
        line = self.process.stdout.readline().decode()
        if not line:
            self.process.wait(READY_SECONDS)
            raise Failure(last_line(self.log))
        return line

    def rearm(self):
        """Restart the timers of the TIME_WAIT sockets."""
        if self.counts["time_wait"] > 0:
            self.process.stdin.write(b"rearm\n")
            self.answer()

    def sockets(self):
        states = ("established", "time_wait", "close_wait", "fin_wait2", "listen")
        return int(sum(self.counts[state] for state in states))
