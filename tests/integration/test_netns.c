// SPDX-License-Identifier: Apache-2.0
/*
 * Namespaces of the real kernel, seen twice: with every capability, and as an ordinary user with
 * none.
 *
 * All is in a PID namespace of the test's own with its own /proc, so that there are no other
 * namespaces than the test's. A servant, which keeps its capabilities, makes members: processes
 * that each are in a namespace of their own. Process 1 runs the groups of tests: its namespace is
 * "host".
 */
#include "namespaces/namespaces.h"

#include "await.h"
#include "exposition_check.h"
#include "netns.h"
#include "scratch.h"
#include "skip.h"
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EXIT_SKIPPED = 77, NOBODY = 65534 };

enum { RANGE_LOW = 40001, RANGE_HIGH = 41000, RANGE = 1000, LISTEN_PORT = 30000 };

static bool privileged; /* the group that runs has all capabilities */

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd < 0 ? -1 : write(fd, text, strlen(text));
    if (fd >= 0)
        close(fd);
    return written == (ssize_t)strlen(text) ? 0 : -1;
}

/* ---- members ---- */

static void bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
}

static struct sockaddr_in address = {.sin_family = AF_INET};

static void listen_once(void)
{
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(LISTEN_PORT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 4 * RANGE) < 0)
        _exit(1);
}

/* Connect to the listener, up to `most` times. Nobody accepts. Returns how often it worked. */
static int connect_often(int most)
{
    for (int i = 0; i < most; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
            int error = errno;
            close(fd);
            return error == EADDRNOTAVAIL ? i : -error;
        }
    }
    return most;
}

enum member { MEMBER_PLAIN, MEMBER_IN_USER_NAMESPACE, MEMBER_EXHAUSTED, MEMBER_NEIGHBOUR };

/* A member, until it is killed: one listener, and what its kind says. It writes a byte when all
 * that is there. */
