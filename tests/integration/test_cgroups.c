// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets in cgroups of the real kernel: a tree that the test makes, removes while they live, and
 * moves itself into, because a socket belongs to the cgroup in which it was made.
 *
 * /sys/fs/cgroup is the test's own, in a mount namespace, as on a host with hierarchies of cgroup
 * v1: that of v2 is in "unified".
 */
#include "sample/cgroup_sample.h"

#include "exposition_check.h"
#include "skip.h"
#include "sockdiag/exposition.h"
#include "stderr_lines.h"
#include "zoo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECOND    NANOSECONDS_PER_SECOND
#define ROOT      "/sys/fs/cgroup"
#define HIERARCHY ROOT "/unified"

enum { EXIT_SKIPPED = 77, MOST_SOCKETS = 64, FIRST_PORT = 5000 };

static char base[32]; /* of the test's cgroups: "/sockdiag_test_PID" */

/* ---- cgroups ---- */

/* The path of `name` in the base, below the hierarchy, valid for the next three calls. */
static const char *name_cgroup(const char *name)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s%s%s", base, *name ? "/" : "", name);
    return path;
}

static const char *name_directory(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, HIERARCHY "%s", name_cgroup(name));
    return path;
}

static void make(const char *name)
{
    assert_int_equal(mkdir(name_directory(name), 0755), 0);
}

static void move_into(const char *directory)
{
    char path[256];
    snprintf(path, sizeof path, "%s/cgroup.procs", directory);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "0", 1), 1);
    close(fd);
}

static void enter(const char *name)
{
    move_into(name_directory(name));
}

static void leave(void)
{
    enter("home");
}

static uint64_t inode_of(const char *directory)
{
    struct stat status;
    assert_int_equal(stat(directory, &status), 0);
    return status.st_ino;
}

static int remove_directory(const char *path, const struct stat *status, int type,
                            struct FTW *place)
{
    (void)status;
    (void)place;
    if (type == FTW_DP)
        rmdir(path);
    return 0;
}

