#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Would the tests notice a mistake? Change one token of the sources at a time, and run them.

    mutation.py COUNTED DIRECTORY TEST...

COUNTED holds the tests and the exporter with clang's counters: they are run once to learn which test reaches
which line. Copies of the tree in DIRECTORY, built with sanitizers, then get one mutant after the other, and the
tests that reach it run until one fails. $FILES are the sources, $MUTANTS says how many are tried, $SEED which
ones. Not counted are mutants that do not compile or are the same to the compiler, and those in equivalent.txt,
each with its reason. Prints those that no test notices, and fails if fewer than 90 % are noticed.
"""

import collections
import concurrent.futures
import fnmatch
import glob
import itertools
import multiprocessing
import os
import pathlib
import random
import resource
import shutil
import signal
import subprocess
import sys
import time

from mutants import mutants_of

DEMANDED = 0.9
WORKERS = os.cpu_count()
# What a mutant may take: it may allocate or write in an endless loop.
os.environ["ASAN_OPTIONS"] = "hard_rss_limit_mb=2048"
LIMITS = {resource.RLIMIT_FSIZE: 1 << 28, resource.RLIMIT_CORE: 0}
# Sanitizers notice what is not freed, and reading beyond the end.
SETTINGS = ["BUILD=build", "SANITIZE=address,undefined", "CFLAGS=-O1 -w"]

# How long a test takes, its exit code (77: it was skipped), and file -> line -> how often it was reached.
Reach = collections.namedtuple("Reach", "seconds code lines")


def read_equivalents(path):
    """The mutants that no test can notice, as (file, line, change). A paragraph for each line: its file, the
    line, the changes that have no effect joined by "or", and the reason."""
    known = set()
    _head, *paragraphs = path.read_text().strip().split("\n\n")
    for paragraph in paragraphs:
        file, line, changes, _reason = paragraph.split("\n", 3)
        known |= {(file, line.strip(), change.strip()) for change in changes.split(" or ")}
    return known


def change_of(mutant):
    """As people read it."""
    old = " ".join(mutant.old.split())
    return f"{old} -> {mutant.new or 'nothing'}"


def output_of(command):
    """What it prints."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout


def run(directory, build, test, seconds, output=subprocess.DEVNULL):
    """Its exit code; None if it does not end in time. Ends all of its processes."""
    build = build.absolute()
    with subprocess.Popen(
        [build / test, build / "sockdiag_exporter", build],
        cwd=directory,
        env={**os.environ, "EXPORTER": str(build / "sockdiag_exporter")},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    ) as process:
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def explore(counted, test):
    """Run a test with counters: its Reach."""
    for old in counted.glob("*.profraw"):
        old.unlink()
    start = time.monotonic()
    log = counted / "one.log"
    with open(log, "w", encoding="utf-8") as output:
        code = run(".", counted, test, 600, output)
    if code not in (0, 77):
        sys.exit(f"{log.read_text()}{counted / test} fails without a mutant: {code}")
    seconds = time.monotonic() - start
    profile = counted / "one.profdata"
    subprocess.run(["llvm-profdata", "merge", "-o", profile, *counted.glob("*.profraw")], check=True)
    programs = [counted / test, f"--object={counted / 'sockdiag_exporter'}"]
    command = ["llvm-cov", "export", "--format=lcov", f"--instr-profile={profile}", *programs]
    lines = collections.defaultdict(dict)
    for entry in output_of(command).split("\n"):
        kind, _, value = entry.partition(":")
        if kind == "SF":
            file = os.path.relpath(value)
        elif kind == "DA":
            number, count = value.split(",")
            lines[file][int(number)] = int(count)
    return Reach(seconds, code, lines)


def tests_of(mutant, reaches):
    """Those that reach its line, fast ones first; of a line that is no code, those that reach its file."""

    def reached(reach):
        lines = reach.lines.get(mutant.file, {})
        return lines[mutant.number] if mutant.number in lines else any(lines.values())

    return sorted(filter(lambda test: reached(reaches[test]), reaches), key=lambda test: reaches[test].seconds)


