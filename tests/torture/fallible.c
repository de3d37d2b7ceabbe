// SPDX-License-Identifier: Apache-2.0
/*
 * To be preloaded: records the calls of a program that can fail, from main() on, and lets one of
 * them fail, which is named by $TORTURE_CALL:
 *
 *     process/thread/function/number/errno
 *
 * Threads are numbered in the order of their creation, the main thread is 0; a thread's calls of a
 * function are numbered from 1. So a call keeps its name in the next run, whatever other threads
 * do. $TORTURE_LEDGER is a file of LEDGER_SIZE zeros. Memory is shared through it: a program may
 * forbid itself the system calls that another way would take.
 */
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* torture.py has the same layout. */
enum { LEDGER_SIZE = 1 << 22, CALLS_MAX = LEDGER_SIZE / 128 - 1 };

enum { STACK_DEPTH = 24 };

struct call {
    char process[24], function[24], module[64];
    uint32_t thread, number;
    uint64_t offset; /* of the caller in `module` */
};

struct ledger {
    atomic_uint calls;
    atomic_uint failed;
    char padding[120];
    struct call call[CALLS_MAX];
};
_Static_assert(sizeof(struct ledger) == LEDGER_SIZE, "as torture.py expects");

extern char **environ;

static struct ledger *ledger; /* NULL: nothing is counted */
static struct {
    bool wanted;
    char process[24], function[24];
    int thread, error;
    unsigned number;
} fault;
static bool is_child;                        /* of a fork(), until it executes a program */
static _Thread_local int thread_number = -1; /* -1: its body has not begun, as a sanitizer's part */

static void *find(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);
    if (!function)
        abort();
    return function;
}

static const char *process_name(void)
{
    bool is_helper = strchr(program_invocation_short_name, ' ');
    return is_child ? "child" : is_helper ? "helper" : "exporter";
}

static void record(const char *function, unsigned number, void *caller)
{
    Dl_info info = {0};
    unsigned place = atomic_fetch_add(&ledger->calls, 1);
    if (place >= CALLS_MAX)
        return;
    dladdr(caller, &info);
    struct call *call = &ledger->call[place];
    strncpy(call->process, process_name(), sizeof call->process - 1);
    strncpy(call->function, function, sizeof call->function - 1);
    if (info.dli_fname)
        strncpy(call->module, info.dli_fname, sizeof call->module - 1);
    call->thread = (unsigned)thread_number;
    call->number = number;
    call->offset = (uintptr_t)caller - (uintptr_t)info.dli_fbase;
}

/* Record the callers of the call that fails, from `first` on. */
static void record_stack(const char *function, void *first)
{
    void *callers[STACK_DEPTH];
    int depth = backtrace(callers, STACK_DEPTH), i = 0;
    while (i < depth && callers[i] != first)
        i++;
    for (; i < depth; i++)
        record(function, 0, callers[i]);
}

/* Count a call of `function`. Is it the one that shall fail? Then errno is set. */
static bool fails(const char *function, unsigned *count, void *caller)
{
    if (!ledger || thread_number < 0)
        return false;
    unsigned number = ++*count;
    if (!fault.wanted) {
        int saved_errno = errno;
        record(function, number, caller);
        errno = saved_errno;
        return false;
    }
    if (number != fault.number || thread_number != fault.thread ||
        strcmp(function, fault.function) != 0 || strcmp(process_name(), fault.process) != 0)
        return false;
    atomic_fetch_add(&ledger->failed, 1);
    record_stack(function, caller);
    errno = fault.error;
    return true;
}

/* Define `name` as the next definition, except that it can fail with `failure` as its result.
 * Functions with `...` get as many arguments as any caller passes: the ABIs of x86-64, AArch64 and
 * RISC-V pass integers in the same places with and without. Their headers are not included. */
