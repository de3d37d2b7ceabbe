// SPDX-License-Identifier: Apache-2.0
/*
 * Walks through other network namespaces on the real kernel, to the socket and to the port, and
 * what becomes of namespaces that go or are exchanged meanwhile.
 */
#include "namespaces/namespaces.h"

#include "await.h"
#include "neighbour.h"
#include "netns.h"
#include "skip.h"
#include "zoo.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVER_PORT = 9000, OTHER_PORT = 9001, NEIGHBOURS = 3 };

static struct netns_helper *helper;
static struct walker *walker;
static struct neighbour neighbours[NEIGHBOURS];
static struct netns_target targets[NEIGHBOURS];
static struct namespace_walk walks[NEIGHBOURS];
static struct walked_namespace namespaces[NEIGHBOURS];
static size_t count;

/* A clock that a test sets; CPU time costs nothing unless it says so. */
static int64_t now_is, cpu_is, cpu_of_a_step;

static int64_t tell_time(void *context)
{
    (void)context;
    return now_is;
}

static int64_t tell_cpu(void *context)
{
    (void)context;
    return cpu_is += cpu_of_a_step; /* asked before and after */
}

static const struct clock hand_clock = {
    .monotonic = tell_time, .unix_time = tell_time, .thread_cpu = tell_cpu};

static int start_walker(void **state)
{
    (void)state;
    char error[512];
    const struct walker_options options = {.cpu_share = 0.02,
                                           .interval = 5 * NANOSECONDS_PER_SECOND,
                                           .peak_window = 120 * NANOSECONDS_PER_SECOND};
    now_is = 1000 * NANOSECONDS_PER_SECOND;
    cpu_of_a_step = 0;
    count = 0;
    helper = netns_helper_start(error, sizeof error);
    walker = helper ? walker_create(helper, &hand_clock, &options) : NULL;
    now_is += NANOSECONDS_PER_SECOND; /* something to spend */
    return walker ? 0 : -1;
}

static int stop_walker(void **state)
{
    (void)state;
    walker_destroy(walker);
    netns_helper_stop(helper);
    for (size_t i = 0; i < NEIGHBOURS; i++)
        neighbour_end(&neighbours[i]);
    memset(walks, 0, sizeof walks);
    return 0;
}

static void add_neighbour(int (*inhabit)(void *), void *argument)
{
    struct neighbour *neighbour = &neighbours[count];
    assert_int_equal(neighbour_start(neighbour, inhabit, argument), 0);
    targets[count] = netns_target_of_process(neighbour->pid, neighbour->inode, 0);
    namespaces[count] = (struct walked_namespace){.target = &targets[count], .walk = &walks[count]};
    count++;
}

/* Let the walker do all that it wants to do at one time. */
static void step_all(void)
{
    for (int i = 0; i < 100 && walker_step(walker, namespaces, count) == now_is; i++)
        ;
}

static void pass(int64_t seconds)
{
    now_is += seconds * NANOSECONDS_PER_SECOND;
}

/* ---- in the neighbours ---- */

static int inhabit_with_zoo(void *argument)
{
    struct zoo *zoo;
    uint16_t port;
    (void)argument;
    int error = zoo_create(&zoo_mix_ipv4, &zoo_mix_ipv4, &zoo);
    return error ? error : zoo_fill_accept_queue(zoo, ZOO_IPV4, 10, 5, &port);
}

static int listen_at(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 100) == 0
               ? 0
               : -errno;
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0 ? 0 : -errno;
}

struct clients {
    const char *range, *reserved;
    int to_server, to_other; /* -1: until there is no port left */
};

/* Two servers, outside of the range, and their clients. */
static int inhabit_with_clients(void *argument)
{
    const struct clients *clients = argument;
    int error = netns_sysctl_write("ipv4/ip_local_port_range", clients->range);
    if (error || (error = netns_sysctl_write("ipv4/ip_local_reserved_ports", clients->reserved)) ||
        (error = netns_sysctl_write("ipv4/tcp_max_tw_buckets", "777")) ||
        (error = listen_at(SERVER_PORT)) || (error = listen_at(OTHER_PORT)))
        return error;
    for (int i = 0; i != clients->to_server; i++) {
        error = connect_to(SERVER_PORT);
        if (error)
            return clients->to_server < 0 && error == -EADDRNOTAVAIL ? 0 : error;
    }
    for (int i = 0; i < clients->to_other; i++) {
        if ((error = connect_to(OTHER_PORT)))
            return error;
    }
    return 0;
}

static struct clients exhausted = {"20000 20009", "", -1, 0};
static struct clients calm = {"30000 30099", "30000-30019,30050", 5, 3};

