// SPDX-License-Identifier: Apache-2.0
/*
 * connect_knee: measure the cost of connect() while one destination uses up the ephemeral ports,
 * and print it with the exporter's numbers.
 *
 *     connect_knee [--exporter PATH] [--range LOW-HIGH] [--probes N]
 *
 *   --exporter  the exporter, run as `PATH --once` at each step (default $EXPORTER)
 *   --range     the ephemeral ports (default 40000-54999); each needs an open file
 *   --probes    timed connect() calls at each step, at most 1000 (default 50)
 *
 * Prints a Markdown table: the share of the range that connections to the destination hold, the
 * exporter's numbers, and the time of one more connect(). The timed connections are reset,
 * so the share does not change. At 100 % connect() fails, and the time is that of the failure.
 *
 * The connections are real ones over loopback, in a separate network namespace, and
 * connect() makes both ends. The far ends wait in the listener's queue, so no process wakes up to
 * accept them during the measurement. All are held to the end. If connections come and go, free
 * ports are scattered, and the step at the knee may be less sharp.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    KNEE_SECONDS = 60,  /* the limit for the whole program */
    KNEE_LOW = 40000,   /* even, so connect() prefers even ports */
    KNEE_HIGH = 54999,  /* odd, for as many odd ports as even ones */
    KNEE_LOWEST = 1024, /* the lowest start of the range that the kernel accepts */
    KNEE_LISTEN_PORT = 443,
    KNEE_BACKLOG = 65535, /* the queue's limit; timed connections stay in it after their reset */
    KNEE_PROBES = 50,
    KNEE_MAX_PROBES = 1000,
    KNEE_SPARE_FILES = 16,
};

static const unsigned knee_percents[] = {0,  10, 20, 30, 40, 45, 49, 50, 51,
                                         55, 60, 70, 80, 90, 95, 99, 100};
enum {
    KNEE_STEPS = sizeof(knee_percents) / sizeof(knee_percents[0]),
};

struct knee {
    unsigned low, high; /* the ephemeral ports */
    unsigned probes;    /* timed connections a step */
    unsigned used;      /* held connections */
};

/* The exporter's numbers: the used share of all ports, and of those whose parity connect() tries
 * first. */
struct knee_ratios {
    double utilization, preferred;
};

static unsigned knee_count_ports(const struct knee *knee)
{
    return knee->high - knee->low + 1;
}

/* ---- the namespace ---- */

static int knee_write_sysctl(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = write(fd, value, strlen(value)) < 0 ? -errno : 0;
    close(fd);
    return error;
}

static int knee_bring_up_loopback(void)
{
    const struct ifreq device = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = ioctl(fd, SIOCSIFFLAGS, &device) < 0 ? -errno : 0;
    close(fd);
    return error;
}

/* Moves this process to a new network namespace and prepares it, in a new user namespace if it
 * lacks the rights. Returns 0 or -errno. */
static int knee_enter_namespace(const struct knee *knee)
{
    char range[32];
    snprintf(range, sizeof(range), "%u %u", knee->low, knee->high);
    if (unshare(CLONE_NEWNET) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return -errno;
    int error = knee_bring_up_loopback();
    if (error == 0)
        error = knee_write_sysctl("/proc/sys/net/ipv4/ip_local_port_range", range);
    if (error == 0)
        error = knee_write_sysctl("/proc/sys/net/core/somaxconn", "65535");
    return error;
}

/* Raises the limit of open files to its maximum. Returns 0 or -errno; -EMFILE if this is not
 * enough. */
static int knee_raise_limit(const struct knee *knee)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (limit.rlim_max < knee_count_ports(knee) + KNEE_SPARE_FILES)
        return -EMFILE;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? -errno : 0;
}

/* ---- connections ---- */

static struct sockaddr_in knee_destination(void)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons(KNEE_LISTEN_PORT),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
}

/* The listener stays until the process ends. Returns 0 or -errno. */
static int knee_listen(void)
{
    const struct sockaddr_in local = knee_destination();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&local, sizeof(local)) < 0 ||
        listen(fd, KNEE_BACKLOG) < 0)
        return -errno;
    return 0;
}

static double knee_microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Makes a connection; `took` is the time of connect() alone. close() resets it and frees its port
 * at once. Returns its socket or -errno. */
static int knee_connect(double *took)
{
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    const struct sockaddr_in remote = knee_destination();
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0 ? -errno : 0;
    if (error == 0) {
        const double start = knee_microseconds();
        if (connect(fd, (const struct sockaddr *)&remote, sizeof(remote)) < 0)
            error = -errno;
        *took = knee_microseconds() - start;
    }
    if (error < 0)
        close(fd);
    return error < 0 ? error : fd;
}

/* Connects until `target` connections are held; they end with the process. Returns 0 or -errno. */
static int knee_fill(struct knee *knee, unsigned target)
{
    double took;
    for (; knee->used < target; knee->used++) {
        int fd = knee_connect(&took);
        if (fd < 0)
            return fd;
    }
    return 0;
}

/* Times connections and resets them, or times failures if no port is left. Returns 0 or -errno;
 * -EPROTO if connect() succeeds without a free port. */
