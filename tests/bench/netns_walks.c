// SPDX-License-Identifier: Apache-2.0
/*
 * netns_walks: measure how long it takes until walks know the exact number of a burst of
 * connections in one of many network namespaces, on the real kernel.
 *
 *     netns_walks [--namespaces 200] [--sockets 500000] [--percent 2] [--seconds 360]
 *                 [--interval 6] [--own-tables]
 *
 *   --percent     CPU time for walks and for reading the counters of all namespaces, of one CPU
 *   --interval    seconds between bursts
 *   --own-tables  give each namespace a hash table of its own (net.ipv4.tcp_child_ehash_entries)
 *
 * The sizes of the namespaces follow Zipf's law. Three in ten have a destination with up to 35 % of
 * their ports, and pretend to open connections to it all the time. A burst is 2,000 real
 * connections a second for ten seconds, each closed at once by its client, which leaves TIME_WAIT.
 * The delay counts from the moment when 40 % of the ports are in use. Prints one line.
 */
#include "kernel/netns_helper.h"
#include "namespaces/walker.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1000, PER_PROCESS = 15000, SERVER_PORT = 9000 };
enum { PORTS = 28232, FIRST_PORT = 32768 }; /* the range of a new namespace */
enum { BURST_STEPS = 100, BURST_STEP = 200, FULL = PORTS * 4 / 10 };

/* A namespace with its processes. */
struct neighbour {
    pid_t pid;
    int fd;         /* to the process in it */
    uint64_t inode; /* of net/sockstat */
    unsigned sockets, clients;
    double opens_pretended; /* per second */
    uint64_t real_opens;
    bool bursting;
    int64_t full; /* when 40 % were in use; 0: not yet, -1: a walk has seen it */
};

static struct neighbour neighbours[MOST];
static struct netns_target targets[MOST];
static struct namespace_walk walks[MOST];
static struct walked_namespace namespaces[MOST];
static unsigned count = 200, sockets = 500000, seconds = 360, burst_interval = 6;
static double percent = 2;
static bool own_tables;

static int64_t now(void)
{
    return clock_now(&system_clock);
}

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "netns_walks: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void write_number(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        die(path);
    close(fd);
}

/* ---- in a namespace ---- */

static struct sockaddr_in endpoint(uint32_t address, unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(address)};
}

/* Make the i-th socket: ESTABLISHED without a peer. The first `clients` have one destination. */
static void fabricate(unsigned i, unsigned clients)
{
    struct sockaddr_in local, remote;
    if (i < clients) {
        local = endpoint(INADDR_LOOPBACK, FIRST_PORT + i);
        remote = endpoint(INADDR_LOOPBACK + 1, 443);
    } else {
        local = endpoint(INADDR_LOOPBACK, 8080);
        remote = endpoint(0x7f800000 + i / 20000, 40000 + i % 20000);
    }
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0 ||
        bind(fd, (struct sockaddr *)&local, sizeof local) != 0 ||
        connect(fd, (struct sockaddr *)&remote, sizeof remote) != 0)
        die("cannot make a socket");
}

static void fill(unsigned wanted, unsigned clients)
{
    for (unsigned first = 0; first < wanted; first += PER_PROCESS) {
        int ready[2];
        char done;
        if (pipe(ready) != 0)
            die("pipe");
        if (fork() == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            for (unsigned i = first; i < wanted && i < first + PER_PROCESS; i++)
                fabricate(i, clients);
            if (write(ready[1], "", 1) == 1)
                pause();
            _exit(1);
        }
        close(ready[1]);
        if (read(ready[0], &done, 1) != 1)
            die("cannot fill a namespace");
        close(ready[0]);
    }
}

static int listen_here(void)
{
    struct sockaddr_in address = endpoint(INADDR_LOOPBACK, SERVER_PORT);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 128) != 0)
        die("listen");
    return fd;
}

static void connect_once(int listener)
{
    struct sockaddr_in address = endpoint(INADDR_LOOPBACK, SERVER_PORT);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(client, (struct sockaddr *)&address, sizeof address) != 0)
        die("connect");
    int server = accept(listener, NULL, NULL);
    close(client);
    close(server);
}

/* Make the connections of a burst. Writes the time when 40 % of the ports are in use to `fd`. */
static void burst(int listener, int fd)
{
    unsigned made = 0;
    int64_t begin = now();
    for (int step = 1; step <= BURST_STEPS; step++) {
        for (int i = 0; i < BURST_STEP; i++) {
            connect_once(listener);
            if (++made == FULL) {
                int64_t full = now();
                if (write(fd, &full, sizeof full) != sizeof full)
                    exit(1);
            }
        }
        int64_t wait = begin + step * NANOSECONDS_PER_SECOND / 10 - now();
        if (wait > 0)
            nanosleep(&(struct timespec){.tv_nsec = (long)wait}, NULL);
    }
}

