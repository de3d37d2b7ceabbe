#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: dist.sh ARCHIVE EPOCH, from the top of the tree
# The source archive: what is committed or, in an unpacked archive, this tree without what was built. The same
# tar makes the same bytes of both.
set -euo pipefail
archive=$1 epoch=$2
name=$(basename "$archive" .tar.gz)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/$name" "$(dirname "$archive")"

if grep -q '^\$Format' packaging/revision; then
    [ -z "$(git status --porcelain)" ] || echo "make dist: without what is not committed" >&2
    git archive HEAD
else
    tar -c --exclude='./build*' .
fi | tar -x -C "$work/$name"
tar -c --format=ustar --sort=name --mtime="@$epoch" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
    -C "$work" "$name" | gzip -9n >"$archive"