/* A listener on a device that only this namespace has, and a client of its own port there. */
static int inhabit_with_device(void *argument)
{
    (void)argument;
    static const char device[] = "blue0";
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(SERVER_PORT)};
    if (system("ip link add blue0 type veth peer name blue1") != 0)
        return -EOPNOTSUPP;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, sizeof device) == 0 &&
                   bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
                   listen(fd, 100) == 0
               ? 0
               : -errno;
}

enum { FIRST_OF_MANY = 9100 };

/* As many servers as `argument` says have two clients each, one more has one. */
static int inhabit_with_many_servers(void *argument)
{
    const unsigned *busy = argument;
    int error = listen_at(FIRST_OF_MANY);
    if (!error)
        error = connect_to(FIRST_OF_MANY);
    for (unsigned i = 1; !error && i <= *busy; i++) {
        uint16_t port = (uint16_t)(FIRST_OF_MANY + i);
        if ((error = listen_at(port)) == 0 && (error = connect_to(port)) == 0)
            error = connect_to(port);
    }
    return error;
}

/* ---- tests ---- */

static void test_counts_every_state(void **state)
{
    (void)state;
    const struct zoo_population *p = &zoo_mix_ipv4;
    add_neighbour(inhabit_with_zoo, NULL);
    step_all();
    const uint64_t *sockets = walks[0].result.sockets;
    assert_int_equal(sockets[TCP_STATE_ESTABLISHED], 2 * p->established + 2 * 5);
    assert_int_equal(sockets[TCP_STATE_SYN_SENT], 2 * p->syn_sent);
    assert_int_equal(sockets[TCP_STATE_SYN_RECV], 2 * p->syn_recv);
    assert_int_equal(sockets[TCP_STATE_FIN_WAIT1], 2 * p->fin_wait1);
    assert_int_equal(sockets[TCP_STATE_FIN_WAIT2], 2 * (p->fin_wait2 + p->fin_wait2_mini));
    assert_int_equal(sockets[TCP_STATE_TIME_WAIT], 2 * p->time_wait);
    assert_int_equal(sockets[TCP_STATE_CLOSE_WAIT], 2 * p->close_wait);
    assert_int_equal(sockets[TCP_STATE_LAST_ACK], 2 * p->last_ack);
    assert_int_equal(sockets[TCP_STATE_LISTEN], 2 * p->listen + 1);
    assert_int_equal(sockets[TCP_STATE_CLOSING], 2 * p->closing);

    /* The fullest of its listeners. */
    assert_true(walks[0].has_queue);
    assert_true(walks[0].queue.present);
    assert_int_equal(walks[0].queue.length, 5);
    assert_int_equal(walks[0].queue.limit, 10);
    assert_int_equal(walks[0].queue.address.word[0], htonl(INADDR_LOOPBACK));
}

/* One has no port left, its neighbour most, each in its own range: the second walk knows nothing of
 * the first, whose destination has the same address. */
static void test_counts_every_port(void **state)
{
    (void)state;
    add_neighbour(inhabit_with_clients, &exhausted);
    add_neighbour(inhabit_with_clients, &calm);
    step_all();
    const struct walk_result *full = &walks[0].result, *other = &walks[1].result;
    assert_int_equal(full->ports.usable, 10);
    assert_int_equal(full->ports.fullest, 10);
    assert_true(full->ports.utilization[PORT_SCOPE_DESTINATION] == 1);
    assert_true(full->ports.utilization[PORT_SCOPE_HOST] == 1);
    assert_int_equal(full->destination_count, 1);
    assert_int_equal(full->time_wait_limit, 777);
    assert_true(full->has_time_wait_limit);

    assert_int_equal(other->ports.range, 100);
    assert_int_equal(other->ports.reserved, 21);
    assert_int_equal(other->ports.usable, 79);
    assert_int_equal(other->ports.fullest, 5);
    assert_int_equal(other->ports.destinations, 2);
    assert_true(other->ports.utilization[PORT_SCOPE_DESTINATION] == 5. / 79);
    assert_int_equal(other->destination_count, 2);
    assert_int_equal(other->destinations[0].remote_port, SERVER_PORT);
    assert_int_equal(other->destinations[0].ports, 5);
    assert_int_equal(other->destinations[1].ports, 3);
    assert_true(peak_window_read(&walks[0].peaks[PORT_SCOPE_DESTINATION]) == 1);
    assert_true(walks[0].walked_at == 1001);
    assert_int_equal(walker_get_report(walker).walks, 2);
    assert_int_equal(walker_get_report(walker).failures, 0);
}

