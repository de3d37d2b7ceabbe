# SPDX-License-Identifier: Apache-2.0
# Plant mistakes into copies of a directory, $original, that a check must find. Source it after script.sh.
expected=()

# mistake COMPLAINT FILE SED-SCRIPT: in a copy of its own
mistake() {
    local copy=$work/mistake.${#expected[@]}
    cp -rL "$original" "$copy"
    sed -i "$3" "$copy/$2"
    ! cmp -s "$original/$2" "$copy/$2" || fail "$2 has nothing for $3"
    expected+=("$copy: .*$1")
}

# find_mistakes COMMAND...: run it with the names of $original and of all copies. It must complain of each mistake, and
# of nothing in $original.
find_mistakes() {
    local complaint
    ! "$@" "$original" "$work"/mistake.* >"$work/check.log" 2>&1 || fail "no mistake is found"
    ! grep "^$original" "$work/check.log" || fail "$original is wrong"
    for complaint in "${expected[@]}"; do
        grep -q "^$complaint" "$work/check.log" || fail "not found: $complaint"
    done
    pass "the check finds each of ${#expected[@]} mistakes"
}
