# SPDX-License-Identifier: Apache-2.0
"""Dashboards as Grafana imports them: their parts, and how Grafana fills in variables."""
import json
import re

# Grafana's $name, ${name} and ${name:format}; $1 belongs to label_replace().
VARIABLE = re.compile(r"\$(?:\{([A-Za-z_][\w.]*)(?::\w+)?\}|([A-Za-z_]\w*))")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def panels(board):
    """All panels except rows."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def variables(board):
    return board["templating"]["list"]


def used_variables(value):
    """The names of all variables within the strings of a JSON value."""
    if isinstance(value, dict):
        return set().union(*map(used_variables, value.values()))
    if isinstance(value, list):
        return set().union(*map(used_variables, value))
    if isinstance(value, str):
        return {braced or plain for braced, plain in VARIABLE.findall(value)}
    return set()


def fill_in(expression, values):
    """The expression with its variables replaced; a KeyError names one that has no value."""
    return VARIABLE.sub(lambda found: values[found[1] or found[2]], expression)


def expressions(board):
    """Yields (where, target, panel or None) for each PromQL expression."""
    for panel in panels(board):
        for target in panel["targets"]:
            yield f'{board["title"]}: panel {panel["id"]} "{panel["title"]}" {target["refId"]}', target, panel
    for annotation in board["annotations"]["list"]:
        yield f'{board["title"]}: annotation "{annotation["name"]}"', annotation, None
