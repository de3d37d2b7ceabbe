// SPDX-License-Identifier: Apache-2.0
/*
 * Skips tests that need their own network namespace if the system does not permit one.
 */
#ifndef TESTS_SUPPORT_SKIP_H
#define TESTS_SUPPORT_SKIP_H

/* Enter a new namespace with a void (netns.h). Returns 0. On failure it writes the reason to
 * standard error and returns the exit code for main(): 77, tests/run.sh's code for a skipped
 * program, or 1 if $REQUIRE_NAMESPACES is set. */
int enter_namespace_or_skip(void);

#endif
