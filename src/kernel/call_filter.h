// SPDX-License-Identifier: Apache-2.0
/*
 * Filters of system calls (seccomp, BPF of linux/seccomp.h), made from a list of the allowed calls.
 * Where CALL_FILTER_ARCHITECTURE is not defined there are no filters, and lists may be empty.
 */
#ifndef SOCKDIAG_KERNEL_CALL_FILTER_H
#define SOCKDIAG_KERNEL_CALL_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The number of a call differs between architectures, and one processor can have several. */
#if defined __x86_64__ && !defined __ILP32__
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __AARCH64EL__ && !defined __ILP32__
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define CALL_FILTER_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

enum { CALL_CHECKS = 3 };

/* A call that does not kill, and the values that some of its arguments must have. A check compares
 * one half of an argument: the kernel reads only the low half of a number, and both halves of a
 * pointer. Memory, such as a path, cannot be checked: it can change after the check. The macros
 * below make one. */
struct allowed_call {
    int number;
    struct {
        unsigned half; /* 2 n is the low half of argument n, 2 n + 1 the high one */
        uint32_t value;
        uint32_t bits; /* the bits of the half that are compared; 0: no check */
    } check[CALL_CHECKS];
    uint16_t error;  /* 0: the call is made; otherwise it is not made, and fails with this errno */
    bool and_higher; /* for all numbers from this one on */
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

/* Let the kernel kill this process at any call that is not on the list. Needs no_new_privs. The
 * filter holds for this thread, and for threads and processes that it starts later. 0, or -errno:
 * -EINVAL without CONFIG_SECCOMP_FILTER, -ENOTSUP on another architecture. */
int call_filter_apply(const struct allowed_call *calls, size_t count);

#endif