class Tree:
    """A copy of the tree for each process."""

    def __init__(self, directory, ranks):
        for limit, value in LIMITS.items():
            resource.setrlimit(limit, (value, value))
        self.directory = directory / str(ranks.get())

    def make(self, *targets):
        """Bring them up to date. Did that work?"""
        command = ["make", "-s", "-C", self.directory, *SETTINGS, *targets]
        return subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0

    def judge(self, mutant, tests):
        """The test that notices the mutant, "NOBODY", or "" if it is none."""
        source = self.directory / mutant.file
        made = (self.directory / "build" / mutant.file).with_suffix(".o")
        original, text, times = made.read_bytes(), source.read_text(), source.stat()
        source.write_text(text[: mutant.start] + mutant.new + text[mutant.end :])
        try:
            if not self.make(made.relative_to(self.directory)) or made.read_bytes() == original:
                return ""
            return next((test for test in tests if self.notices(test, *tests[test])), "NOBODY")
        finally:
            source.write_text(text)
            os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
            made.write_bytes(original)

    def notices(self, test, seconds, code):
        """Build and run it. A test that is skipped only now notices, too."""
        self.make(f"build/{test}", "build/sockdiag_exporter")
        return run(self.directory, self.directory / "build", test, 10 + 5 * seconds) != code


tree = None


def set_up(*arguments):
    global tree  # of this process
    tree = Tree(*arguments)


def judge(mutant, tests):
    return tree.judge(mutant, tests)


def plant_trees(directory):
    """Copies of what git knows, with the exporter built; a test is when it is needed."""
    shutil.rmtree(directory, ignore_errors=True)
    first = directory / "0"
    for name in output_of(["git", "ls-files"]).split("\n"):
        if os.path.isfile(name):
            (first / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(name, first / name)
    command = ["make", "-s", f"-j{WORKERS}", "-C", first, *SETTINGS, "build/sockdiag_exporter"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    for rank in range(1, WORKERS):
        shutil.copytree(first, directory / str(rank), symlinks=True)


def choose(equivalents, patterns, seed):
    """All mutants of the files but the equivalent ones, in the order of the seed."""
    everything = [
        mutant
        for pattern in patterns
        for file in sorted(glob.glob(pattern))
        for mutant in mutants_of(file, pathlib.Path(file).read_text())
    ]
    names = {(mutant.file, mutant.line, change_of(mutant)) for mutant in everything}
    for file, line, change in sorted(equivalents - names):
        if any(fnmatch.fnmatch(file, pattern) for pattern in patterns):
            sys.exit(f"equivalent.txt: there is no {change} in {file}: {line}")
    chosen = [m for m in everything if (m.file, m.line, change_of(m)) not in equivalents]
    random.Random(seed).shuffle(chosen)
    equal = len(everything) - len(chosen)
    print(f"{len(everything)} mutants, {equal} of them named as equivalent; SEED={seed}", flush=True)
    return chosen


def verdicts_of(pool, candidates, reaches, count):
    """Yields (mutant, test or NOBODY), `count` times at most."""
    while count > 0 and (batch := list(itertools.islice(candidates, count))):
        tried = {}
        for mutant in batch:
            expected = {test: reaches[test][:2] for test in tests_of(mutant, reaches)}
            tried[pool.submit(judge, mutant, expected)] = mutant
        for done in concurrent.futures.as_completed(tried):
            if done.result():
                count -= 1
                yield tried[done], done.result()


def main(counted, directory, *tests):
    """Returns the exit code."""
    counted, directory = pathlib.Path(counted), pathlib.Path(directory)
    os.environ.pop("MAKEFLAGS", None)
    seed = int(os.environ.get("SEED") or random.randrange(1_000_000))
    equivalents = read_equivalents(pathlib.Path(__file__).with_name("equivalent.txt"))
    candidates = choose(equivalents, os.environ["FILES"].split(), seed)
    plant_trees(directory)
    reaches = {test: explore(counted, test) for test in tests}
    ranks = multiprocessing.Queue()
    for rank in range(WORKERS):
        ranks.put(rank)
    tried = noticed = 0
    with (
        concurrent.futures.ProcessPoolExecutor(WORKERS, initializer=set_up, initargs=(directory, ranks)) as pool,
        open(directory / "mutants.txt", "w", encoding="utf-8") as log,
    ):
        for mutant, verdict in verdicts_of(pool, iter(candidates), reaches, int(os.environ["MUTANTS"])):
            line = f"{mutant.file}:{mutant.number}: {change_of(mutant)}: {mutant.line}"
            print(f"{verdict}: {line}", file=log, flush=True)
            tried += 1
            noticed += verdict != "NOBODY"
            if verdict == "NOBODY":
                print(line, flush=True)
    print(f"{noticed} of {tried} mutants noticed, {noticed / tried:.1%}; SEED={seed}")
    return noticed < DEMANDED * tried


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
