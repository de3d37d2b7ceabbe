// SPDX-License-Identifier: Apache-2.0
/*
 * Filters of system calls (seccomp, BPF of linux/seccomp.h), made from a list of what is allowed.
 * There are none, and lists may be empty, where CALL_FILTER_ARCHITECTURE is not defined.
 */
#ifndef SOCKDIAG_KERNEL_CALL_FILTER_H
#define SOCKDIAG_KERNEL_CALL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number means another call on another architecture, and one processor can have several. */
#if defined __x86_64__ && !defined __ILP32__
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __AARCH64EL__ && !defined __ILP32__
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

enum { CALL_CHECKS = 3 };

/* One call that does not kill, with what some of its arguments must be. A check compares one half
 * of an argument: of a number the kernel reads no more than the low one, of a pointer it reads
 * both. What is in memory, such as a path, cannot be checked: it can change after the check. Fill
 * it with the macros below. */
struct allowed_call {
    int number;
    struct {
        unsigned half; /* 2 n is the low half of argument n, 2 n + 1 the high one */
        uint32_t value;
        uint32_t bits; /* of the half, that must be those of `value`; 0: no check */
    } check[CALL_CHECKS];
    uint16_t error;  /* 0: it is made; or it is not made and fails with this errno */
    bool and_higher; /* all numbers from this one on */
};

#define ALLOW(name)                                                                                \
    {                                                                                              \
        .number = SYS_##name                                                                       \
    }
#define ALLOW_IF(name, ...)                                                                        \
    {                                                                                              \
        .number = SYS_##name, .check = { __VA_ARGS__ }                                             \
    }
#define IS(argument, value)                                                                        \
    {                                                                                              \
        2 * (argument), (value), UINT32_MAX                                                        \
    }
#define HAS(argument, bits, value)                                                                 \
    {                                                                                              \
        2 * (argument), (value), (bits)                                                            \
    }
#define HIGH_IS(argument, value)                                                                   \
    {                                                                                              \
        2 * (argument) + 1, (value), UINT32_MAX                                                    \
    }

/* Let the kernel kill this process at any call that is not on the list. Needs no_new_privs. It
 * holds for this thread, and for threads and processes that it starts later. 0, or -errno: -EINVAL
 * without CONFIG_SECCOMP_FILTER, -ENOTSUP on another architecture. */
int call_filter_apply(const struct allowed_call *calls, size_t count);

#endif