static _Noreturn void live(int fd, const struct neighbour *neighbour)
{
    char command;
    struct ifreq up = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (unshare(CLONE_NEWNET) != 0)
        die("unshare");
    ioctl(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), SIOCSIFFLAGS, &up);
    write_number("/proc/sys/net/ipv4/tcp_tw_reuse", "0");
    int listener = listen_here();
    fill(neighbour->sockets, neighbour->clients);
    if (write(fd, "", 1) != 1)
        exit(1);
    while (read(fd, &command, 1) == 1)
        burst(listener, fd);
    exit(0);
}

/* ---- outside ---- */

static void start(unsigned i, double sum)
{
    struct neighbour *neighbour = &neighbours[i];
    int ends[2];
    char ready, path[64];
    struct stat status;
    bool client = i % 10 < 3;
    double part = client ? .1 + .5 * drand48() : .05 * drand48();
    neighbour->sockets = (unsigned)(sockets / sum / (i + 1));
    neighbour->clients = (unsigned)fmin(neighbour->sockets * part, .35 * (double)PORTS);
    neighbour->opens_pretended =
        client ? neighbour->sockets * part / 30 : neighbour->sockets * .002;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        die("socketpair");
    neighbour->pid = fork();
    if (neighbour->pid == 0) {
        close(ends[0]);
        live(ends[1], neighbour);
    }
    close(ends[1]);
    neighbour->fd = ends[0];
    snprintf(path, sizeof path, "/proc/%d/net/sockstat", neighbour->pid);
    if (read(neighbour->fd, &ready, 1) != 1 || stat(path, &status) != 0)
        die("a namespace is missing");
    neighbour->inode = status.st_ino;
    targets[i] = netns_target_of_process(neighbour->pid, neighbour->inode, 0);
    namespaces[i] = (struct walked_namespace){.target = &targets[i], .walk = &walks[i]};
}

static const char *read_file(unsigned i, const char *file)
{
    static char text[8192];
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/net/%s", neighbours[i].pid, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = read(fd, text, sizeof text - 1);
    if (length <= 0)
        die(path);
    close(fd);
    text[length] = '\0';
    return text;
}

