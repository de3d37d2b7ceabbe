// SPDX-License-Identifier: Apache-2.0
/*
 * tcp_events: measure the CPU time that the events of the kernel's tracepoint add to a connection.
 *
 *     tcp_events [--rounds N] [--connections N]
 *
 * In each round it makes connections over loopback, in a network namespace of its own, and closes
 * them: with no event open, with each one, and with both. Prints a Markdown table: the CPU time of
 * a connection, both ends together, and the difference to a round without events, in all and for
 * each of its ten changes of state. The numbers are medians of the rounds, whose order changes.
 *
 * Needs CAP_PERFMON, CAP_DAC_READ_SEARCH and tracefs.
 */
#include "kernel/tcp_events.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STATE_CHANGES = 10, PORT = 443, ROUNDS_MOST = 99 };
enum setup { WITHOUT, FAILURES, CLOSERS, BOTH, SETUPS };

static const char *const names[SETUPS] = {
    [WITHOUT] = "without events",
    [FAILURES] = "--collector.connect-failures",
    [CLOSERS] = "--collector.closers",
    [BOTH] = "both",
};

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "tcp_events: %s\n", what);
    exit(1);
}

static void enter_namespace(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = unshare(CLONE_NEWNET) == 0 ? socket(AF_INET, SOCK_DGRAM, 0) : -1;
    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        die("no network namespace");
    close(fd);
    fd = open("/proc/sys/net/ipv4/tcp_max_tw_buckets", O_WRONLY);
    if (fd < 0 || write(fd, "0", 1) != 1) /* TIME_WAIT sockets would use up the ports */
        die("no right to change a setting");
    close(fd);
}

static double read_cpu(void)
{
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Make connections. Returns the CPU time of one, in seconds. */
static double measure(unsigned connections)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 16) != 0)
        die("no listener");
    double cpu = read_cpu();
    for (unsigned i = 0; i < connections; i++) {
        int client = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(client, (const struct sockaddr *)&address, sizeof address) != 0)
            die("no connection");
        int server = accept(listener, NULL, NULL);
        close(client);
        close(server);
    }
    cpu = read_cpu() - cpu;
    close(listener);
    return cpu / connections;
}

static double measure_with(enum setup setup, unsigned connections)
{
    static const uint64_t periods[TCP_EVENTS] = {
        [TCP_EVENT_PORT_FAILURE] = 1, [TCP_EVENT_CLOSED_FIRST] = 101};
    const bool wanted[TCP_EVENTS] = {
        [TCP_EVENT_PORT_FAILURE] = setup == FAILURES || setup == BOTH,
        [TCP_EVENT_CLOSED_FIRST] = setup == CLOSERS || setup == BOTH,
    };
    struct tcp_events *events[TCP_EVENTS] = {NULL};
    char error[512];
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++) {
        if (wanted[event] &&
            !(events[event] = tcp_events_open(event, periods[event], error, sizeof error)))
            die(error);
    }
    double cost = measure(connections);
    for (enum tcp_event event = 0; event < TCP_EVENTS; event++)
        tcp_events_close(events[event]);
    return cost;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double find_median(double *values, unsigned count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

static void report(double costs[SETUPS][ROUNDS_MOST], unsigned rounds)
{
    double more[SETUPS][ROUNDS_MOST]; /* CPU time than without events in the same round */
    for (enum setup setup = 0; setup < SETUPS; setup++) {
        for (unsigned i = 0; i < rounds; i++)
            more[setup][i] = costs[setup][i] - costs[WITHOUT][i];
    }
    puts("| | CPU of a connection | more | for each change of state | share |\n"
         "|---|---|---|---|---|");
    double base = find_median(costs[WITHOUT], rounds);
    for (enum setup setup = 0; setup < SETUPS; setup++) {
        double extra = find_median(more[setup], rounds);
        printf("| %s | %.1f us | %.2f us | %.0f ns | %.1f %% |\n", names[setup],
               find_median(costs[setup], rounds) * 1e6, extra * 1e6,
               extra / (double)STATE_CHANGES * 1e9, extra / base * 100);
    }
}

int main(int count, char *arguments[])
{
    static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {0}};
    static double costs[SETUPS][ROUNDS_MOST];
    unsigned rounds = 15, connections = 5000;
    for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
        unsigned number = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;
        if (number == 0)
            die("wrong options");
        *(option == 'r' ? &rounds : &connections) = number;
    }
    if (rounds > ROUNDS_MOST)
        die("too many rounds");
    enter_namespace();
    measure(connections); /* to warm up caches and memory */
    for (unsigned round = 0; round < rounds; round++) {
        for (unsigned i = 0; i < SETUPS; i++) {
            enum setup setup = (enum setup)((i + round) % SETUPS);
            costs[setup][round] = measure_with(setup, connections);
        }
    }
    report(costs, rounds);
    return 0;
}
