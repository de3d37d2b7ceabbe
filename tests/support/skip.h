// SPDX-License-Identifier: Apache-2.0
/*
 * For tests that need a network namespace of their own, where none can be had.
 */
#ifndef TESTS_SUPPORT_SKIP_H
#define TESTS_SUPPORT_SKIP_H

/* Enter a namespace of the test's own, with a void (netns.h). Returns 0, or what main() should
 * return after the reason was written to standard error: 77, by which tests/run.sh knows a skipped
 * program, or 1 where $REQUIRE_NAMESPACES is set. */
int enter_namespace_or_skip(void);

#endif
