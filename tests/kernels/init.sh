#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a guest (boot.sh). Its root is the machine's file system, and what is written there is lost with
# the guest. It has no network but lo.
export PATH=/bin
busybox mkdir -p /proc /sys /dev /lower /upper /new
busybox mount -t proc proc /proc
busybox --install -s /bin
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in /modules/*; do insmod "$module"; done
mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=262144,cache=loose host /lower
mount -t tmpfs tmpfs /upper
mkdir /upper/files /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /new
mkdir -p /new/lib/modules
mount --bind "/new$test_modules" /new/lib/modules
for directory in proc sys dev; do mount --move /$directory /new/$directory; done
mount -t tmpfs -o mode=755 tmpfs /new/run
mount -t cgroup2 cgroup2 /new/sys/fs/cgroup
mount -t tracefs tracefs /new/sys/kernel/tracing
mount -t securityfs securityfs /new/sys/kernel/security
ln -s /proc/self/fd /new/dev/fd
cp /bin/busybox /command /new/run
# The command is not the first process, because that gets no signals.
exec switch_root /new /run/busybox sh -c '
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
    ip link set lo up
    ulimit -n 20000
    stty -F /dev/ttyS1 raw
    setsid bash /run/command </dev/null >/dev/ttyS1 2>&1
    echo "exit code $?" >/dev/ttyS1
    /run/busybox poweroff -f'
