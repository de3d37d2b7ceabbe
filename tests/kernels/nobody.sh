#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: nobody.sh EXPORTER BUILD, in a guest
# The zoo and the samples in a user namespace of nobody's own, which hides some settings on older kernels.
. "$(dirname "$0")/guest.sh" "$@"

for test in zoo counting; do
    cp "$build/tests/integration/test_$test" /run
    nobody "/run/test_$test" >"$test.log" 2>&1 || fail "test_$test by nobody"
    pass "test_$test by nobody"
done
