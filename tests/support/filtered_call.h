// SPDX-License-Identifier: Apache-2.0
/*
 * System calls behind a filter, which a child loads.
 */
#ifndef TESTS_SUPPORT_FILTERED_CALL_H
#define TESTS_SUPPORT_FILTERED_CALL_H

#include <stdbool.h>

enum { CALL_NOT_THERE = 101, CALL_MADE = 102 };

struct filtered_call {
    const char *what; /* for messages */
    long number;
    unsigned long arguments[4];
};

/* How a child ends that loads the filter and then does `act`: CALL_MADE, CALL_NOT_THERE (ENOSYS),
 * another exit code that `act` chose, or the negative number of the signal that killed it: -SIGKILL
 * if there was no filter. */
int filtered_call_outcome(int (*load_filter)(void), void (*act)(const void *),
                          const void *argument);

/* An act: makes this struct filtered_call. */
void filtered_call_make(const void *call);

/* uretprobe() and uprobe() go past every filter (kernel/seccomp.c): only a trampoline that the
 * kernel itself put there can use them. */
bool filtered_call_is_exempt(long number);

#endif
