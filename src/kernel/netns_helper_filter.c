// SPDX-License-Identifier: Apache-2.0
#include "netns_helper_filter.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

/* A number means another call on another architecture, and one processor can have several. */
#if defined __x86_64__ && !defined __ILP32__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined __aarch64__ && defined __AARCH64EL__ && !defined __ILP32__
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined __riscv && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef ARCHITECTURE

#define HERE ((uint32_t)AT_FDCWD)

/* Paths are not checked: they are in memory, which can change after the check. */
static const struct netns_allowed_call allowed[] = {
    {SYS_recvmsg, 2, {{0, NETNS_HELPER_SOCKET}, {2, 0}}},
    {SYS_sendmsg, 2, {{0, NETNS_HELPER_SOCKET}, {2, MSG_NOSIGNAL}}},
    {SYS_openat, 2, {{0, HERE}, {2, NETNS_OPEN_FLAGS}}},
    {SYS_openat, 2, {{0, HERE}, {2, NETNS_OPEN_NAME_FLAGS}}},
    {SYS_fstat, 0, {{0, 0}}},
    {SYS_newfstatat, 2, {{0, HERE}, {3, 0}}},
    {SYS_setns, 1, {{1, CLONE_NEWNET}}},
    {SYS_socket, 3, {{0, AF_NETLINK}, {1, SOCK_RAW | SOCK_CLOEXEC}, {2, NETLINK_SOCK_DIAG}}},
    {SYS_close, 0, {{0, 0}}},
    {SYS_exit_group, 0, {{0, 0}}},
};
enum { ALLOWED = sizeof allowed / sizeof allowed[0] };

const struct netns_allowed_call *netns_helper_allowed_calls(size_t *count)
{
    *count = ALLOWED;
    return allowed;
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "the low half of an argument is elsewhere"
#endif

#define LOAD(field) (struct sock_filter) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
#define SKIP_UNLESS(value, skipped)                                                                \
    (struct sock_filter) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (uint8_t)(skipped))
#define RETURN(action) (struct sock_filter) BPF_STMT(BPF_RET | BPF_K, (action))

/* One entry of the list: allow, or go on with what follows. Returns the number of instructions. */
static size_t compile(const struct netns_allowed_call *call, struct sock_filter *code)
{
    size_t length = 2 + 2 * call->checks + 1;
    size_t i = 0;
    code[i++] = LOAD(offsetof(struct seccomp_data, nr));
    code[i] = SKIP_UNLESS((uint32_t)call->number, length - i - 1);
    i++;
    for (unsigned c = 0; c < call->checks; c++) {
        code[i++] = LOAD(offsetof(struct seccomp_data, args) + 8 * call->check[c].argument);
        code[i] = SKIP_UNLESS(call->check[c].value, length - i - 1);
        i++;
    }
    code[i++] = RETURN(SECCOMP_RET_ALLOW);
    return i;
}

int netns_helper_apply_filter(void)
{
    enum { LONGEST = 2 + 2 * 3 + 1 };
    struct sock_filter code[3 + ALLOWED * LONGEST + 1];
    size_t length = 0;
    code[length++] = LOAD(offsetof(struct seccomp_data, arch));
    code[length++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    code[length++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ALLOWED; i++)
        length += compile(&allowed[i], code + length);
    code[length++] = RETURN(SECCOMP_RET_KILL_PROCESS);
    const struct sock_fprog program = {.len = (unsigned short)length, .filter = code};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : -errno;
}

#else

const struct netns_allowed_call *netns_helper_allowed_calls(size_t *count)
{
    *count = 0;
    return NULL;
}

int netns_helper_apply_filter(void)
{
    return -ENOTSUP;
}

#endif