static void remove_cgroups(const char *name)
{
    nftw(name_directory(name), remove_directory, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- sockets ---- */

static int sockets[MOST_SOCKETS];
static unsigned socket_count;

static int open_socket(int type)
{
    int on = 1, fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0 && socket_count < MOST_SOCKETS);
    sockets[socket_count++] = fd;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
    return fd;
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_on(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = open_socket(SOCK_STREAM);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

static int connect_to(int type, uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = open_socket(type);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Close it without a TIME_WAIT. */
static void reset(int fd)
{
    const struct linger none = {.l_onoff = 1};
    for (unsigned i = 0; i < socket_count; i++) {
        if (sockets[i] == fd)
            sockets[i] = sockets[--socket_count];
    }
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static void reset_all(void)
{
    while (socket_count > 0)
        reset(sockets[0]);
}

/* ---- samples ---- */

static const struct sampler_options everything = {
    .interval = SECOND,
    .detail_interval = 5 * SECOND,
    .cpu_share = 1,
    .peak_window = 60 * SECOND,
    .listeners_top = 8,
    .destinations_top = 8,
    .collect_listeners = true,
    .collect_ports = true,
    .collect_destinations = true,
    .collect_cgroups = true,
    .cgroups_top = 8,
    .cgroups_depth = 4,
};

struct fixture {
    struct host host;
    struct fault_log faults;
    int64_t now; /* time is ours, so that a minute takes no minute */
    struct zoo *zoo;
    struct buffer page;
};

static void make_host(struct fixture *f, const struct sampler_options *options, const char *root)
{
    const struct kernel_access kernel = {
        .open_sock_diag = sock_diag_open_netlink, .proc_root = "/proc", .cgroup_root = root};
    assert_true(host_init(&f->host, &kernel, options));
}

static void replace_host(struct fixture *f, const struct sampler_options *options, const char *root)
{
    host_release(&f->host);
    make_host(f, options, root);
}

static void render(struct fixture *f)
{
    const struct self_report self = {.version = "", .revision = ""};
    char why[256];
    buffer_clear(&f->page);
    exposition_render(&f->page, METRIC_TEXT, &f->host.snapshot, &self);
    if (!exposition_is_valid(f->page.data, f->page.length, why, sizeof why))
        fail_msg("%s", why);
}

/* Take both samples `seconds` after the last. */
static void sample_after(struct fixture *f, int64_t seconds)
{
    static const int64_t ages[SAMPLE_KINDS] = {SECOND, SECOND, SECOND};
    uint64_t rows;
    struct fault fault;
    f->now += seconds * SECOND;
    assert_true(host_take_detail(&f->host, f->now, &rows, &f->faults, &fault));
    assert_true(host_take_counts(&f->host, f->now, &rows, &fault));
    host_describe(&f->host, f->now, ages);
    render(f);
}

static bool has(const struct fixture *f, const char *series, double expected)
{
    double value;
    return exposition_value(f->page.data, f->page.length, series, &value) && value == expected;
}

static bool page_mentions(const struct fixture *f, const char *text)
{
    return memmem(f->page.data, f->page.length, text, strlen(text));
}

static bool has_sockets(const struct fixture *f, const char *path, const char *state,
                        unsigned count)
{
    char series[256];
    snprintf(series, sizeof series, "sockdiag_cgroup_tcp_sockets{cgroup=\"%s\",state=\"%s\"}", path,
             state);
    return has(f, series, count);
}

/* Sockets of a cgroup of the test's, or of another path. */
static void assert_sockets(const struct fixture *f, const char *path, const char *state,
                           unsigned count)
{
    if (!has_sockets(f, path, state, count))
        fail_msg("%s has not %u sockets in %s:\n%.*s", path, count, state, (int)f->page.length,
                 f->page.data);
}

static bool owns_listener(const struct fixture *f, const char *name, uint16_t port)
{
    char series[256];
    snprintf(series, sizeof series,
             "sockdiag_listener_cgroup_info{local_address=\"127.0.0.1\",local_port=\"%d\","
             "local_interface=\"\",cgroup=\"%s\"}",
             port, name_cgroup(name));
    return has(f, series, 1);
}

static bool owns_destination(const struct fixture *f, const char *name, const char *protocol,
                             uint16_t port)
{
    char series[256];
    snprintf(series, sizeof series,
             "sockdiag_destination_cgroup_info{protocol=\"%s\",local_address=\"127.0.0.1\","
             "local_interface=\"\",remote_address=\"127.0.0.1\",remote_port=\"%d\",cgroup=\"%s\"}",
             protocol, port, name_cgroup(name));
    return has(f, series, 1);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    *state = f;
    if (!f)
        return -1;
    f->now = 1000 * SECOND;
    make("home");
    leave();
    make_host(f, &everything, ROOT);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    reset_all();
    zoo_destroy(f->zoo);
    move_into(HIERARCHY);
    remove_cgroups("");
    mkdir(name_directory(""), 0755);
    host_release(&f->host);
    buffer_free(&f->page);
    free(f);
    return 0;
}

/* ---- tests ---- */

/* Of both families, and without what is no full socket. */
static void assert_zoo(const struct fixture *f, const char *path)
{
    assert_sockets(f, path, "established", 2 * zoo_mix_ipv4.established);
    assert_sockets(f, path, "syn_sent", 2 * zoo_mix_ipv4.syn_sent);
    assert_sockets(f, path, "syn_recv", 0);
    assert_sockets(f, path, "fin_wait1", 2 * zoo_mix_ipv4.fin_wait1);
    assert_sockets(f, path, "fin_wait2", 2 * zoo_mix_ipv4.fin_wait2);
    assert_sockets(f, path, "close_wait", 2 * zoo_mix_ipv4.close_wait);
    assert_sockets(f, path, "last_ack", 2 * zoo_mix_ipv4.last_ack);
    assert_sockets(f, path, "listen", 2 * zoo_mix_ipv4.listen);
    assert_sockets(f, path, "closing", 2 * zoo_mix_ipv4.closing);
    assert_sockets(f, "other", "established", 0);
    assert_sockets(f, "other", "listen", 0);
}

static void test_every_state_before_and_after_the_cgroups_are_removed(void **state)
{
    struct fixture *f = *state;
    char makeshift[64];
    make("a");
    make("b");
    enter("a");
    assert_int_equal(zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv4, &f->zoo), 0);
    enter("b");
    listen_on(FIRST_PORT);
    connect_to(SOCK_STREAM, FIRST_PORT);
    leave();
    sample_after(f, 5);
    assert_zoo(f, name_cgroup("a"));
    assert_sockets(f, name_cgroup("b"), "listen", 1);
    assert_sockets(f, name_cgroup("b"), "established", 2); /* that of the listener as well */

    snprintf(makeshift, sizeof makeshift, "cgroup-%" PRIu64, inode_of(name_directory("a")));
    assert_int_equal(rmdir(name_directory("a")), 0);
    assert_int_equal(rmdir(name_directory("b")), 0);
    sample_after(f, 5);
    assert_zoo(f, name_cgroup("a"));
    sample_after(f, 600); /* while the sockets live */
    assert_zoo(f, name_cgroup("a"));
    assert_true(owns_listener(f, "b", FIRST_PORT));
    replace_host(f, &everything, ROOT); /* one that has never seen the directory */
    sample_after(f, 5);
    assert_zoo(f, makeshift);
    reset_all();
    zoo_destroy(f->zoo);
    f->zoo = NULL;
    sample_after(f, 5);
    assert_false(page_mentions(f, "cgroup=\"cgroup-"));
    assert_sockets(f, "other", "listen", 0);
}

static void test_deep_cgroups_are_summed_in_their_ancestor(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a", "a/b", "a/b/c", "a/b/c/d", "a/b/c/d/e"};
    for (uint16_t i = 0; i < 5; i++) {
        make(names[i]);
        enter(names[i]);
        listen_on(FIRST_PORT + i);
    }
    leave();
    sample_after(f, 5);
    for (uint16_t i = 0; i < 5; i++) {
        const char *shown = names[i < 2 ? i : 2]; /* the base is the first of four */
        assert_sockets(f, name_cgroup(shown), "listen", i < 2 ? 1 : 3);
        assert_true(owns_listener(f, shown, FIRST_PORT + i));
    }
    struct sampler_options options = everything;
    options.cgroups_depth = 0;
    replace_host(f, &options, ROOT);
    sample_after(f, 5);
    for (uint16_t i = 0; i < 5; i++)
        assert_sockets(f, name_cgroup(names[i]), "listen", 1);
}

static void test_all_but_the_top_are_summed(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"a", "b", "c"};
    struct sampler_options options = everything;
    options.cgroups_top = 1;
    replace_host(f, &options, ROOT);
    for (uint16_t i = 0; i < 3; i++) {
        make(names[i]);
        enter(names[i]);
        for (uint16_t j = 0; j <= i; j++)
            listen_on((uint16_t)(FIRST_PORT + 10 * i + j));
    }
    leave();
    sample_after(f, 5);
    assert_sockets(f, name_cgroup("c"), "listen", 3);
    assert_sockets(f, "other", "listen", 1 + 2);
    assert_int_equal(f->host.snapshot.cgroup_count, 1);
    assert_true(owns_listener(f, "a", FIRST_PORT)); /* named or not */
}

static void test_a_listener_has_the_cgroup_of_all_its_sockets(void **state)
{
    struct fixture *f = *state;
    make("a");
    make("b");
    enter("a");
    listen_on(FIRST_PORT);
    listen_on(FIRST_PORT + 1);
    enter("b");
    int shared = listen_on(FIRST_PORT);
    leave();
    sample_after(f, 5);
    assert_false(owns_listener(f, "a", FIRST_PORT));
    assert_false(owns_listener(f, "b", FIRST_PORT));
    assert_true(owns_listener(f, "a", FIRST_PORT + 1));
    reset(shared);
    sample_after(f, 5);
    assert_true(owns_listener(f, "a", FIRST_PORT));
}

static void test_a_destination_has_the_only_cgroup_of_two_minutes(void **state)
{
    struct fixture *f = *state;
    make("a");
    make("b");
    make("datagrams"); /* which has no TCP socket */
    listen_on(FIRST_PORT);
    enter("a");
    connect_to(SOCK_STREAM, FIRST_PORT);
    enter("datagrams");
    connect_to(SOCK_DGRAM, FIRST_PORT);
    sample_after(f, 5);
    assert_true(owns_destination(f, "a", "tcp", FIRST_PORT));
    assert_true(owns_destination(f, "datagrams", "udp", FIRST_PORT));

    enter("b");
    int others[] = {connect_to(SOCK_STREAM, FIRST_PORT), connect_to(SOCK_DGRAM, FIRST_PORT)};
    sample_after(f, 5);
    assert_false(page_mentions(f, "sockdiag_destination_cgroup_info"));
    reset(others[0]);
    reset(others[1]);
    sample_after(f, 120);
    assert_false(page_mentions(f, "sockdiag_destination_cgroup_info"));
    sample_after(f, 1);
    assert_true(owns_destination(f, "a", "tcp", FIRST_PORT));
    assert_true(owns_destination(f, "datagrams", "udp", FIRST_PORT));
}

/* The server's end of a connection holds no port, and needs no place in the table. */
static void test_only_clients_have_destinations(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    listen_on(FIRST_PORT);
    int client = connect_to(SOCK_STREAM, FIRST_PORT);
    assert_int_equal(getsockname(client, (struct sockaddr *)&address, &length), 0);
    sample_after(f, 5);
    struct destination destination = f->host.snapshot.ports[SOCKET_TCP].destinations[0];
    const struct destination_owners *owners = f->host.cgroups.owners[SOCKET_TCP];
    assert_int_equal(destination.remote_port, FIRST_PORT);
    assert_int_equal(destination_owners_find(owners, &destination, f->now),
                     inode_of(name_directory("home")));
    destination.remote_port = ntohs(address.sin_port);
    assert_int_equal(destination_owners_find(owners, &destination, f->now), 0);
}

/* Only TIME_WAITs are left, and they do not tell their cgroup. */
static void test_a_destination_keeps_its_owner_for_two_minutes(void **state)
{
    struct fixture *f = *state;
    make("a");
    int listener = listen_on(FIRST_PORT);
    enter("a");
    int client = connect_to(SOCK_STREAM, FIRST_PORT);
    leave();
    int server = accept(listener, NULL, NULL);
    sample_after(f, 5);
    assert_int_equal(rmdir(name_directory("a")), 0);
    char byte;
    assert_int_equal(shutdown(client, SHUT_WR), 0);
    assert_int_equal(read(server, &byte, 1), 0);
    close(server);
    assert_int_equal(read(client, &byte, 1), 0); /* the client's end is in TIME_WAIT */
    sample_after(f, 120);
    assert_int_equal(state_counts_sum(&f->host.snapshot.detail, TCP_STATE_TIME_WAIT), 1);
    assert_true(owns_destination(f, "a", "tcp", FIRST_PORT));
    sample_after(f, 1);
    assert_int_equal(f->host.snapshot.ports[SOCKET_TCP].destination_count, 1);
    assert_false(page_mentions(f, "sockdiag_destination_cgroup_info"));
}

static void test_new_cgroups_are_looked_for_every_ten_seconds(void **state)
{
    struct fixture *f = *state;
    f->now = 0; /* soon after the start of the host */
    make("a");
    make("b");
    enter("a");
    listen_on(FIRST_PORT);
    sample_after(f, 5);
    enter("b");
    listen_on(FIRST_PORT + 1);
    leave();
    sample_after(f, 9);
    assert_sockets(f, name_cgroup("a"), "listen", 1);
    assert_sockets(f, "other", "listen", 1);
    assert_false(page_mentions(f, name_cgroup("b")));
    sample_after(f, 1);
    assert_sockets(f, name_cgroup("b"), "listen", 1);
    assert_true(owns_listener(f, "b", FIRST_PORT + 1));
    int64_t searched = f->host.cgroups.searched;
    sample_after(f, 100); /* there is nothing new */
    assert_int_equal(f->host.cgroups.searched, searched);
}

static void test_a_search_that_fails_is_repeated(void **state)
{
    struct fixture *f = *state;
    listen_on(FIRST_PORT);
    f->host.kernel.cgroup_root = ROOT "/v1";
    sample_after(f, 5);
    assert_sockets(f, "other", "listen", 1);
    f->host.kernel.cgroup_root = ROOT;
    sample_after(f, 10);
    assert_sockets(f, name_cgroup("home"), "listen", 1);
}

static void test_numbers_that_are_too_old_vanish(void **state)
{
    struct fixture *f = *state;
    static const int64_t ages[SAMPLE_KINDS] = {SECOND, SECOND, SECOND};
    listen_on(FIRST_PORT);
    sample_after(f, 5);
    assert_true(f->host.snapshot.has_cgroups);
    host_describe(&f->host, f->now + SECOND + 1, ages);
    assert_false(f->host.snapshot.has_cgroups);
}

/* Where sockets have no cgroup but the root. */
static void test_without_cgroups_one_line_says_so(void **state)
{
    struct fixture *f = *state;
    char line[256];
    if (inode_of(HIERARCHY) != CGROUP_ROOT_ID)
        skip(); /* in a cgroup namespace nobody is in the root */
    move_into(HIERARCHY);
    listen_on(FIRST_PORT);
    leave();
    struct stderr_lines lines = stderr_lines_start();
    sample_after(f, 5);
    bool mentioned = page_mentions(f, "cgroup");
    sample_after(f, 5);
    assert_int_equal(stderr_lines_stop(&lines, line), 1);
    assert_false(mentioned);
    assert_false(page_mentions(f, "cgroup"));
    if (!strstr(line, "level=warn") || !strstr(line, "no numbers"))
        fail_msg("%s", line);
    listen_on(FIRST_PORT + 1);
    sample_after(f, 5);
    assert_sockets(f, "/", "listen", 1);
    assert_sockets(f, name_cgroup("home"), "listen", 1);
}

static void test_with_cgroups_no_line_says_anything(void **state)
{
    struct fixture *f = *state;
    listen_on(FIRST_PORT);
    struct stderr_lines lines = stderr_lines_start();
    sample_after(f, 5);
    reset_all();
    sample_after(f, 5);
    assert_int_equal(stderr_lines_stop(&lines, NULL), 0);
}

static void test_the_hierarchy_is_found_where_it_is(void **state)
{
    struct fixture *f = *state;
    char line[256];
    listen_on(FIRST_PORT);
    connect_to(SOCK_DGRAM, FIRST_PORT);
    replace_host(f, &everything, HIERARCHY);
    sample_after(f, 5);
    assert_sockets(f, name_cgroup("home"), "listen", 1);

    /* A host with cgroup v1 alone. */
    struct stderr_lines lines = stderr_lines_start();
    replace_host(f, &everything, ROOT "/v1");
    sample_after(f, 5);
    sample_after(f, 5);
    assert_int_equal(stderr_lines_stop(&lines, line), 1);
    if (!strstr(line, "level=warn") || !strstr(line, "no cgroup v2 on " ROOT "/v1"))
        fail_msg("%s", line);
    assert_false(page_mentions(f, "cgroup"));
}

static void count_path(void *context, uint64_t id, const char *path)
{
    (void)id;
    (void)path;
    ++*(unsigned *)context;
}

/* Of directories in memory, which are made faster than cgroups. */
static void test_a_walk_ends_at_a_number(void **state)
{
    (void)state;
    char path[64];
    unsigned count = 0;
    for (int i = 0; i < CGROUP_PATHS_MOST + 10; i++) {
        snprintf(path, sizeof path, ROOT "/v1/%d", i);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    cgroup_paths_walk(open(ROOT "/v1", O_RDONLY | O_CLOEXEC), 0, count_path, &count);
    assert_int_equal(count, 1 + CGROUP_PATHS_MOST);
}

/* The program, and its flags. */
static void test_the_page_of_the_program(void **state)
{
    struct fixture *f = *state;
    char command[256];
    make("a");
    enter("a");
    listen_on(FIRST_PORT);
    connect_to(SOCK_STREAM, FIRST_PORT);
    leave();
    for (int asked = 0; asked < 2; asked++) {
        char page[1 << 17];
        snprintf(command, sizeof command, "%s --once %s", getenv("EXPORTER"),
                 asked ? "--collector.cgroups --collector.cgroups.depth=1" : "");
        FILE *output = popen(command, "r");
        assert_non_null(output);
        size_t length = fread(page, 1, sizeof page, output);
        assert_int_equal(pclose(output), 0);
        assert_in_range(length, 1000, sizeof page - 1);
        buffer_clear(&f->page);
        buffer_append(&f->page, page, length);
        assert_int_equal(has_sockets(f, name_cgroup(""), "established", 2), asked);
        assert_int_equal(owns_listener(f, "", FIRST_PORT), asked);
        assert_int_equal(owns_destination(f, "", "tcp", FIRST_PORT), asked);
        assert_int_equal(page_mentions(f, "cgroup"), asked);
    }
}

#define CGROUPS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

static int run_group(void)
{
    const struct CMUnitTest tests[] = {
        CGROUPS_TEST(test_every_state_before_and_after_the_cgroups_are_removed),
        CGROUPS_TEST(test_deep_cgroups_are_summed_in_their_ancestor),
        CGROUPS_TEST(test_all_but_the_top_are_summed),
        CGROUPS_TEST(test_a_listener_has_the_cgroup_of_all_its_sockets),
        CGROUPS_TEST(test_a_destination_has_the_only_cgroup_of_two_minutes),
        CGROUPS_TEST(test_only_clients_have_destinations),
        CGROUPS_TEST(test_a_destination_keeps_its_owner_for_two_minutes),
        CGROUPS_TEST(test_new_cgroups_are_looked_for_every_ten_seconds),
        CGROUPS_TEST(test_a_search_that_fails_is_repeated),
        CGROUPS_TEST(test_numbers_that_are_too_old_vanish),
        CGROUPS_TEST(test_without_cgroups_one_line_says_so),
        CGROUPS_TEST(test_with_cgroups_no_line_says_anything),
        CGROUPS_TEST(test_the_hierarchy_is_found_where_it_is),
        CGROUPS_TEST(test_a_walk_ends_at_a_number),
        CGROUPS_TEST(test_the_page_of_the_program),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Replace /sys/fs/cgroup, for this process alone. */
static bool mount_cgroups(void)
{
    return unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("none", ROOT, "tmpfs", 0, NULL) == 0 && mkdir(HIERARCHY, 0755) == 0 &&
           mkdir(ROOT "/v1", 0755) == 0 && mount("none", HIERARCHY, "cgroup2", 0, NULL) == 0 &&
           mkdir(name_directory(""), 0755) == 0;
}

/* The tests are in a process of their own: nothing of them is left in the cgroups when these are
 * removed, whatever happens. */
int main(void)
{
    int status = enter_namespace_or_skip();
    if (status != 0)
        return status;
    snprintf(base, sizeof base, "/sockdiag_test_%d", getpid());
    if (!mount_cgroups()) {
        perror("SKIPPED, cannot make a cgroup of v2");
        return EXIT_SKIPPED;
    }
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        exit(run_group());
    }
    waitpid(pid, &status, 0);
    remove_cgroups("");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
