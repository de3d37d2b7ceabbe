#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: check.py DASHBOARD...

Checks that a schema cannot express: ids and grid, descriptions and units, variables and links. Prints each
complaint; fails if there is one.
"""
import itertools
import pathlib
import re
import sys

from board import expressions, load, panels, used_variables, variables

# Variables that Grafana defines, and those of a clicked value that a link may use.
OF_GRAFANA = {"__all", "__rate_interval", "__range", "__url_time_range", "__value.raw", "__field.labels.instance",
              "__field.labels.job", "__field.labels.cluster", "__data.fields.job", "__data.fields.cluster"}
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
OF_HOST = 'job=~"$job", cluster=~"$cluster", instance="$instance"'
SELECTORS = {"host": OF_HOST, "namespaces": OF_HOST, "fleet": 'job=~"$job", cluster=~"$cluster"'}
METRIC = re.compile(r"\b((?:\w+:)?(?:sockdiag|process)_[\w:]+|up\b)")


def overlap(one, other):
    return all(one[at] < other[at] + other[size] and other[at] < one[at] + one[size]
               for at, size in (("x", "w"), ("y", "h")))


def check_grid(board):
    ids = [panel["id"] for panel in board["panels"]]
    yield from (f"id {one} is used twice" for one in {one for one in ids if ids.count(one) > 1})
    for panel in board["panels"]:
        place = panel["gridPos"]
        if place["x"] < 0 or place["x"] + place["w"] > 24:
            yield f'"{panel["title"]}" leaves the grid'
    for one, other in itertools.combinations(board["panels"], 2):
        if overlap(one["gridPos"], other["gridPos"]):
            yield f'"{one["title"]}" and "{other["title"]}" overlap'


def check_words(board):
    titles = [panel["title"] for panel in panels(board)]
    yield from (f'"{one}" is the title of two panels' for one in {one for one in titles if titles.count(one) > 1})
    for panel in panels(board):
        if not panel.get("description", "").endswith("."):
            yield f'"{panel["title"]}" has no description that ends with a full stop'
        if not (panel["fieldConfig"]["defaults"].get("unit") or panel["options"].get("yAxis", {}).get("unit")):
            yield f'"{panel["title"]}" has no unit'


def check_thresholds(board):
    """Thresholds start without a bound and rise; Grafana does not check this."""
    for panel in panels(board):
        given = [panel["fieldConfig"]["defaults"].get("thresholds")]
        given += [entry["value"] for override in panel["fieldConfig"]["overrides"]
                  for entry in override["properties"] if entry["id"] == "thresholds"]
        for thresholds in filter(None, given):
            first, *others = [step["value"] for step in thresholds["steps"]]
            if first is not None or others != sorted(set(others)):
                yield f'"{panel["title"]}": thresholds do not rise'


def check_variables(board):
    defined = {variable["name"] for variable in variables(board)}
    used = used_variables(board)
    yield from (f"${name} is used, but not defined" for name in used - defined - OF_GRAFANA)
    yield from (f"${name} is defined, but not used" for name in defined - used)
    asking = [*panels(board), *board["annotations"]["list"], *(v for v in variables(board) if v["type"] == "query")]
    yield from (f'"{one.get("title") or one["name"]}" does not use the selected data source'
                for one in asking if one.get("datasource") != DATASOURCE)


def check_selectors(board, kind):
    """Every query of a metric has the variables, so that it shows only the selected hosts."""
    for where, target, _ in expressions(board):
        for found in METRIC.finditer(target["expr"]):
            if not target["expr"].startswith("{" + SELECTORS[kind], found.end(1)):
                yield f"{where}: {found[1]} is not limited by the variables"


def check_references(board):
    """Matchers and column names of a panel refer to its own queries."""
    for panel in panels(board):
        queries = [target["refId"] for target in panel["targets"]]
        if len(set(queries)) != len(queries):
            yield f'"{panel["title"]}": two queries have the same name'
        named = [override["matcher"]["options"] for override in panel["fieldConfig"]["overrides"]
                 if override["matcher"]["id"] == "byFrameRefID"]
        named += re.findall(r"'Value #(\w+)'", str(panel.get("transformations", [])))
        yield from (f'"{panel["title"]}" refers to a missing query {name}' for name in set(named) - set(queries))


def check_requirements(board):
    """The fields that Grafana writes when it exports a dashboard for others. The data source is a variable, so an
    import has no question (no input), and a provisioned file works as well."""
    used = {("panel", panel["type"]) for panel in panels(board)} | {("grafana", "grafana"), ("datasource", "prometheus")}
    named = [(one["type"], one["id"]) for one in board["__requires"]]
    yield from (f"__requires names {one} wrongly" for one in set(named) ^ used)
    if len(set(named)) != len(named) or board["__inputs"] or board["__elements"] or board["id"] is not None:
        yield "it is not as exported for others"


def check_links(board, uids):
    linked = set(re.findall(r"/d/([\w-]+)", str(board)))
    yield from (f"links to {uid}, which is not one of our dashboards" for uid in linked - uids)
    if not linked:
        yield "has no link to another dashboard"
    for link in re.findall(r"/d/sockdiag-host\?[^'\"]*", str(board)):
        yield from (f"{link} lacks the {name} of the clicked value" for name in ("job", "cluster")
                    if not re.search(rf"var-{name}=\$\{{__(?:field.labels|data.fields).{name}}}", link))


def main(paths):
    boards = {pathlib.Path(path).stem: load(path) for path in paths}
    uids = {board["uid"] for board in boards.values()}
    complaints = []
    for kind, board in boards.items():
        checks = (check_grid(board), check_words(board), check_thresholds(board), check_variables(board),
                  check_selectors(board, kind), check_references(board), check_requirements(board),
                  check_links(board, uids))
        complaints += [f"{kind}: {complaint}" for complaint in itertools.chain(*checks)]
        if board["uid"] != f"sockdiag-{kind}":
            complaints.append(f"{kind}: its uid, which links need, has changed")
    print("\n".join(complaints), file=sys.stderr, end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