/* A destination that was named in one namespace is not preferred in the next: see
 * destinations_pick_top(). */
static void test_a_walk_prefers_no_destination_of_another(void **state)
{
    (void)state;
    unsigned none = 0, eleven = 11;
    add_neighbour(inhabit_with_many_servers, &none);
    add_neighbour(inhabit_with_many_servers, &eleven);
    step_all();
    assert_int_equal(walks[0].result.destinations[0].remote_port, FIRST_OF_MANY);
    assert_int_equal(walks[1].result.destination_count, WALK_DESTINATIONS);
    for (size_t i = 0; i < WALK_DESTINATIONS; i++)
        assert_int_equal(walks[1].result.destinations[i].ports, 2);
}

static void test_interfaces_have_the_names_that_they_have_there(void **state)
{
    (void)state;
    add_neighbour(inhabit_with_device, NULL);
    step_all();
    assert_true(walks[0].has_queue);
    assert_string_equal(walks[0].queue.interface_name, "blue0");
}

static void test_the_fullest_destinations_of_all(void **state)
{
    (void)state;
    struct walked_destination rows[WALK_DESTINATIONS];
    add_neighbour(inhabit_with_clients, &calm);
    add_neighbour(inhabit_with_clients, &exhausted);
    assert_int_equal(walker_pick_top(namespaces, count, rows, WALK_DESTINATIONS), 0);
    step_all();
    assert_int_equal(walker_pick_top(namespaces, count, rows, WALK_DESTINATIONS), 3);
    const uint32_t ports[] = {10, 5, 3};
    const size_t places[] = {1, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(rows[i].destination->ports, ports[i]);
        assert_int_equal(rows[i].place, places[i]);
    }
    assert_int_equal(walker_pick_top(namespaces, count, rows, 2), 2);
    assert_int_equal(rows[1].destination->ports, 5);
    assert_int_equal(walker_pick_top(namespaces, count, rows, 0), 0);
}

static double bound(uint64_t most, uint64_t opens)
{
    return namespace_walk_bound_ratio(&walks[0], namespace_walk_bound(&walks[0], most, opens));
}

/* Opens since the walk, or sockets if these are fewer, over the usable ports. */
static void test_bound(void **state)
{
    (void)state;
    add_neighbour(inhabit_with_clients, &calm);
    assert_true(bound(14116, 0) == 0.5); /* of the usual range */
    assert_true(bound(30000, 0) == 1);
    namespaces[0].sockets = 18;
    namespaces[0].opens = 100;
    step_all();
    assert_true(bound(1000, 100) == 5. / 79);
    assert_true(bound(1000, 110) == 15. / 79);
    assert_true(bound(12, 110) == 12. / 79);
    assert_true(bound(1000, 174) == 1);
    assert_true(bound(1000, 200) == 1);
}

/* Which is due when: walks at the interval, listeners every ten seconds. */
static void test_times(void **state)
{
    (void)state;
    add_neighbour(NULL, NULL);
    step_all();
    int64_t first = walks[0].walked;
    assert_int_equal(first, now_is);
    assert_int_equal(walks[0].listened, first);
    assert_false(walks[0].queue.present);
    pass(4);
    step_all();
    assert_int_equal(walks[0].walked, first);
    pass(1);
    step_all();
    assert_int_equal(walks[0].walked, now_is);
    assert_int_equal(walks[0].listened, first);
    pass(5);
    step_all();
    assert_int_equal(walks[0].listened, now_is);
    assert_int_equal(walker_step(walker, namespaces, count), now_is + NANOSECONDS_PER_SECOND);
}

static void test_the_budget_is_kept(void **state)
{
    (void)state;
    add_neighbour(NULL, NULL);
    add_neighbour(NULL, NULL);
    cpu_of_a_step = 60 * NANOSECONDS_PER_SECOND / 1000; /* of which 20 ms are there */
    int64_t next = walker_step(walker, namespaces, count);
    assert_int_equal(walker_get_report(walker).walks, 1);
    assert_in_range(next, now_is + 2 * NANOSECONDS_PER_SECOND,
                    now_is + 2 * NANOSECONDS_PER_SECOND + 1000);
    pass(1);
    assert_in_range(walker_step(walker, namespaces, count), next - 1000, next + 1000);
    assert_int_equal(walker_get_report(walker).walks, 1);
    assert_true(walker_get_report(walker).cpu_seconds == 0.06);
    now_is = next + 1000;
    walker_spend(walker, NANOSECONDS_PER_SECOND); /* by the caller */
    assert_true(walker_step(walker, namespaces, count) > now_is + 49 * NANOSECONDS_PER_SECOND);
    assert_int_equal(walker_get_report(walker).walks, 1);
    pass(50);
    walker_step(walker, namespaces, count);
    assert_int_equal(walker_get_report(walker).walks, 2);
}

