#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: download.sh SUITE DIRECTORY
# Unpack the newest kernel of a Debian suite into DIRECTORY, unless it is there; nothing is installed. It comes
# from the mirror that apt is configured for, by an apt with lists of its own.
set -euo pipefail
suite=$1 directory=$(realpath -m "$2")
[ ! -d "$directory" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{lists,archives}/partial "$work/kernel"
: >"$work/status"

# find_mirror: of Debian, or of its security updates if the suite is one of them
find_mirror() {
    # shellcheck disable=SC2016 # apt's own variables
    apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v suite="$suite" '
            $1 == "Debian" && ($2 ~ /-security$/) == (suite ~ /-security$/) { mirror = $3 }
            END { print mirror }'
}

mirror=$(find_mirror)
[ "$mirror" ] || { echo "$0: apt has no mirror of Debian: apt-get update" >&2; exit 1; }
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$work/sources"
cat >"$work/conf" <<EOT
Dir::State "$work";
Dir::State::Status "$work/status";
Dir::Cache "$work";
Dir::Etc::SourceList "$work/sources";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::Languages "none";
EOT
export APT_CONFIG=$work/conf
cd "$work"
apt-get update -qq -o APT::Update::Error-Mode=any
# One package up to Linux 6.12; later the kernel and its modules each have their own.
apt-cache depends --recurse --important linux-image-amd64 | grep -oE '^linux-(image|binary|modules|base)-[0-9].*' |
    sort -u | xargs -r apt-get download -qq
for package in *.deb; do
    dpkg -x "$package" kernel
done
[ -d kernel/lib ] || ln -s usr/lib kernel/lib # where modprobe looks
depmod -b kernel "$(ls kernel/lib/modules)"
mkdir -p "$(dirname "$directory")"
mv -T kernel "$directory"
