#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""usage: commands.py RUNBOOKS

Prints the commands of the runbooks, a line for each: those that sections begin with, and those within the text.
"""
import pathlib
import re
import sys

PROGRAMS = "curl|journalctl|modprobe|nsenter|nstat|sockdiag_exporter|ss|stat|sysctl"
text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
commands = re.findall(r"(?m)^ {4}(\S.*)$", text)
for quoted in re.findall(r"`([^`]+)`", re.sub(r"(?m)^ {4}\S.*$", "", text)):
    command = " ".join(quoted.split())
    if re.match(rf"(?:{PROGRAMS}) ", command):
        commands.append(command)
print("\n".join(dict.fromkeys(commands)))
