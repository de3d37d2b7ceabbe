#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage: coverage.sh, from the top of the tree after `make fuzz-coverage`
# Run each target on its seeds, and on what was found so far, and print which share of the lines it
# reaches in the code that it is for, which the comment on top of the target names after "Covers:".
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# reach TARGET DIRECTORY...: the share of the lines of $covered, in percent
reach() {
    program=build-fuzz-coverage/tests/fuzz/fuzz_$1
    shift
    LLVM_PROFILE_FILE=$work/raw "$program" -runs=0 "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
    llvm-profdata merge -o "$work/profile" "$work/raw"
    # shellcheck disable=SC2086  # a list of files
    llvm-cov report "$program" -instr-profile="$work/profile" $covered | awk '/^TOTAL/ {sub("%", "", $10); print $10}'
}

echo "| target | its seeds | and what was found |"
echo "|---|---|---|"
for source in tests/fuzz/fuzz_*.c; do
    target=${source#tests/fuzz/fuzz_}
    target=${target%.c}
    patterns=$(sed -n '/^ \* Covers:/,/\*\//{/\*\//d; s|^ \*\( Covers:\)\{0,1\}||; p}' "$source" | tr -d '\n')
    # shellcheck disable=SC2086  # files, directories or patterns of them
    covered=$(ls -d $patterns)
    corpus=build-fuzz/$target-corpus
    mkdir -p "$corpus"
    echo "| $target | $(reach "$target" "tests/fuzz/seeds/$target") % |" \
        "$(reach "$target" "tests/fuzz/seeds/$target" "$corpus") % |"
done
