# SPDX-License-Identifier: Apache-2.0
"""Mutants of a C file: each is the file with one token changed."""

import collections
import re

# start and end are offsets into the file; line is the whole line, without the blanks around it.
Mutant = collections.namedtuple("Mutant", "file number line start end old new")

# What no mutant touches: comments, strings, characters, the preprocessor's lines.
QUIET = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|(?m:^#(?:\\\n|[^\n])*)', re.S)

# With clang-format a binary operator has a blank on both sides, and a pointer has not.
TOKENS = [
    (r"(?<= )<(?= )", ["<=", ">"]),
    (r"(?<= )>(?= )", [">=", "<"]),
    (r"(?<= )<=(?= )", ["<", ">="]),
    (r"(?<= )>=(?= )", [">", "<="]),
    (r"(?<= )==(?= )", ["!="]),
    (r"(?<= )!=(?= )", ["=="]),
    (r"(?<= )&&(?=\s)", ["||"]),
    (r"(?<= )\|\|(?=\s)", ["&&"]),
    (r"(?<= )\+(?=\s)", ["-"]),
    (r"(?<= )-(?=\s)", ["+"]),
    (r"(?<= )\*(?=\s)", ["/"]),
    (r"(?<= )/(?=\s)", ["*"]),
    (r"(?<= )%(?=\s)", ["/"]),
    (r"(?<= )&(?=\s)", ["|"]),
    (r"(?<= )\|(?=\s)", ["&"]),
    (r"(?<= )<<(?=\s)", [">>"]),
    (r"(?<= )>>(?=\s)", ["<<"]),
    (r"(?<= )\+=(?=\s)", ["-="]),
    (r"(?<= )-=(?=\s)", ["+="]),
    (r"(?<= )\|=(?=\s)", ["&="]),
    (r"\+\+", ["--"]),
    (r"--", ["++"]),
    (r"!(?!=)", [""]),
    (r"\btrue\b", ["false"]),
    (r"\bfalse\b", ["true"]),
    (r"\bbreak(?=;)", ["continue"]),
    (r"\bcontinue(?=;)", ["break"]),
    (r"(?<=\bif )\((?=.)", ["(!"]),  # of a condition without an operator
    (r"(?<=\breturn )(?!0;|false;|true;|NULL;)[^;]+(?=;)", ["0"]),
]
TOKENS = [(re.compile(pattern), changes) for pattern, changes in TOKENS]
# Room for more than is needed is no behaviour.
NUMBER = re.compile(r"(?<![\w.\[])(?<!static )(?<!calloc\()\d+(?![\w.])")
# A statement that calls or assigns, but does not declare.
STATEMENT = re.compile(r"(?m)^ +([*\w][\w.>\[\]-]*(?:\(| [-+|&]?= )[^;{}]*;)")
BARE_CONDITION = re.compile(r"\(!?[\w.>\[\]-]+(?:\([^()]*\))?\)")


def numbers_changed(old):
    return [str(int(old) + 1)] + ([str(int(old) - 1)] if int(old) > 0 else [])


def changes(text):
    """Yields (start, end, replacement)."""
    for pattern, replacements in TOKENS:
        for match in pattern.finditer(text):
            if replacements == ["(!"] and not BARE_CONDITION.match(text, match.start()):
                continue
            for new in replacements:
                yield match.start(), match.end(), new
    for match in STATEMENT.finditer(text):
        if match[1].count("(") == match[1].count(")"):
            yield match.start(1), match.end(1), ";"
    for match in NUMBER.finditer(text):
        for new in numbers_changed(match.group()):
            yield match.start(), match.end(), new


def mutants_of(file, text):
    """All mutants of a file, in a fixed order."""
    # Blanked out, so that offsets stay.
    visible = QUIET.sub(lambda match: re.sub(r"[^\n]", "\0", match.group()), text)
    lines = text.split("\n")
    for start, end, new in sorted(changes(visible)):
        number = text.count("\n", 0, start) + 1
        yield Mutant(file, number, lines[number - 1].strip(), start, end, text[start:end], new)
