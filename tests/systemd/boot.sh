#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: unshare --mount --pid --fork ... boot.sh RUN UNIT
# Become systemd, as process 1 of namespaces of its own, and start UNIT. /run is a copy of RUN, with units in
# RUN/units; what systemd logs goes to the FIFO RUN/kmsg. The rest of the machine is read-only.
set -eu
mount -t proc proc /proc
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tracefs tracefs /sys/kernel/tracing
mount --bind "$1/kmsg" /dev/kmsg
mount -t tmpfs -o mode=755 tmpfs /run
cp -a "$1/." /run
mount --bind /dev/null /dev/console
mount -o bind,ro /proc/sys /proc/sys
mount -o remount,bind,ro /
for directory in /tmp /var/tmp; do
    mount -t tmpfs tmpfs "$directory"
done
mount --make-rshared / # as on a real machine: credentials come to a service that way
cd /
exec env -i PATH="$PATH" container=test SYSTEMD_UNIT_PATH=/run/units:/run/installed/lib/systemd/system \
    /lib/systemd/systemd --system --log-target=kmsg --unit="$2"