/* The number after `key`, or else 0. */
static uint64_t find_number(const char *text, const char *key)
{
    const char *found = text ? strstr(text, key) : NULL;
    return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

static uint64_t read_opens(unsigned i)
{
    const char *heading = strstr(read_file(i, "snmp"), "Tcp: RtoAlgorithm");
    const char *numbers = heading ? strstr(heading + 1, "Tcp: ") + 5 : "";
    for (int column = 0; column < 4; column++) /* RtoAlgorithm, RtoMin, RtoMax, MaxConn */
        numbers += strcspn(numbers, " ") + 1;
    return strtoull(numbers, NULL, 10);
}

/* Read counters as often as the exporter does: sockets every second, opens every five seconds. */
static void read_counters(unsigned second)
{
    for (unsigned i = 0; i < count; i++) {
        const char *tcp = strstr(read_file(i, "sockstat"), "TCP:");
        namespaces[i].sockets = find_number(tcp, "inuse ") + find_number(tcp, " tw ");
        if (second % 5 == 0)
            neighbours[i].real_opens = read_opens(i);
        namespaces[i].opens =
            neighbours[i].real_opens + (uint64_t)(neighbours[i].opens_pretended * second);
    }
}

static void update_bounds(void)
{
    for (unsigned i = 0; i < count; i++)
        namespaces[i].bound = namespace_walk_bound_ratio(
            &walks[i], namespace_walk_bound(&walks[i], namespaces[i].sockets, namespaces[i].opens));
}

static double delays[10000];
static unsigned seen, begun;

static void begin_burst(void)
{
    unsigned i = (unsigned)(drand48() * count);
    if (neighbours[i].bursting)
        return;
    neighbours[i].bursting = true;
    begun++;
    if (write(neighbours[i].fd, "b", 1) != 1)
        die("burst");
}

static void watch_bursts(void)
{
    for (unsigned i = 0; i < count; i++) {
        struct neighbour *neighbour = &neighbours[i];
        if (!neighbour->bursting)
            continue;
        if (neighbour->full == 0 && recv(neighbour->fd, &neighbour->full, sizeof neighbour->full,
                                         MSG_DONTWAIT) != sizeof neighbour->full)
            neighbour->full = 0;
        if (neighbour->full > 0 && walks[i].walked > 0 &&
            walks[i].result.ports.utilization[PORT_SCOPE_DESTINATION] >= .4) {
            delays[seen++] = fmax(0, (double)(now() - neighbour->full) / 1e9);
            neighbour->full = -1;
        }
        if (neighbour->full != 0 && now() - neighbour->full > 75 * NANOSECONDS_PER_SECOND &&
            walks[i].result.ports.utilization[PORT_SCOPE_DESTINATION] < .4) {
            neighbour->full = 0;
            neighbour->bursting = false;
        }
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double pick(const double *sorted, unsigned length, double part)
{
    return length ? sorted[(unsigned)(part * (length - 1))] : NAN;
}

static void report(const struct walker *walker, double elapsed, double counters_cpu)
{
    static double ages[MOST];
    struct rusage usage;
    unsigned walked = 0;
    for (unsigned i = 0; i < count; i++) {
        if (walks[i].walked > 0)
            ages[walked++] = (double)(now() - walks[i].walked) / 1e9;
    }
    qsort(ages, walked, sizeof ages[0], compare);
    qsort(delays, seen, sizeof delays[0], compare);
    getrusage(RUSAGE_SELF, &usage);
    struct walker_report walks_report = walker_get_report(walker);
    printf("namespaces=%u sockets=%u own_tables=%d walks=%" PRIu64 " failures=%" PRIu64 " "
           "cpu_percent=%.2f counters_percent=%.2f ms_a_walk=%.1f "
           "bursts=%u seen=%u delay_median=%.1f delay_p95=%.1f delay_max=%.1f "
           "walked=%u age_median=%.0f age_max=%.0f resident_kib=%ld on_host=%" PRIu64 "\n",
           count, sockets, own_tables, walks_report.walks, walks_report.failures,
           (walks_report.cpu_seconds + counters_cpu) / elapsed * 100, counters_cpu / elapsed * 100,
           walks_report.cpu_seconds / (double)walks_report.walks * 1e3, begun, seen,
           pick(delays, seen, .5), pick(delays, seen, .95), pick(delays, seen, 1), walked,
           pick(ages, walked, .5), pick(ages, walked, 1), usage.ru_maxrss,
           find_number(read_file(0, "sockstat"), " alloc "));
}

static void measure(struct walker *walker)
{
    int64_t begin = now(), next_walk = 0;
    int64_t counters_cpu = 0;
    for (unsigned second = 0; second < seconds; second++) {
        int64_t cpu = system_clock.thread_cpu(NULL);
        read_counters(second);
        update_bounds();
        cpu = system_clock.thread_cpu(NULL) - cpu;
        counters_cpu += cpu;
        walker_spend(walker, cpu);
        if (second >= 120 && second % burst_interval == 0 && second < seconds - 30)
            begin_burst();
        for (;;) {
            int64_t end = begin + (second + 1) * NANOSECONDS_PER_SECOND;
            if (now() >= next_walk)
                next_walk = walker_step(walker, namespaces, count);
            watch_bursts();
            int64_t wait = (next_walk < end ? next_walk : end) - now();
            if (now() >= end)
                break;
            if (wait > 100000000)
                wait = 100000000;
            if (wait > 0)
                nanosleep(&(struct timespec){.tv_nsec = (long)wait}, NULL);
        }
    }
    report(walker, (double)(now() - begin) / 1e9, (double)counters_cpu / 1e9);
}

static void parse(int arguments, char *values[])
{
    static const struct option options[] = {{"namespaces", 1, 0, 'n'},
                                            {"sockets", 1, 0, 's'},
                                            {"percent", 1, 0, 'p'},
                                            {"seconds", 1, 0, 't'},
                                            {"interval", 1, 0, 'i'},
                                            {"own-tables", 0, 0, 'o'},
                                            {0}};
    for (int option; (option = getopt_long(arguments, values, "", options, NULL)) != -1;) {
        if (option == 'n')
            count = (unsigned)atoi(optarg) < MOST ? (unsigned)atoi(optarg) : MOST;
        else if (option == 's')
            sockets = (unsigned)atoi(optarg);
        else if (option == 'p')
            percent = atof(optarg);
        else if (option == 't')
            seconds = (unsigned)atoi(optarg);
        else if (option == 'i')
            burst_interval = (unsigned)atoi(optarg);
        else if (option == 'o')
            own_tables = true;
        else
            exit(2);
    }
}

int main(int arguments, char *values[])
{
    if (netns_helper_is_asked_for(arguments, values))
        netns_helper_run();
    char error[512];
    struct rlimit files;
    double sum = 0;
    parse(arguments, values);
    setvbuf(stdout, NULL, _IOLBF, 0);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct netns_helper *helper = netns_helper_start(error, sizeof error);
    const struct walker_options options = {.cpu_share = percent / 100,
                                           .interval = 5 * NANOSECONDS_PER_SECOND,
                                           .peak_window = 120 * NANOSECONDS_PER_SECOND};
    if (!helper)
        die(error);
    /* New namespaces take tcp_child_ehash_entries from the one that makes them. */
    if (unshare(CLONE_NEWNET) != 0)
        die("unshare");
    if (own_tables)
        write_number("/proc/sys/net/ipv4/tcp_child_ehash_entries", "65536");
    srand48(7);
    for (unsigned i = 0; i < count; i++)
        sum += 1.0 / (i + 1);
    for (unsigned i = 0; i < count; i++)
        start(i, sum);
    struct walker *walker = walker_create(helper, &system_clock, &options);
    measure(walker);
    walker_destroy(walker);
    netns_helper_stop(helper);
    for (unsigned i = 0; i < count; i++)
        kill(neighbours[i].pid, SIGKILL);
    return 0;
}
