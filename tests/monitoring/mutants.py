#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Proves that the tests of the rules can fail.

    mutants.py MONITORING

MONITORING holds rule files and, in tests, promtool's tests of them. Every number in every expression
is changed, once to twice and once to half of it (0: to 2 and -2), and the tests that name the rule
must then fail. promtool is taken from $PATH. Prints each number that could be changed unnoticed.
"""

import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# A number that stands alone: no duration, no part of a name, no label value.
NUMBER = re.compile(r'(?<![\w.:"])\d+(?:\.\d+)?(?![\w.:"(\\])')

RULE = re.compile(r"\s*- (?:alert|record): (\S+)")


def expression_lines(lines):
    """Indices of the lines of `expr: |` blocks, but for those on native histograms, of which the
    tests of promtool 2.42 know nothing."""
    indent = None
    for index, line in enumerate(lines):
        depth = len(line) - len(line.lstrip())
        if indent is not None and depth <= indent:
            indent = None
        if indent is not None and "histogram_fraction" not in line:
            yield index
        if line.strip() == "expr: |":
            indent = depth


def mutants(text):
    """Yields (name of the rule, line number, what was changed, mutated text)."""
    lines = text.split("\n")
    for index in expression_lines(lines):
        rule = next(line for line in reversed(lines[:index]) if RULE.match(line))
        for match in NUMBER.finditer(lines[index]):
            number = float(match.group())
            for changed in (number * 2, number / 2) if number else (2, -2):
                line = lines[index][: match.start()] + f"{changed:g}" + lines[index][match.end() :]
                mutated = "\n".join(lines[:index] + [line] + lines[index + 1 :])
                yield RULE.match(rule).group(1), index + 1, f"{match.group()} -> {changed:g}", mutated


def survives(rules, name, text):
    """Do the tests that mention the rule pass with `text` for the file `rules`?"""
    tests = [test.name for test in rules.parent.glob("tests/*.yaml") if name in test.read_text()]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(rules.parent / "tests", pathlib.Path(directory) / "tests")
        (pathlib.Path(directory) / rules.name).write_text(text)
        command = ["promtool", "test", "rules"] + [f"{directory}/tests/{test}" for test in tests]
        return not tests or subprocess.run(command, capture_output=True, check=False).returncode == 0


def main():
    survivors = total = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for rules in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
            text = rules.read_text()
            if not survives(rules, rules.name, text):
                sys.exit(f"{rules}: its tests fail as it is")
            changes = list(mutants(text))
            verdicts = pool.map(lambda change: survives(rules, change[0], change[3]), changes)
            for (name, line, change, _), survived in zip(changes, verdicts):
                total += 1
                survivors += survived
                if survived:
                    print(f"{rules}:{line}: {name}: {change} goes unnoticed")
    print(f"{total} numbers changed, {survivors} unnoticed")
    sys.exit(survivors > 0 or total == 0)


if __name__ == "__main__":
    main()
