# SPDX-License-Identifier: Apache-2.0
"""usage: worker.py, in namespaces of its own, in a directory of its own

Reads lines of JSON, a setup and a fault or null, and answers each with what came of it."""
import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import sys

from scenario import SETUPS, Life


def make_neighbours():
    """Sockets of each kind for the exporter to find, and another network namespace."""
    kept = [socket.create_server(("127.0.0.1", 5001)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)]
    kept.append(socket.create_connection(("127.0.0.1", 5001)))
    kept[1].bind(("127.0.0.1", 5002))
    kept.append(socket.socket(socket.AF_UNIX))
    kept[3].bind("neighbour")
    kept[3].listen()
    with contextlib.suppress(OSError):
        kept.append(subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdout=subprocess.DEVNULL))
    return kept


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["mount", "-t", "tracefs", "none", "/sys/kernel/tracing"], stderr=subprocess.DEVNULL, check=False)
neighbours = make_neighbours()
os.mkdir("life")
os.chdir("life")
references = {}
for line in sys.stdin:
    name, fault = json.loads(line)
    if fault and name not in references:
        with open(f"../../reference.{name}", encoding="ascii") as file:
            references[name] = json.load(file)
    outcome = Life(SETUPS[name], fault, references.get(name) if fault else None).live()
    print(json.dumps(dataclasses.asdict(outcome)), flush=True)
