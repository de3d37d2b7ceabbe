#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""usage: table.py LOG...

Prints a table of what kernels.sh did: a row for each program, a column for each kernel, whose log begins with
"kernel NAME". A boot begins with "boot OPTIONS", and is what run.sh prints. A cell has the number of tests that passed."""
import pathlib
import re
import sys


def cell(text, program, failed):
    passed, skipped = text.count("[       OK ]"), re.search(r"^ (\d+) SKIPPED TEST", text, re.MULTILINE)
    if program in failed:
        return "FAILED"
    return (str(passed) if passed else "skipped") + (f" (skipped {skipped[1]})" if skipped and passed else "")


def read(text):
    """The cells of a log, by row. A program that had no end has failed."""
    cells = {}
    for boot in re.split(r"^boot", text, flags=re.MULTILINE)[1:]:
        options, _, output = boot.partition("\n")
        ended = re.search(r"^\d+ passed, \d+ failed, \d+ skipped$", output, re.MULTILINE)
        failed = " ".join(re.findall(r"^FAILED: (.*)\n\d+ passed, ", output, re.MULTILINE)).split()
        runs = re.findall(r"^=== (\S+)\n(.*?)(?=^=== |\Z)", output, re.MULTILINE | re.DOTALL)
        if runs and not ended:
            failed.append(runs[-1][0])
        for program, lines in runs:
            cells[pathlib.Path(program).stem + options.rstrip()] = cell(lines, program, failed)
    return cells


logs = [pathlib.Path(name).read_text(encoding="utf-8", errors="replace") for name in sys.argv[1:]]
columns = {re.match(r"kernel (.*)", log)[1]: read(log) for log in logs}
rows = list(dict.fromkeys(row for cells in columns.values() for row in cells))
print("|", " | ".join(["", *columns]), "|")
print("|", " | ".join("---" for _ in range(1 + len(columns))), "|")
for row in rows:
    print("|", " | ".join([row.strip(), *(cells.get(row, "-") for cells in columns.values())]), "|")