static int knee_probe(const struct knee *knee, double took[])
{
    const bool must_fail = knee->used == knee_count_ports(knee);
    for (unsigned i = 0; i < knee->probes; i++) {
        int fd = knee_connect(&took[i]);
        if (fd >= 0)
            close(fd);
        if (must_fail ? fd != -EADDRNOTAVAIL : fd < 0)
            return fd < 0 ? fd : -EPROTO;
    }
    return 0;
}

/* ---- the exporter's numbers ---- */

static void knee_read_value(const char *line, const char *series, double *value)
{
    const size_t length = strlen(series);
    if (strncmp(line, series, length) == 0)
        *value = strtod(line + length, NULL);
}

/* Reads a page to its end. Returns 0, or -ENODATA if a ratio is not on it. */
static int knee_read_page(FILE *page, struct knee_ratios *ratios)
{
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, page) >= 0) {
        knee_read_value(line,
                        "sockdiag_ephemeral_port_utilization_ratio"
                        "{protocol=\"tcp\",scope=\"destination\"} ",
                        &ratios->utilization);
        knee_read_value(line,
                        "sockdiag_ephemeral_port_preferred_utilization_ratio"
                        "{protocol=\"tcp\"} ",
                        &ratios->preferred);
    }
    free(line);
    return ratios->utilization < 0 || ratios->preferred < 0 ? -ENODATA : 0;
}

/* Reads the exporter's numbers into ratios that are negative. Returns 0 or -errno; -ECHILD if the
 * exporter failed. */
static int knee_ask(struct knee_ratios *ratios)
{
    FILE *page = popen("exec \"$EXPORTER\" --once", "re");
    if (!page)
        return -errno;
    int error = knee_read_page(page, ratios);
    return pclose(page) != 0 ? -ECHILD : error;
}

/* ---- the table ---- */

static int knee_compare(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (*a > *b) - (*a < *b);
}

/* The smallest of the sorted times with at least `percent` of them at or below it. */
static double knee_percentile(const struct knee *knee, const double sorted[], unsigned percent)
{
    return sorted[(knee->probes * percent + 99) / 100 - 1];
}

/* Fills a share of the range, measures, and prints a row. Returns 0 or -errno. */
static int knee_step(struct knee *knee, unsigned percent)
{
    double took[KNEE_MAX_PROBES];
    struct knee_ratios ratios = {-1, -1};
    int error = knee_fill(knee, knee_count_ports(knee) * percent / 100);
    if (error == 0)
        error = knee_ask(&ratios);
    if (error == 0)
        error = knee_probe(knee, took);
    if (error < 0)
        return error;
    qsort(took, knee->probes, sizeof(took[0]), knee_compare);
    printf("| %u %% | %.3f | %.3f | %.1f us%s | %.1f us |\n", percent, ratios.utilization,
           ratios.preferred, knee_percentile(knee, took, 50), percent == 100 ? ", fails" : "",
           knee_percentile(knee, took, 90));
    return fflush(stdout) == EOF ? -errno : 0;
}

static int knee_run(struct knee *knee)
{
    int error = knee_raise_limit(knee);
    if (error == 0)
        error = knee_enter_namespace(knee);
    if (error == 0)
        error = knee_listen();
    if (error < 0)
        return error;
    puts("| share of the range used | exporter's utilization | exporter's preferred ratio | "
         "connect() median | p90 |\n|---|---|---|---|---|");
    for (size_t i = 0; i < KNEE_STEPS && error == 0; i++)
        error = knee_step(knee, knee_percents[i]);
    return error;
}

/* ---- options ---- */

static bool knee_parse_options(struct knee *knee, int argc, char **argv)
{
    static const struct option options[] = {{"exporter", required_argument, NULL, 'e'},
                                            {"range", required_argument, NULL, 'r'},
                                            {"probes", required_argument, NULL, 'p'},
                                            {0}};
    bool good = true;
    int option;
    while (good && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'e')
            good = setenv("EXPORTER", optarg, 1) == 0;
        else if (option == 'r')
            good = sscanf(optarg, "%5u-%5u", &knee->low, &knee->high) == 2;
        else if (option == 'p')
            good = sscanf(optarg, "%4u", &knee->probes) == 1;
        else
            good = false;
    }
    return good && optind == argc && getenv("EXPORTER") && knee->low >= KNEE_LOWEST &&
           knee->high > knee->low && knee->high <= UINT16_MAX && knee->probes > 0 &&
           knee->probes <= KNEE_MAX_PROBES &&
           knee_count_ports(knee) + KNEE_STEPS * knee->probes <= KNEE_BACKLOG;
}

int main(int argc, char **argv)
{
    struct knee knee = {.low = KNEE_LOW, .high = KNEE_HIGH, .probes = KNEE_PROBES};
    if (!knee_parse_options(&knee, argc, argv)) {
        fprintf(stderr, "usage: connect_knee --exporter PATH [--range LOW-HIGH] [--probes N]\n");
        return 2;
    }
    alarm(KNEE_SECONDS); /* ends the process if it hangs */
    int error = knee_run(&knee);
    if (error < 0)
        fprintf(stderr, "connect_knee: %s\n",
                error == -ECHILD ? "the exporter failed" : strerror(-error));
    return error < 0 ? 1 : 0;
}