static _Noreturn void be_member(enum member kind, int ready)
{
    char range[32];
    struct rlimit files = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET | (kind == MEMBER_IN_USER_NAMESPACE ? CLONE_NEWUSER : 0)) < 0)
        _exit(1);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    bring_up_loopback();
    listen_once();
    snprintf(range, sizeof range, "%d %d", RANGE_LOW, RANGE_HIGH);
    if (kind == MEMBER_EXHAUSTED &&
        (write_text("/proc/sys/net/ipv4/ip_local_port_range", range) < 0 ||
         connect_often(RANGE + 1) != RANGE))
        _exit(1);
    if (kind == MEMBER_NEIGHBOUR && connect_often(3) != 3)
        _exit(1);
    if (write(ready, "!", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* ---- the servant ---- */

enum task { TASK_MEMBER, TASK_KILL, TASK_NAME, TASK_UNNAME, TASK_LINK };

struct request {
    enum task task;
    int number; /* the kind of a member, or its pid */
};

static int servant = -1; /* our end */

static int make_member(enum member kind)
{
    int ready[2];
    char byte;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -errno;
    pid_t pid = fork();
    if (pid == 0)
        be_member(kind, ready[1]);
    close(ready[1]);
    bool good = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
    return good ? pid : -EPROTO;
}

static int serve(const struct request *request)
{
    char source[64], command[128];
    const char *name = scratch_path("names/blue");
    switch (request->task) {
    case TASK_MEMBER:
        return make_member((enum member)request->number);
    case TASK_KILL:
        kill(request->number, SIGKILL);
        return waitpid(request->number, NULL, 0) == request->number ? 0 : -errno;
    case TASK_NAME: /* as `ip netns add` does */
        snprintf(source, sizeof source, "/proc/%d/ns/net", request->number);
        close(open(name, O_RDONLY | O_CREAT | O_CLOEXEC, 0444));
        return mount(source, name, "none", MS_BIND, NULL) == 0 ? 0 : -errno;
    case TASK_UNNAME:
        return umount2(name, MNT_DETACH) == 0 && unlink(name) == 0 ? 0 : -errno;
    default:
        snprintf(command, sizeof command, "ip link add near type veth peer name far netns %d",
                 request->number);
        return system(command) == 0 ? 0 : -EOPNOTSUPP;
    }
}

/* Serve until the other end is closed. */
static _Noreturn void be_servant(int end)
{
    struct request request;
    while (recv(end, &request, sizeof request, 0) == (ssize_t)sizeof request) {
        int result = serve(&request);
        send(end, &result, sizeof result, MSG_NOSIGNAL);
    }
    _exit(0);
}

static void start_servant(void)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        abort();
    if (fork() == 0) {
        close(ends[0]);
        be_servant(ends[1]);
    }
    close(ends[1]);
    servant = ends[0];
}

static int ask(enum task task, int number)
{
    struct request request = {task, number};
    int result;
    assert_int_equal(send(servant, &request, sizeof request, 0), sizeof request);
    assert_int_equal(recv(servant, &result, sizeof result, 0), sizeof result);
    if (result < 0)
        fail_msg("task %d of %d: %s", task, number, strerror(-result));
    return result;
}

/* ---- the view ---- */

/* Time is ours, so that a minute takes no minute. */
static int64_t now;

static int64_t tell_time(void *context)
{
    (void)context;
    return now;
}

static int64_t tell_nothing(void *context)
{
    (void)context;
    return 0;
}

static const struct clock test_clock = {tell_time, tell_time, tell_nothing, NULL};

struct view {
    char names[64];
    struct namespaces *namespaces;
    struct namespaces_snapshot last;
};

static void open_view(struct view *view, const char *proc)
{
    *view = (struct view){0};
    strcpy(view->names, scratch_path("names"));
    const struct namespaces_options options = {
        .max = 256, .cpu_share = 1, .peak_window = 60 * NANOSECONDS_PER_SECOND};
    const struct namespaces_roots roots = {proc, view->names, ""};
    view->namespaces = namespaces_create(&options, &roots, &test_clock);
    assert_non_null(view->namespaces);
}

/* Step once, a second later. */
static void step(struct view *view)
{
    bool failed;
    struct fault fault;
    now += NANOSECONDS_PER_SECOND;
    namespaces_step(view->namespaces, now, &failed, &fault);
    assert_false(failed);
    namespaces_describe(view->namespaces, now, 0, &view->last);
}

/* Long enough for a full pass, and readings after it. */
static void step_for_a_minute(struct view *view)
{
    for (int i = 0; i < 61; i++)
        step(view);
}

static uint64_t inode_of(int pid)
{
    char path[64];
    struct stat status;
    snprintf(path, sizeof path, "/proc/%d/net/sockstat", pid);
    assert_int_equal(stat(path, &status), 0);
    return status.st_ino;
}

/* The namespace that a process is in. */
static const struct namespace_row *get(const struct view *view, int pid)
{
    uint64_t inode = inode_of(pid);
    for (size_t i = 0; i < view->last.count; i++) {
        if (view->last.rows[i].labels.inode == inode)
            return &view->last.rows[i];
    }
    fail_msg("the namespace of process %d was not found", pid);
    return NULL;
}

static unsigned count_descriptors(void)
{
    unsigned count = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

/* ---- tests ---- */

static void test_every_namespace_is_found_and_read(void **state)
{
    (void)state;
    int plain = ask(TASK_MEMBER, MEMBER_PLAIN);
    int inside = ask(TASK_MEMBER, MEMBER_IN_USER_NAMESPACE);
    struct view view;
    open_view(&view, "/proc");
    step(&view);
    assert_int_equal(view.last.count, 3);
    assert_false(view.last.processes_hidden);
    assert_string_equal(get(&view, 1)->labels.name, "host");
    assert_true(get(&view, 1)->has_usable); /* ours as well */
    const int members[] = {plain, inside};
    for (size_t i = 0; i < 2; i++) {
        const struct namespace_row *row = get(&view, members[i]);
        assert_true(row->has_sockets && row->has_opens && row->has_counters);
        assert_int_equal(row->full_sockets, 1); /* its listener */
        assert_int_equal(row->udp_sockets, 0);
        assert_false(row->has_usable);
        ask(TASK_KILL, members[i]);
    }
    step(&view);
    step(&view);
    assert_int_equal(view.last.count, 1);
    namespaces_destroy(view.namespaces);
}

static void test_ports_run_out_in_one_and_not_in_its_neighbour(void **state)
{
    (void)state;
    int exhausted = ask(TASK_MEMBER, MEMBER_EXHAUSTED);
    int neighbour = ask(TASK_MEMBER, MEMBER_NEIGHBOUR);
    struct view view;
    open_view(&view, "/proc");
    step(&view);
    const struct namespace_row *row = get(&view, exhausted);
    assert_true(row->has_bound);
    assert_int_equal(row->full_sockets, 2 * RANGE + 1);
    assert_int_equal(row->counters.active_opens, RANGE); /* not the one that failed */
    assert_int_equal(row->counters.passive_opens, RANGE);
    assert_int_equal(row->tcp_bound, RANGE + 1); /* the listener was accepted by nobody */
    row = get(&view, neighbour);
    assert_int_equal(row->full_sockets, 2 * 3 + 1);
    assert_int_equal(row->tcp_bound, 3 + 1);
    namespaces_destroy(view.namespaces);
    ask(TASK_KILL, exhausted);
    ask(TASK_KILL, neighbour);
}

static int link_is_gone(void *context)
{
    struct view *view = context;
    step(view);
    return if_nametoindex("near") == 0;
}

static void test_names_of_run_netns(void **state)
{
    (void)state;
    int member = ask(TASK_MEMBER, MEMBER_PLAIN);
    char makeshift[64];
    snprintf(makeshift, sizeof makeshift, "netns-%llu", (unsigned long long)inode_of(member));
    struct view view;
    open_view(&view, "/proc");
    step(&view);
    assert_string_equal(get(&view, member)->labels.name, makeshift);
    ask(TASK_NAME, member);
    step(&view);
    step(&view); /* the event may be that of the file, which comes before its mount */
    /* Without CAP_SYS_PTRACE nothing says what it is, until a veth reaches into it. */
    assert_string_equal(get(&view, member)->labels.name, privileged ? "blue" : makeshift);
    ask(TASK_LINK, member);
    step(&view);
    step(&view);
    assert_string_equal(get(&view, member)->labels.name, "blue");

    /* Its end, while it is read: the veth goes with the namespace, which nobody keeps. */
    ask(TASK_KILL, member);
    step(&view);
    ask(TASK_UNNAME, 0);
    assert_int_equal(await_until(link_is_gone, &view), 0);
    step_for_a_minute(&view);
    assert_int_equal(view.last.count, 1);
    namespaces_destroy(view.namespaces);
}

/* ---- a thousand ---- */

/* A thousand; as an ordinary user, where nothing else is kept, fewer. */
enum { BATCH = 100, BATCHES = 10, BATCHES_ORDINARY = 2 };

/* Make a namespace, as soon as the kernel allows it: there may not be more than BATCH. */
static int make_namespace(void *context)
{
    (void)context;
    if (unshare(CLONE_NEWNET) == 0)
        return 1;
    return errno == ENOSPC ? 0 : -errno;
}

static pid_t start_dweller(void)
{
    int ready[2];
    char byte = 0;
    if (pipe2(ready, O_CLOEXEC) < 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        byte = await_until(make_namespace, NULL) == 0;
        if (write(ready[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    bool good = read(ready[0], &byte, 1) == 1 && byte;
    close(ready[0]);
    return good ? pid : -1;
}

/* Make a batch at each byte read, and end it at the next; answer with whether it worked. In a user
 * namespace that may have no more than one batch: a single namespace that someone keeps alive
 * stops it. */
static _Noreturn void be_maker(int end)
{
    char most[16], byte;
    pid_t dwellers[BATCH];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    snprintf(most, sizeof most, "%d", BATCH);
    bool good =
        unshare(CLONE_NEWUSER) == 0 && write_text("/proc/sys/user/max_net_namespaces", most) == 0;
    while (read(end, &byte, 1) == 1) {
        for (int i = 0; i < BATCH && good; i++)
            good = (dwellers[i] = start_dweller()) > 0;
        if (write(end, good ? "+" : "-", 1) != 1 || !good || read(end, &byte, 1) != 1)
            break;
        for (int i = 0; i < BATCH; i++)
            kill(dwellers[i], SIGKILL);
        while (wait(NULL) > 0)
            ;
        if (write(end, "+", 1) != 1)
            break;
    }
    _exit(0);
}

/* Let the maker go on, and step until it answers; then until there are `wanted` namespaces. */
static void sample_meanwhile(struct view *view, int maker, size_t wanted)
{
    char answer;
    assert_int_equal(write(maker, "!", 1), 1);
    while (recv(maker, &answer, 1, MSG_DONTWAIT) != 1)
        step(view);
    assert_int_equal(answer, '+');
    for (int i = 0; i < 100 && view->last.count != wanted; i++)
        step(view);
    assert_int_equal(view->last.count, wanted);
}

static void test_a_thousand_come_and_go_and_nothing_is_kept(void **state)
{
    (void)state;
    int ends[2];
    struct view view;
    open_view(&view, "/proc");
    step(&view);
    unsigned descriptors = count_descriptors();
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    pid_t maker = fork();
    if (maker == 0) {
        close(ends[0]);
        be_maker(ends[1]);
    }
    close(ends[1]);
    for (int i = 0; i < (privileged ? BATCHES : BATCHES_ORDINARY); i++) {
        sample_meanwhile(&view, ends[0], 1 + BATCH);
        step_for_a_minute(&view);
        for (size_t j = 0; j < view.last.count; j++)
            assert_true(view.last.rows[j].has_sockets && view.last.rows[j].has_counters);
        sample_meanwhile(&view, ends[0], 1);
    }
    close(ends[0]);
    assert_int_equal(waitpid(maker, NULL, 0), maker);
    assert_int_equal(count_descriptors(), descriptors);
    namespaces_destroy(view.namespaces);
}

/* ---- what hides processes ---- */

static void look_through(const char *proc, bool hidden)
{
    struct stderr_lines lines = stderr_lines_start();
    struct view view;
    open_view(&view, proc);
    step(&view);
    step_for_a_minute(&view);
    char last[256];
    unsigned count = stderr_lines_stop(&lines, last);
    assert_int_equal(view.last.processes_hidden, hidden);
    assert_int_equal(count, hidden);
    if (hidden)
        assert_non_null(strstr(last, "hidepid"));
    assert_int_equal(view.last.count, hidden ? 1 : 2); /* our own can always be seen */
    namespaces_destroy(view.namespaces);
}

static void test_hidepid(void **state)
{
    (void)state;
    int member = ask(TASK_MEMBER, MEMBER_PLAIN);
    look_through("/proc", false);
    look_through(scratch_path("hidepid=1"), !privileged);
    look_through(scratch_path("hidepid=2"), !privileged);
    look_through(scratch_path("hidepid=4"), !privileged);
    ask(TASK_KILL, member);
}

/* ---- the program ---- */

/* The whole output of the exporter with these arguments. */
static size_t run_exporter(const char *arguments, char *page, size_t size)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s", getenv("EXPORTER"), arguments);
    FILE *output = popen(command, "r");
    assert_non_null(output);
    size_t length = fread(page, 1, size - 1, output);
    page[length] = '\0';
    assert_int_equal(pclose(output), 0);
    return length;
}

static void test_the_page_has_each_namespace(void **state)
{
    (void)state;
    static char page[1 << 20];
    char why[256], series[128];
    double value;
    int members[] = {ask(TASK_MEMBER, MEMBER_NEIGHBOUR), ask(TASK_MEMBER, MEMBER_PLAIN)};
    size_t length = run_exporter("--once --collector.netns --collector.netns.exclude ^host$ "
                                 "--collector.netns.max 1",
                                 page, sizeof page);
    if (!exposition_is_valid(page, length, why, sizeof why))
        fail_msg("%s", why);
    snprintf(series, sizeof series,
             "sockdiag_netns_tcp_sockets{netns=\"netns-%llu\",kind=\"full\"}",
             (unsigned long long)inode_of(members[0]));
    assert_true(exposition_value(page, length, series, &value));
    assert_true(value == 7);
    assert_true(exposition_value(
        page, length, "sockdiag_netns_tcp_sockets{netns=\"other\",kind=\"full\"}", &value));
    assert_true(value == 1);
    assert_null(strstr(page, "netns=\"host\""));
    length = run_exporter("--once", page, sizeof page);
    assert_true(length > 0);
    assert_null(strstr(page, "netns"));
    ask(TASK_KILL, members[0]);
    ask(TASK_KILL, members[1]);
}

/* ---- the groups ---- */

/* Become an ordinary user; if there is no other user here, one without any capability. */
static void drop_privileges(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    if (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
        setresuid(NOBODY, NOBODY, NOBODY) < 0)
        abort();
    if (syscall(SYS_capset, &header, none) < 0)
        abort();
    prctl(PR_SET_DUMPABLE, 1); /* /proc/self is ours again */
}

static int run_group(bool with_privileges)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_namespace_is_found_and_read),
        cmocka_unit_test(test_ports_run_out_in_one_and_not_in_its_neighbour),
        cmocka_unit_test(test_names_of_run_netns),
        cmocka_unit_test(test_a_thousand_come_and_go_and_nothing_is_kept),
        cmocka_unit_test(test_hidepid),
        cmocka_unit_test(test_the_page_has_each_namespace),
    };
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        privileged = with_privileges;
        start_servant();
        if (!privileged)
            drop_privileges();
        exit(
            cmocka_run_group_tests_name(privileged ? "privileged" : "ordinary", tests, NULL, NULL));
    }
    waitpid(pid, &status, 0);
    while (waitpid(-1, NULL, WNOHANG) > 0) /* the servant, and who is left of the members */
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* A new /proc for the PID namespace, and some that hide processes. */
static bool mount_all(void)
{
    static const char *const hiding[] = {"hidepid=1", "hidepid=2", "hidepid=4"};
    bool good = mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
                mount("proc", "/proc", "proc", 0, NULL) == 0;
    for (size_t i = 0; i < 3 && good; i++) {
        const char *path = scratch_path(hiding[i]);
        good = mkdir(path, 0755) == 0 && mount("proc", path, "proc", 0, hiding[i]) == 0;
    }
    return good && mkdir(scratch_path("names"), 0755) == 0;
}

static void unmount_all(void)
{
    umount(scratch_path("hidepid=1"));
    umount(scratch_path("hidepid=2"));
    umount(scratch_path("hidepid=4"));
}

/* As process 1 of the PID namespace. */
static int run_groups(void)
{
    if (scratch_make(NULL) != 0)
        return EXIT_FAILURE;
    int result = EXIT_SKIPPED;
    if (chmod(scratch_directory(), 0755) == 0 && mount_all()) {
        result = run_group(true);
        result = run_group(false) || result;
    } else {
        fprintf(stderr, "SKIPPED, cannot mount /proc in a PID namespace: %s\n", strerror(errno));
        result = getenv("REQUIRE_NAMESPACES") ? EXIT_FAILURE : EXIT_SKIPPED;
    }
    unmount_all();
    scratch_remove(NULL);
    return result;
}

/* A process with two threads cannot make a user namespace, and ThreadSanitizer has one of its own.
 */
#ifdef __SANITIZE_THREAD__
enum { HAS_SECOND_THREAD = true };
#else
enum { HAS_SECOND_THREAD = false };
#endif

int main(void)
{
    if (HAS_SECOND_THREAD) {
        fputs("SKIPPED, cannot make user namespaces with ThreadSanitizer\n", stderr);
        return EXIT_SKIPPED;
    }
    int status = enter_namespace_or_skip();
    if (status != 0)
        return status;
    if (unshare(CLONE_NEWNS | CLONE_NEWPID) < 0) {
        perror("SKIPPED, cannot make a PID namespace");
        return getenv("REQUIRE_NAMESPACES") ? EXIT_FAILURE : EXIT_SKIPPED;
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(run_groups());
    }
    waitpid(pid, &status, 0);
    /* Not exit(): the search for leaks makes a process, which the ended PID namespace cannot have.
     */
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}