#define FALLIBLE(type, name, parameters, arguments, failure)                                       \
    type name parameters;                                                                          \
    type name parameters                                                                           \
    {                                                                                              \
        static type(*next) parameters;                                                             \
        static _Thread_local unsigned count;                                                       \
        if (!next)                                                                                 \
            *(void **)&next = find(#name);                                                         \
        if (fails(#name, &count, __builtin_return_address(0)))                                     \
            return failure;                                                                        \
        return next arguments;                                                                     \
    }

FALLIBLE(void *, malloc, (size_t size), (size), NULL)
FALLIBLE(void *, calloc, (size_t nmemb, size_t size), (nmemb, size), NULL)
FALLIBLE(void *, realloc, (void *ptr, size_t size), (ptr, size), NULL)
FALLIBLE(void *, mmap, (void *addr, size_t len, int prot, int flags, int fd, long offset),
         (addr, len, prot, flags, fd, offset), MAP_FAILED)

FALLIBLE(int, open, (const char *path, int flags, long mode), (path, flags, mode), -1)
FALLIBLE(int, openat, (int at, const char *path, int flags, long mode), (at, path, flags, mode), -1)
FALLIBLE(void *, opendir, (const char *path), (path), NULL)
FALLIBLE(void *, fdopendir, (int fd), (fd), NULL)
FALLIBLE(FILE *, fopen, (const char *filename, const char *modes), (filename, modes), NULL)
FALLIBLE(long, read, (int fd, void *bytes, size_t size), (fd, bytes, size), -1)
FALLIBLE(long, write, (int fd, const void *bytes, size_t size), (fd, bytes, size), -1)
FALLIBLE(size_t, fwrite, (const void *ptr, size_t size, size_t n, FILE *s), (ptr, size, n, s), 0)
FALLIBLE(int, fflush, (FILE * stream), (stream), EOF)
FALLIBLE(int, fstat, (int fd, void *status), (fd, status), -1)
FALLIBLE(int, stat, (const char *path, void *status), (path, status), -1)
FALLIBLE(int, fstatat, (int at, const char *path, void *status, int flags),
         (at, path, status, flags), -1)
FALLIBLE(int, fstatfs, (int fd, void *status), (fd, status), -1)
FALLIBLE(int, fcntl, (int fd, int command, long argument), (fd, command, argument), -1)
FALLIBLE(int, ioctl, (int fd, unsigned long request, long argument), (fd, request, argument), -1)
FALLIBLE(int, inotify_init1, (int flags), (flags), -1)
FALLIBLE(int, inotify_add_watch, (int fd, const char *path, uint32_t mask), (fd, path, mask), -1)

FALLIBLE(int, socket, (int domain, int type, int protocol), (domain, type, protocol), -1)
FALLIBLE(int, socketpair, (int domain, int type, int protocol, int fds[2]),
         (domain, type, protocol, fds), -1)
FALLIBLE(int, bind, (int fd, const void *address, unsigned size), (fd, address, size), -1)
FALLIBLE(int, listen, (int fd, int backlog), (fd, backlog), -1)
FALLIBLE(int, accept4, (int fd, void *address, unsigned *size, int flags),
         (fd, address, size, flags), -1)
FALLIBLE(int, getsockname, (int fd, void *address, unsigned *size), (fd, address, size), -1)
FALLIBLE(int, getsockopt, (int fd, int level, int option, void *value, unsigned *size),
         (fd, level, option, value, size), -1)
FALLIBLE(int, setsockopt, (int fd, int level, int option, const void *value, unsigned size),
         (fd, level, option, value, size), -1)
FALLIBLE(long, recv, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags), -1)
FALLIBLE(long, recvmsg, (int fd, void *message, int flags), (fd, message, flags), -1)
FALLIBLE(long, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags),
         -1)
FALLIBLE(long, sendto,
         (int fd, const void *bytes, size_t size, int flags, const void *address, unsigned length),
         (fd, bytes, size, flags, address, length), -1)
FALLIBLE(long, sendmsg, (int fd, const void *message, int flags), (fd, message, flags), -1)
FALLIBLE(int, getaddrinfo,
         (const char *node, const char *service, const void *hints, void **result),
         (node, service, hints, result), -10 /* EAI_MEMORY */)
FALLIBLE(char *, if_indextoname, (unsigned index, char *name), (index, name), NULL)

FALLIBLE(int, epoll_create1, (int flags), (flags), -1)
FALLIBLE(int, epoll_wait, (int epoll, void *events, int most, int timeout),
         (epoll, events, most, timeout), -1)
FALLIBLE(int, poll, (void *fds, unsigned long count_given, int timeout),
         (fds, count_given, timeout), -1)
FALLIBLE(int, eventfd, (unsigned value, int flags), (value, flags), -1)
FALLIBLE(int, eventfd_write, (int fd, uint64_t value), (fd, value), -1)
FALLIBLE(int, sigtimedwait, (const void *set, void *info, const void *timeout),
         (set, info, timeout), -1)

FALLIBLE(int, sem_wait, (void *semaphore), (semaphore), -1)
FALLIBLE(int, pthread_mutex_init, (void *mutex, const void *attributes), (mutex, attributes), errno)
FALLIBLE(int, pthread_setname_np, (unsigned long thread, const char *name), (thread, name), errno)
FALLIBLE(int, execve, (const char *path, char *const *arguments, char *const *environment),
         (path, arguments, *environment ? environment : environ), -1) /* it stays preloaded */
FALLIBLE(int, waitid, (int type, unsigned id, void *info, int options), (type, id, info, options),
         -1)
FALLIBLE(int, chdir, (const char *path), (path), -1)
FALLIBLE(int, dup2, (int from, int to), (from, to), -1)
FALLIBLE(int, getrlimit, (int resource, void *limit), (resource, limit), -1)
FALLIBLE(int, setrlimit, (int resource, const void *limit), (resource, limit), -1)
FALLIBLE(long, getrandom, (void *bytes, size_t size, unsigned flags), (bytes, size, flags), -1)
FALLIBLE(int, prctl, (int option, long a, long b, long c, long d), (option, a, b, c, d), -1)
FALLIBLE(long, syscall, (long call, long a, long b, long c, long d, long e, long f),
         (call, a, b, c, d, e, f), -1)

/* Only adding a descriptor takes memory. */
int epoll_ctl(int epoll, int operation, int fd, void *event);
int epoll_ctl(int epoll, int operation, int fd, void *event)
{
    static int (*next)(int, int, int, void *);
    static _Thread_local unsigned count;
    if (!next)
        *(void **)&next = find("epoll_ctl");
    if (operation == 1 /* EPOLL_CTL_ADD */ &&
        fails("epoll_ctl", &count, __builtin_return_address(0)))
        return -1;
    return next(epoll, operation, fd, event);
}

static int next_fork(void)
{
    static int (*next)(void);
    if (!next)
        *(void **)&next = find("fork");
    int pid = next();
    is_child = is_child || pid == 0;
    return pid;
}

int fork(void);
int fork(void)
{
    static _Thread_local unsigned count;
    return fails("fork", &count, __builtin_return_address(0)) ? -1 : next_fork();
}

/* Threads, for their numbers. */
enum { THREADS_MAX = 64 };
static struct thread {
    void *(*body)(void *);
    void *argument;
} threads[THREADS_MAX];

static void *run_thread(void *context)
{
    const struct thread *thread = context;
    thread_number = (int)(thread - threads);
    return thread->body(thread->argument);
}

int pthread_create(unsigned long *thread, const void *attributes, void *(*body)(void *),
                   void *argument);
int pthread_create(unsigned long *thread, const void *attributes, void *(*body)(void *),
                   void *argument)
{
    static int (*next)(unsigned long *, const void *, void *(*)(void *), void *);
    static _Thread_local unsigned count;
    static atomic_uint last;
    if (!next)
        *(void **)&next = find("pthread_create");
    if (fails("pthread_create", &count, __builtin_return_address(0)))
        return errno;
    unsigned number = atomic_fetch_add(&last, 1) + 1;
    if (!ledger || number >= THREADS_MAX)
        return next(thread, attributes, body, argument);
    threads[number].body = body;
    threads[number].argument = argument;
    return next(thread, attributes, run_thread, &threads[number]);
}

static struct ledger *map_ledger(void)
{
    const char *path = getenv("TORTURE_LEDGER");
    int fd = path ? open(path, 02 /* O_RDWR */, 0) : -1;
    if (fd < 0)
        abort();
    void *mapped = mmap(NULL, LEDGER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
        abort();
    int close(int);
    close(fd);
    return mapped;
}

static int (*real_main)(int, char **, char **);

static int counted_main(int count, char **arguments, char **environment)
{
    const char *wanted = getenv("TORTURE_CALL");
    fault.wanted = wanted;
    if (wanted && sscanf(wanted, "%23[^/]/%d/%23[^/]/%u/%d", fault.process, &fault.thread,
                         fault.function, &fault.number, &fault.error) != 5)
        abort();
    backtrace((void *[1]){0}, 1); /* the first one loads a library */
    ledger = map_ledger();
    thread_number = 0;
    int result = real_main(count, arguments, environment);
    ledger = NULL;
    return result;
}

int __libc_start_main(int (*start)(int, char **, char **), int count, char **arguments,
                      void (*init)(void), void (*fini)(void), void (*end)(void), void *stack);
int __libc_start_main(int (*start)(int, char **, char **), int count, char **arguments,
                      void (*init)(void), void (*fini)(void), void (*end)(void), void *stack)
{
    int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void),
                void (*)(void), void *);
    *(void **)&next = find("__libc_start_main");
    real_main = start;
    return next(counted_main, count, arguments, init, fini, end, stack);
}
