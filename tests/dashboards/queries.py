#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: queries.py rules DASHBOARD...              print all expressions as a file for `promtool check rules`
       queries.py ask URL RECORDED DASHBOARD...     send all of them to Prometheus at URL

Repeats each query until it returns data, for a minute at most. RECORDED is yes if Prometheus has loaded the
recording rules. With no, queries of trends over days are skipped, and all others must work without the
rules. With central, Prometheus has the series that docs/fleet.md keeps in one place; queries of others are
skipped.
"""
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import partial

from board import expressions, fill_in, load, variables

VALUES = {"job": "sockdiag", "cluster": ".*", "instance": "127.0.0.1:10073", "top": "10",
          "__rate_interval": "10s", "__range": "10m"}
PATIENCE = 60  # seconds
OPTIONAL = {"cluster", "local_interface"}  # labels that may be absent or empty
OF_TARGET = "cluster, job, instance"
# tcp_mem and tcp_max_orphans are in the first namespace only.
OF_FIRST_NAMESPACE = re.compile(r"sockdiag_tcp_(memory|orphan)_limit")
# Recorded trends over days; the dashboards have no other query for them.
OF_DAYS = re.compile(r":max_1d\b|:delta_1d\b|trend_7d\b|_delta_1d:")
# Series that docs/fleet.md keeps only in the Prometheus of each cluster.
NOT_CENTRAL = re.compile(r"sockdiag_listener_")
# A recorded series, and the labels of its substitute, which are the target's after `without`.
SUBSTITUTED = re.compile(r"(\w+:\w+:\w+{[^}]*}) or \w+ (?:without|by \(([^)]*)\))")


def filled(target, panel):
    repeated = panel is not None and panel.get("repeat") == "state"
    return fill_in(target["expr"], {**VALUES, "state": "time_wait" if repeated else "time_wait|established"})


class Unanswered(Exception):
    """Prometheus is not up yet, or refuses the query."""


def ask(url, path, **parameters):
    query = urllib.parse.urlencode(parameters, doseq=True)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/api/v1/{path}?{query}", timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise Unanswered(error.read().decode().strip()) from error
    except OSError as error:
        raise Unanswered(str(error)) from error


def ask_range(url, expression, seconds, step):
    now = time.time()
    return ask(url, "query_range", query=expression, start=now - seconds, end=now, step=step)


def labels_meant(target, panel):
    """The labels of the answer that a legend or the columns of a table use."""
    meant = re.findall(r"{{(\w+)}}", target.get("legendFormat", ""))
    for transformation in (panel or {}).get("transformations", []):
        columns = transformation["options"].get("indexByName", {})
        meant += [column for column in columns if not column.startswith("Value")]
        meant += [transformation["options"][field] for field in ("columnField", "rowField")
                  if field in transformation["options"]]
    return set(meant)


def complaint(url, target, panel):
    """The error in the answer to a target, or None."""
    expression = filled(target, panel)
    if target.get("instant"):
        answer = ask(url, "query", query=expression)
    else:
        answer = ask_range(url, expression, 60, 1)
    series = answer["result"]
    if any("histograms" in one for one in series):
        return None  # native ones: Grafana's heatmap draws them without labels
    values = [float(value) for one in series for _, value in one.get("values", [one.get("value")])]
    if not any(map(math.isfinite, values)):
        return "no data"
    labels = set().union(*(one["metric"] for one in series))
    missing = labels_meant(target, panel) - OPTIONAL - labels
    if missing:
        return f"no label {', '.join(sorted(missing))} in the answer"
    # Grafana merges the rows of several queries only if all labels agree, including the name.
    strange = labels - labels_meant(target, panel) if target.get("format") == "table" else set()
    return f"labels without a column: {', '.join(sorted(strange))}" if strange else None


def variable_complaint(url, variable):
    selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
    found = ask(url, f"label/{label}/values", **{"match[]": fill_in(selector, VALUES)})
    return None if found else "no values"


def bounds_complaint(url, target):
    """Check the rows of a heatmap while the bounds of a histogram change their spelling."""
    expression = fill_in(target["expr"], {**VALUES, "__rate_interval": "1m", "instance": "history:10073",
                                          "state": "time_wait"})
    answer = ask_range(url, expression, 1500, 30)
    rows = {one["metric"]["le"]: len(one["values"]) for one in answer["result"]}
    if sorted(rows) != ["+Inf", "0", "1000"] or min(rows.values()) < 0.9 * 1500 / 30:
        return f"rows and their lengths are {rows}"
    return None


def substitute_complaint(url, recorded, labels):
    """`or` returns a series from both sides unless the labels agree."""
    series = ask(url, "query", query=recorded)["result"]
    for one in series:
        if set(one["metric"]) - {"__name__"} | OPTIONAL != set(labels.split(", ")) | OPTIONAL:
            return f"a substitute by ({labels}) for {one['metric']}"
    return None if series else "no data"


def questions(url, recorded, boards):
    """where -> a function that queries and returns a complaint or None"""
    asked = {}
    for board in boards:
        for where, target, panel in expressions(board):
            query = target["expr"]
            if OF_FIRST_NAMESPACE.search(query) or recorded == "central" and NOT_CENTRAL.search(query):
                continue
            if recorded != "no" or not OF_DAYS.search(query):
                asked[where] = partial(complaint, url, target, panel)
            if recorded != "no":
                for series, labels in SUBSTITUTED.findall(filled(target, panel)):
                    asked[f"{where} {series}"] = partial(substitute_complaint, url, series, labels or OF_TARGET)
            if panel is not None and panel.get("repeat") == "state":
                asked[f"{where} with bounds respelled"] = partial(bounds_complaint, url, target)
        for variable in variables(board):
            if variable["type"] == "query":
                asked[f'{board["title"]}: ${variable["name"]}'] = partial(variable_complaint, url, variable)
    return asked


def outcome(asking):
    try:
        return asking()
    except Unanswered as error:
        return str(error)


def ask_all(url, recorded, boards):
    waiting = questions(url, recorded, boards)
    count, deadline = len(waiting), time.monotonic() + PATIENCE
    while True:
        complaints = {where: outcome(asking) for where, asking in waiting.items()}
        waiting = {where: asking for where, asking in waiting.items() if complaints[where]}
        if not waiting or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    for where in waiting:
        print(f"{where}: {complaints[where]}", file=sys.stderr)
    print(f"{count - len(waiting)} of {count} queries answered, "
          f"{dict(yes='with', no='without', central='with the federated series of')[recorded]} the recording rules")
    return 1 if waiting else 0


def print_rules(boards):
    """JSON is YAML."""
    rules = [{"record": f"dashboard:query:number_{number}", "expr": filled(target, panel)}
             for number, (_, target, panel) in enumerate(found for board in boards for found in expressions(board))]
    print(json.dumps({"groups": [{"name": "dashboards", "rules": rules}]}, indent=1))
    return 0


def main(command, *arguments):
    if command == "rules":
        return print_rules([load(path) for path in arguments])
    url, recorded, *paths = arguments
    return ask_all(url, recorded, [load(path) for path in paths])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
