# SPDX-License-Identifier: Apache-2.0
"""The report's figures and its Markdown."""

import math


def percentile(values, share):
    """The smallest value with at least `share` of all values at or below it."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def verdict(figure, goal, unit=""):
    return f"<= {goal:g}{unit}: {'met' if figure <= goal else 'MISSED'}"


def print_table(header, rows):
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def milliseconds(*seconds):
    return " / ".join(f"{1000 * figure:.2f}" for figure in seconds) + " ms"
