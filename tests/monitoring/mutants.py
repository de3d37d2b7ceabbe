#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prove that the tests of the rules can fail.

    mutants.py MONITORING

MONITORING holds rule files and, in tests, promtool's tests of them. In every rule

- each number of the expression is doubled and halved (0: made 2 and -2),
- each range, offset and step is doubled and halved, wherever the expression has it,
- each matcher is removed, wherever the expression has it,
- each `and` is replaced by `unless`, and each `unless` and `or` by `and`,
- `for` and `keep_firing_for` are set to 0,

one at a time, and the tests that name the rule must then fail. promtool comes from $PATH. Prints each
change that the tests do not notice. Changes in SPARED are skipped.
"""

import concurrent.futures
import pathlib
import re
import subprocess
import sys
import tempfile

# A separate number: not a duration, a part of a name, or a label value.
NUMBER = re.compile(r'(?<![\w.:"])\d+(?:\.\d+)?(?![\w.:"(\\])')
# With its prefix: the bracket of a range, the colon of a subquery, or `offset`.
DURATION = re.compile(r"(\[|\[\d+\w:|\boffset )(\d+)([smhd])\b")
HOLD = re.compile(r"(for: )\d+[smhd]$")
MATCHER = re.compile(r'(?<=[{,])\w+(?:=~|!=|=)"(?:[^"\\]|\\.)*"')
OPERATOR = re.compile(r"^(\s*)(and|unless|or)\b")
RULE = re.compile(r"(?m)^\s*- (?:alert|record): (\S+)")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# Rule -> changes with no or little effect: how much of a spike its own mean leaves out, the only recorded
# state, a role that is never above itself, and the steps of subqueries, which only affect the cost.
SPARED = {
    "instance_state:sockdiag_tcp_sockets_peak:spike_10m": {"offset 15m", 'state="time_wait"'},
    "SockdiagTimeWaitSpike": {'role="server"'},
    "SockdiagCloseWaitLeak": {"[2h:15m"},
    "SockdiagListenerCloseWaitLeak": {"[2h:15m"},
    "instance:sockdiag_until_knee_seconds:trend_7d": {"[6d:1h"},
}


def expression_lines(lines):
    """Indices of the lines of `expr: |` blocks, except those on native histograms and an `or` before them: the
    tests of promtool 2.42 do not support these."""
    indent = None
    for index, (line, following) in enumerate(zip(lines, [*lines[1:], ""])):
        depth = len(line) - len(line.lstrip())
        if indent is not None and depth <= indent:
            indent = None
        native = "histogram_fraction" in line or line.strip() == "or" and "histogram_fraction" in following
        if indent is not None and not native:
            yield index
        if line.strip() == "expr: |":
            indent = depth


def rule_spans(lines):
    """Yields (name, the range of its lines) for each rule."""
    starts = [index for index, line in enumerate(lines) if RULE.match(line)]
    for start, end in zip(starts, starts[1:] + [len(lines)]):
        yield RULE.match(lines[start]).group(1), range(start, end)


def changes_of_lines(line):
    """Yields (what, changed line)."""
    for match in NUMBER.finditer(line):
        number = float(match.group())
        for changed in (number * 2, number / 2) if number else (2, -2):
            yield f"{match.group()} -> {changed:g}", line[: match.start()] + f"{changed:g}" + line[match.end() :]
    for match in OPERATOR.finditer(line):
        changed = "unless" if match[2] == "and" else "and"
        yield f"{match[2]} -> {changed}", match[1] + changed + line[match.end() :]
    for match in HOLD.finditer(line):
        yield f"{match.group()} -> 0s", line[: match.start()] + match[1] + "0s"


def changes_of_texts(text):
    """Yields (what, text to replace, its replacement)."""
    for before, count, unit in sorted(set(DURATION.findall(text))):
        seconds = int(count) * SECONDS[unit]
        for changed in (seconds * 2, seconds // 2):
            yield f"{before}{count}{unit}", f"{before}{count}{unit}", f"{before}{changed}s"
    for matcher in sorted(set(MATCHER.findall(text))):
        yield matcher, matcher, ""


def mutants(text):
    """Yields (name of the rule, line number, what was changed, mutated text)."""
    lines = text.split("\n")
    expressions = set(expression_lines(lines))
    for name, span in rule_spans(lines):
        own = [index for index in span if index in expressions]
        for index in span:
            if index in own or HOLD.search(lines[index]):
                for what, line in changes_of_lines(lines[index]):
                    yield name, index + 1, what, "\n".join(lines[:index] + [line] + lines[index + 1 :])
        for what, old, new in changes_of_texts("\n".join(lines[index] for index in own)):
            if what not in SPARED.get(name, ()):
                old = re.compile(re.escape(old) + ("" if new else ",?"))
                changed = [old.sub(new, line) if index in own else line for index, line in enumerate(lines)]
                yield name, own[0] + 1, f"{what} -> {new or 'nothing'}", "\n".join(changed)


def parts(text, mark):
    """The text before the first line that begins with `mark`, and all parts that begin with one."""
    head, *rest = re.split(rf"(?m)^(?={mark})", text)
    return head, rest


def needed(text, tests):
    """The rules without the alerts that the tests do not name, to save time."""
    head, groups = parts(text, "  - name: ")
    kept = []
    for group in groups:
        top, rules = parts(group, r" *- (?:alert|record): ")
        rules = [rule for rule in rules if "- record: " in rule or RULE.match(rule).group(1) in tests]
        kept += [top, *rules] if rules else []
    return head + "".join(kept)


def failure(rules, name, text):
    """promtool's output if the tests of the rule fail with `text` as the file `rules`; None if they
    pass."""
    tests = {}
    for test in rules.parent.glob("tests/*.yaml"):
        head, blocks = parts(test.read_text(), "  - name: ")
        blocks = [block for block in blocks if name in block]
        if blocks and rules.name in head:
            tests[test.name] = head + "".join(blocks)
    if not tests:
        return None
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / rules.name).write_text(needed(text, "".join(tests.values())))
        (pathlib.Path(directory) / "tests").mkdir()
        for test, its_text in tests.items():
            (pathlib.Path(directory) / "tests" / test).write_text(its_text)
        command = ["promtool", "test", "rules", *(f"{directory}/tests/{test}" for test in tests)]
        ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        return ran.stdout if ran.returncode != 0 else None


def main():
    survivors = total = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for rules in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml")):
            text = rules.read_text()
            names = sorted(set(RULE.findall(text)))
            for name, failed in zip(names, pool.map(lambda each: failure(rules, each, text), names)):
                if failed is not None:
                    sys.exit(f"{rules}: the tests of {name} fail without a change: {failed}")
            changes = list(mutants(text))
            failures = pool.map(lambda change: failure(rules, change[0], change[3]), changes)
            for (name, line, change, _), failed in zip(changes, failures):
                total += 1
                if failed is None:
                    survivors += 1
                    print(f"{rules}:{line}: {name}: no test notices {change}")
    print(f"{total} changes, {survivors} unnoticed")
    sys.exit(survivors > 0 or total == 0)


if __name__ == "__main__":
    main()