/* Suspects first, by the caller's bounds. */
static void test_a_suspect_is_walked_first(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        add_neighbour(NULL, NULL);
    step_all();
    pass(6);
    namespaces[1].bound = 0.5;
    walker_step(walker, namespaces, count);
    assert_int_equal(walks[1].walked, now_is);
    assert_true(walks[0].walked < now_is && walks[2].walked < now_is);
}

/* What was known of another namespace with the same inode is not told of this one. */
static void test_an_exchanged_namespace_is_a_new_one(void **state)
{
    (void)state;
    add_neighbour(inhabit_with_clients, &exhausted);
    step_all();
    if (walks[0].cookie == 0)
        skip(); /* before Linux 5.14 nothing tells */
    walks[0].cookie++;
    peak_window_observe(&walks[0].peaks[0], 120 * NANOSECONDS_PER_SECOND, now_is, 55);
    pass(5);
    step_all();
    assert_true(peak_window_read(&walks[0].peaks[0]) == 1);
    assert_int_equal(walks[0].walked, now_is);
    assert_int_equal(walker_get_report(walker).failures, 0);
}

static void test_a_namespace_that_is_gone_is_no_failure(void **state)
{
    (void)state;
    add_neighbour(NULL, NULL);
    add_neighbour(NULL, NULL);
    neighbour_end(&neighbours[0]);
    step_all();
    assert_int_equal(walks[0].walked, 0);
    assert_int_equal(walks[1].walked, now_is);
    assert_int_equal(walker_get_report(walker).failures, 0);
    assert_false(walks[0].has_queue);
}

static void test_a_helper_that_is_gone_is_one(void **state)
{
    (void)state;
    add_neighbour(NULL, NULL);
    kill(netns_helper_pid(helper), SIGKILL);
    step_all();
    assert_int_equal(walks[0].walked, 0);
    assert_int_equal(walker_get_report(walker).failures, 1);
}

static int is_gone(void *context)
{
    char text[64];
    return pread(*(int *)context, text, sizeof text, 0) < 0 && errno == ENOENT;
}

static unsigned count_descriptors(void)
{
    unsigned open = 0;
    DIR *directory = opendir("/proc/self/fd");
    assert_non_null(directory);
    while (readdir(directory))
        open++;
    closedir(directory);
    return open;
}

/* Namespaces that come and go while they are walked: each is freed, and no descriptor stays. */
static void test_walks_hold_no_namespace(void **state)
{
    (void)state;
    enum { ROUNDS = 30 };
    unsigned before = count_descriptors();
    int settings[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        struct netns_door door;
        count = 0;
        memset(walks, 0, sizeof walks);
        add_neighbour(NULL, NULL);
        assert_int_equal(netns_helper_enter(helper, &targets[0], true, &door), 0);
        settings[i] = door.descriptors[NETNS_PORT_RANGE];
        door.descriptors[NETNS_PORT_RANGE] = -1;
        netns_door_close(&door);
        pass(1);
        step_all();
        assert_int_equal(walks[0].walked, now_is);
        neighbour_end(&neighbours[0]);
        pass(5);
        step_all();
        assert_true(walks[0].walked < now_is);
    }
    for (int i = 0; i < ROUNDS; i++) {
        assert_int_equal(await_until(is_gone, &settings[i]), 0);
        close(settings[i]);
    }
    assert_int_equal(count_descriptors(), before);
}

static struct namespaces *node;

/* With an empty /run/netns, which the helper must see. */
static int start_node(void **state)
{
    const struct namespaces_options options = {.max = 256, .cpu_share = 1, .peak_window = 1};
    const struct namespaces_roots roots = {"/proc", "/run/netns", "/none"};
    const struct walker_options wanted = {.cpu_share = 1, .interval = 1, .peak_window = 1};
    if (neighbour_make_run_netns() != 0 || start_walker(state) != 0)
        return -1;
    node = namespaces_create(&options, &roots, &hand_clock);
    return node && namespaces_start_walks(node, helper, &wanted) ? 0 : -1;
}

static int stop_node(void **state)
{
    namespaces_destroy(node);
    stop_walker(state);
    return umount("/run");
}

static const struct namespace_row *find_row(const char *name)
{
    static struct namespaces_snapshot snapshot;
    namespaces_describe(node, now_is, 0, &snapshot);
    for (size_t i = 0; i < snapshot.count; i++) {
        if (strcmp(snapshot.rows[i].labels.name, name) == 0)
            return &snapshot.rows[i];
    }
    return NULL;
}

