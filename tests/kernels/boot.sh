#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: boot.sh KERNEL OPTIONS COMMAND [ARGUMENT...]
# Run a command as root under the kernel in the directory KERNEL, with OPTIONS on its command line. QEMU emulates the
# machine, without KVM: see init.sh. Prints what the command prints; the exit code is the command's, or 125 if there is
# none, and then the end of the console is shown.
set -euo pipefail
kernel=$(realpath "$1") options=$2
shift 2
version=$(ls "$kernel/lib/modules")
image=$(find "$kernel" -name 'vmlinuz*' -type f)
work=$(mktemp -d)
guest=
trap '[ -z "$guest" ] || kill "$guest"; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
seconds=600 # the limit for a guest, to report one that hangs

# The initramfs has the modules that it takes to see this machine's files. All others are loaded from there.
root=$work/root
mkdir -p "$root"/{bin,modules}
cp "$(command -v busybox)" "$root/bin"
cp "$(dirname "$0")/init.sh" "$root/init"
printf 'cd %q && exec' "$PWD" >"$root/command"
printf ' %q' "$@" >>"$root/command"
number=100
while read -r kind module _; do
    [ "$kind" = insmod ] || continue # or it is built in
    case $module in
    *.xz) xz -dc "$module" ;;
    *) cat "$module" ;;
    esac >"$root/modules/$((number++)).ko"
done < <(modprobe -d "$kernel" -S "$version" -a --show-depends virtio_pci 9pnet_virtio 9p overlay | awk '!seen[$0]++')
(cd "$root" && find . | cpio --quiet -o -H newc) >"$work/initramfs"

boot() {
    # The kernel hands words that it does not know to init, as its environment.
    timeout --kill-after=10 "$seconds" qemu-system-x86_64 -accel tcg -cpu qemu64,+rdrand -m 1024 \
        -nodefaults -no-user-config -display none -no-reboot -kernel "$image" -initrd "$work/initramfs" \
        -append "console=ttyS0 quiet panic=-1 random.trust_cpu=on test_guest=yes test_modules=$kernel/lib/modules $options" \
        -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
        -serial "file:$work/console" -serial "file:$work/output" </dev/null &
    guest=$!
    wait "$guest" || true
    guest=
}

# An emulated processor is not a real one: a kernel may panic at boot, though seldom.
boot
[ -s "$work/output" ] || boot
sed '$d' "$work/output"
code=$(tail -n 1 "$work/output" | sed -n 's/^exit code \([0-9]*\)$/\1/p')
[ -z "$code" ] || exit "$code"
tail -n 1 "$work/output"
tail -n 30 "$work/console" >&2
echo "$0: the guest did not finish" >&2
exit 125
