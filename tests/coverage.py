#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How much of src and cmd the tests reach.

    coverage.py BUILD

BUILD holds programs with clang's counters and what they counted (*.profraw). Prints the lines and branches of
each file that has some that are not reached, and of all. Fails if fewer than 95 % of lines or 90 % of branches are
reached; a branch is one outcome of one condition. BUILD/coverage.txt shows each line and branch with its count.
"""

import json
import pathlib
import subprocess
import sys

DEMANDED = {"lines": 95, "branches": 90}


def shares(summary):
    """As columns of the table."""
    return " ".join(f"{summary[kind]['covered']:6} of {summary[kind]['count']:6} {kind}" for kind in DEMANDED)


def main(build):
    """Returns the exit code."""
    build = pathlib.Path(build)
    profile = build / "tests.profdata"
    counted = sorted(build.glob("*.profraw"))
    subprocess.run(["llvm-profdata", "merge", "-o", profile, *counted], check=True)
    programs = [made.with_suffix("") for made in sorted(build.glob("tests/*/test_*.o"))]
    # The tests' own sources do not count.
    what = [build / "sockdiag_exporter", *[f"--object={program}" for program in programs]]
    what += [f"--instr-profile={profile}", "--ignore-filename-regex=/tests/"]
    with open(build / "coverage.txt", "w", encoding="utf-8") as report:
        subprocess.run(["llvm-cov", "show", "--show-branches=count", *what], stdout=report, check=True)
    made = subprocess.run(["llvm-cov", "export", "--summary-only", *what], stdout=subprocess.PIPE, check=True)
    (data,) = json.loads(made.stdout)["data"]
    for file in data["files"]:
        if any(file["summary"][kind]["covered"] < file["summary"][kind]["count"] for kind in DEMANDED):
            print(shares(file["summary"]), pathlib.Path(file["filename"]).relative_to(pathlib.Path.cwd()))
    totals = data["totals"]
    print(shares(totals), "in all:", *[f"{totals[kind]['percent']:.1f} % of {kind}" for kind in DEMANDED])
    return any(totals[kind]["percent"] < percent for kind, percent in DEMANDED.items())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