static void step_node(int64_t seconds)
{
    bool failed;
    struct fault fault;
    pass(seconds);
    namespaces_step(node, now_is, &failed, &fault);
}

/* It is found by its name alone, and kept while it has one. */
static void test_a_namespace_without_a_process(void **state)
{
    (void)state;
    char makeshift[64];
    assert_int_equal(neighbour_start(&neighbours[0], NULL, NULL), 0);
    assert_int_equal(neighbour_name(&neighbours[0], "/run/netns/red"), 0);
    assert_int_equal(neighbour_name(&neighbours[0], "/run/netns/blue"), 0);
    snprintf(makeshift, sizeof makeshift, "netns-%" PRIu64, neighbours[0].inode);
    neighbour_end(&neighbours[0]);

    step_node(1);
    assert_non_null(find_row("blue")); /* the first in the order of the alphabet */
    assert_null(find_row("red"));
    assert_false(find_row("blue")->has_walk);
    namespaces_walk_all(node);
    assert_true(find_row("blue")->has_walk);
    for (int i = 0; i < 4; i++) {
        step_node(11); /* looks for new processes alone */
        assert_non_null(find_row("blue"));
        assert_true(find_row("blue")->has_walk);
    }
    assert_int_equal(umount("/run/netns/blue"), 0);
    step_node(61);
    assert_non_null(find_row("red"));
    assert_true(find_row("red")->has_walk);
    assert_int_equal(umount("/run/netns/red"), 0);
    step_node(61);
    assert_null(find_row("red"));
    assert_null(find_row(makeshift));
}

/* A child in the namespace that has this name. */
static pid_t start_in(const char *path)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (setns(fd, CLONE_NEWNET) != 0 || close(fd) != 0 || write(ends[1], "!", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    close(ends[0]);
    close(ends[1]);
    return pid;
}

/* Names may have any characters, and other files are no namespaces. */
static void test_a_process_that_enters_a_named_namespace(void **state)
{
    (void)state;
    char makeshift[64];
    assert_int_equal(neighbour_start(&neighbours[0], NULL, NULL), 0);
    assert_int_equal(neighbour_name(&neighbours[0], "/run/netns/b\xc3\xbcro"), 0);
    close(open("/run/netns/rubbish", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    snprintf(makeshift, sizeof makeshift, "netns-%" PRIu64, neighbours[0].inode);
    neighbour_end(&neighbours[0]);
    step_node(1);
    assert_null(find_row("rubbish"));
    namespaces_walk_all(node);
    assert_non_null(find_row("b__ro"));
    assert_true(find_row("b__ro")->has_walk);

    /* It may be another namespace with the same inode: nothing is kept of the first. */
    pid_t pid = start_in("/run/netns/b\xc3\xbcro");
    assert_int_equal(umount("/run/netns/b\xc3\xbcro"), 0);
    step_node(61);
    assert_non_null(find_row(makeshift));
    assert_int_equal(find_row(makeshift)->pid, pid);
    assert_false(find_row(makeshift)->has_walk);
    step_node(61); /* looks at the namespaces of all processes */
    assert_int_equal(find_row(makeshift)->pid, pid);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#define with_walker(test) cmocka_unit_test_setup_teardown(test, start_walker, stop_walker)
#define with_node(test)   cmocka_unit_test_setup_teardown(test, start_node, stop_node)

int main(int arguments, char *values[])
{
    if (netns_helper_is_asked_for(arguments, values))
        netns_helper_run();
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    const struct CMUnitTest tests[] = {
        with_walker(test_counts_every_state),
        with_walker(test_counts_every_port),
        with_walker(test_a_walk_prefers_no_destination_of_another),
        with_walker(test_interfaces_have_the_names_that_they_have_there),
        with_walker(test_the_fullest_destinations_of_all),
        with_walker(test_bound),
        with_walker(test_times),
        with_walker(test_the_budget_is_kept),
        with_walker(test_a_suspect_is_walked_first),
        with_walker(test_an_exchanged_namespace_is_a_new_one),
        with_walker(test_a_namespace_that_is_gone_is_no_failure),
        with_walker(test_a_helper_that_is_gone_is_one),
        with_walker(test_walks_hold_no_namespace),
        with_node(test_a_namespace_without_a_process),
        with_node(test_a_process_that_enters_a_named_namespace),
    };
    return cmocka_run_group_tests_name("netns_walk", tests, NULL, NULL);
}
