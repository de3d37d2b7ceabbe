// SPDX-License-Identifier: Apache-2.0
#include "call_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#ifdef CALL_FILTER_ARCHITECTURE

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the low half of an argument comes second"
#endif

/* The most calls of a list, and the most instructions for one call. */
enum { CALLS_MOST = 160, LONGEST_CODE = 2 + 3 * CALL_CHECKS + 1 };

#define LOAD(field) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
#define MASK(bits)  (struct sock_filter) BPF_STMT(BPF_ALU | BPF_AND | BPF_K, (bits))
#define SKIP_UNLESS(relation, value, skipped)                                                      \
    (struct sock_filter) BPF_JUMP(BPF_JMP | (relation) | BPF_K, (value), 0, (uint8_t)(skipped))
#define RETURN(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (action))

/* Compile one entry of the list: allow the call, or go on with the next entry. Returns the number
 * of instructions. */
static size_t compile(const struct allowed_call *call, struct sock_filter *code)
{
    unsigned checks = 0;
    while (checks < CALL_CHECKS && call->check[checks].bits)
        checks++;
    const size_t length = 2 + 3 * checks + 1;
    size_t i = 0;
    code[i++] = LOAD(offsetof(struct seccomp_data, nr));
    code[i] =
        SKIP_UNLESS(call->and_higher ? BPF_JGE : BPF_JEQ, (uint32_t)call->number, length - i - 1);
    i++;
    for (unsigned c = 0; c < checks; c++) {
        code[i++] = LOAD(offsetof(struct seccomp_data, args) + 4 * call->check[c].half);
        code[i++] = MASK(call->check[c].bits);
        code[i] = SKIP_UNLESS(BPF_JEQ, call->check[c].value, length - i - 1);
        i++;
    }
    code[i++] = RETURN(call->error ? SECCOMP_RET_ERRNO | call->error : SECCOMP_RET_ALLOW);
    return i;
}

int call_filter_apply(const struct allowed_call *calls, size_t count)
{
    struct sock_filter code[3 + CALLS_MOST * LONGEST_CODE + 1];
    size_t length = 0;
    if (count > CALLS_MOST)
        return -E2BIG;
    code[length++] = LOAD(offsetof(struct seccomp_data, arch));
    code[length++] =
        (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL_FILTER_ARCHITECTURE, 1, 0);
    code[length++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < count; i++)
        length += compile(&calls[i], code + length);
    code[length++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    const struct sock_fprog program = {.len = (unsigned short)length, .filter = code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : -errno;
}

#else

int call_filter_apply(const struct allowed_call *calls, size_t count)
{
    (void)calls, (void)count;
    return -ENOTSUP;
}

#endif
