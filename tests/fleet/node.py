#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node with pods and an exporter, in PID and mount namespaces of its own.

    node.py PODS EXPORTER FLAG...

A pod is a process in a network namespace of its own: a server, and a client that visits it once in two seconds. The
last pod has 1,000 ephemeral ports, and its client holds more and more connections, up to 950. The pods are
shop/cart-1, shop/cart-2...: a file over /proc/PID/cgroup says what a pod's cgroup does, and /var/log has the
directories that the kubelet makes. All ends when this process or the exporter does.
"""

import contextlib
import ctypes
import fcntl
import os
import pathlib
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading

import load

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
PR_SET_PDEATHSIG = 1
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
CGROUP = "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice/cri-containerd-{:064x}.scope\n"
LOGS = pathlib.Path("/var/log")
NAMES = pathlib.Path("/run/netns")
OWN = ("127.0.0.1", 8080)
libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags):
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")


def bring_up_loopback():
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def be_pod(runs_out, ready):
    unshare(CLONE_NEWNET)
    bring_up_loopback()
    os.write(ready, b"!")
    threading.Thread(target=load.serve, args=(OWN[1],), daemon=True).start()
    while not answers():
        pass
    if runs_out:
        pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40999", encoding="ascii")
        held = load.hold(*OWN, 12, 950)  # keeps them open
    else:
        load.visit(*OWN, 0.5)
    signal.pause()


def answers():
    with contextlib.suppress(OSError), socket.create_connection(OWN):
        return True
    return False


def make_pod(number, runs_out):
    end, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        be_pod(runs_out, ready)
    os.close(ready)
    os.read(end, 1)
    os.close(end)
    uid = f"{number:08x}-1111-4222-8333-444455556666"
    (LOGS / f"pods/shop_cart-{number}_{uid}").mkdir(parents=True)
    cgroup = LOGS / f"cgroup.{number}"
    cgroup.write_text(CGROUP.format(uid.replace("-", "_"), number), encoding="ascii")
    subprocess.run(["mount", "--bind", cgroup, f"/proc/{pid}/cgroup"], check=True)


def be_node(pods, *exporter):
    """Process 1."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "-t", "proc", "proc", "/proc"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "pods", LOGS], check=True)
    if NAMES.exists():  # the fleet's hosts are not on this node
        subprocess.run(["mount", "-t", "tmpfs", "names", NAMES], check=True)
    if not pathlib.Path("/sys/kernel/tracing/events").exists():
        subprocess.run(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"], check=True)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for number in range(1, int(pods) + 1):
        make_pod(number, number == int(pods))
    return subprocess.call(exporter)


def main():
    unshare(CLONE_NEWNS | CLONE_NEWPID)
    pid = os.fork()
    if pid == 0:
        os._exit(be_node(*sys.argv[1:]))
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
