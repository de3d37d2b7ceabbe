// SPDX-License-Identifier: Apache-2.0
/*
 * fabricate: fill a new network namespace with TCP sockets, report it, and hold them.
 *
 *     fabricate --established N [--destinations D|unique] [--server N] [--time-wait N]
 *               [--half-closed N] [--listen N] [--ipv6 PERCENT] [--interleaved]
 *
 *   --established   clients' connections: a local port of the ephemeral range, D remote endpoints
 *   --destinations  the number D of remote endpoints, for clients' connections and separately for
 *                   those in TIME_WAIT; "unique" gives each its own (default 1000)
 *   --server        connections whose local port is a listener's; needs --listen
 *   --time-wait     connections in TIME_WAIT on the client's side, IPv4
 *   --half-closed   pairs of one FIN_WAIT2 and one CLOSE_WAIT socket, IPv4
 *   --listen        listeners, at most 1000
 *   --ipv6          percentage of the established and server connections that is IPv6
 *   --interleaved   make connections to the destinations in turn, not all to one and then all to
 *                   the next. A kernel may hash consecutive ports of one destination next to each
 *                   other; a walk then visits the sockets mostly in the order of their memory, and
 *                   the processor can prefetch. Interleaved, as on a host that has run for a long
 *                   time, more of them are cache misses
 *
 * When the kernel's own counters agree with the options, it prints one line:
 *
 *     ready established=... time_wait=... close_wait=... fin_wait2=... listen=... destinations=...
 *           ipv6=... processes=... seconds=...
 *
 * Other programs join through /proc/PID/ns/net of this process. It then reads standard input: a
 * line "rearm" restarts the 60 s of every TIME_WAIT socket (answered by "rearmed N"), end of file
 * ends it and all sockets.
 *
 * Nothing leaves the machine: every address is in 127.0.0.0/8 or in a prefix that is local to the
 * namespace's loopback device. The hard limit of open files determines the number of child
 * processes that hold the sockets.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/rtnetlink.h>
#include <linux/tcp.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    FABRICATE_MAX_SOCKETS = 2000000, /* of one kind; its 32 blocks have 2,097,152 addresses */
    FABRICATE_MAX_LISTENERS = 1000,
    FABRICATE_MAX_CHILDREN = 4096,
    FABRICATE_MAX_BATCHES = 6,
    FABRICATE_LISTEN_PORT = 20000, /* the first listener's, below the ephemeral range */
    FABRICATE_REMOTE_PORT = 443,
    FABRICATE_SPARE_FILES = 64, /* a child's own pipes and inherited files */
    /* Ports at the end of the ephemeral range stay free: connect() skips every port that a socket
     * took with bind(), so without them no program in the namespace, not even a scraper, could
     * connect. */
    FABRICATE_SPARE_PORTS = 1000,
    FABRICATE_SPARE_TIME_WAIT = 100000,
    FABRICATE_CLIENTS_PER_ADDRESS = 8,
    FABRICATE_TIMEOUT_MS = 10000,
    FABRICATE_STEP_MS = 5,
};

enum fabricate_kind {
    FABRICATE_CLIENT,
    FABRICATE_SERVER,
    FABRICATE_TIME_WAIT,
    FABRICATE_HALF_CLOSED,
};

/* Sockets of one kind and one family. */
struct fabricate_batch {
    enum fabricate_kind kind;
    int family;
    uint32_t count; /* a half-closed pair counts once */
    uint32_t destinations;
};

struct fabricate_plan {
    uint32_t established, server, time_wait, half_closed, listeners;
    uint32_t destinations;
    uint32_t ipv6_percent;
    bool interleaved;
    uint16_t first_port, ports; /* of the ephemeral range, in use */
    struct fabricate_batch batches[FABRICATE_MAX_BATCHES];
    int batch_count;
};

/* The parent's children and pipes: one brings their reports, and closing the other ends them. */
struct fabricate_children {
    int report[2];
    int hold[2];
    pid_t pids[FABRICATE_MAX_CHILDREN];
    uint32_t count;
    uint32_t files; /* the limit for one child */
};

union fabricate_endpoint {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

struct fabricate_tuple {
    union fabricate_endpoint local, remote;
};

/* ---- addresses ---- */

/* The n-th address of a block, 127.BLOCK.0.0 or fd00:BLOCK::, with a port. Numbers above the
 * 65,536 IPv4 addresses of a block continue in the next block. */
static union fabricate_endpoint fabricate_endpoint(int family, uint32_t block, uint32_t n,
                                                   uint16_t port)
{
    union fabricate_endpoint endpoint = {0};
    if (family == AF_INET) {
        endpoint.v4.sin_family = AF_INET;
        endpoint.v4.sin_port = htons(port);
        endpoint.v4.sin_addr.s_addr = htonl((127U << 24 | block << 16) + n);
    } else {
        endpoint.v6.sin6_family = AF_INET6;
        endpoint.v6.sin6_port = htons(port);
        endpoint.v6.sin6_addr.s6_addr32[0] = htonl(0xfd000000U | block);
        endpoint.v6.sin6_addr.s6_addr32[3] = htonl(n);
    }
    return endpoint;
}

/* The destination of the i-th connection of a batch, and the number of earlier connections to it.
 */
static void fabricate_destination(const struct fabricate_plan *plan,
                                  const struct fabricate_batch *batch, uint32_t i,
                                  uint32_t *destination, uint32_t *turn)
{
    const uint64_t count = batch->count, destinations = batch->destinations;
    if (plan->interleaved) {
        *destination = i % batch->destinations;
        *turn = i / batch->destinations;
    } else {
        *destination = (uint32_t)(i * destinations / count);
        *turn = i - (uint32_t)((*destination * count + destinations - 1) / destinations);
    }
}

/* The addresses of the i-th connection of a batch; each i has its own. Every kind has a block of
 * local addresses and 32 of remote ones. */
static struct fabricate_tuple fabricate_tuple(const struct fabricate_plan *plan,
                                              const struct fabricate_batch *batch, uint32_t i)
{
    const uint32_t kind = (uint32_t)batch->kind;
    const uint32_t local = 16 + kind, remote = 128 + 32 * kind;
    if (batch->kind == FABRICATE_SERVER) {
        uint16_t listener = (uint16_t)(FABRICATE_LISTEN_PORT + i % plan->listeners);
        uint16_t client = (uint16_t)(plan->first_port + i % plan->ports);
        return (struct fabricate_tuple){
            .local = fabricate_endpoint(batch->family, local, 0, listener),
            .remote = fabricate_endpoint(batch->family, remote, i / FABRICATE_CLIENTS_PER_ADDRESS,
                                         client),
        };
    }
    /* A destination uses one port after the other, then continues with the next local address. Its
     * first port varies, so that unique destinations do not share one port. */
    uint32_t destination, turn;
    fabricate_destination(plan, batch, i, &destination, &turn);
    uint32_t start = destination * UINT32_C(7919) % plan->ports;
    uint16_t port = (uint16_t)(plan->first_port + (start + turn) % plan->ports);
    return (struct fabricate_tuple){
        .local = fabricate_endpoint(batch->family, local, turn / plan->ports, port),
        .remote = fabricate_endpoint(batch->family, remote, destination, FABRICATE_REMOTE_PORT),
    };
}

/* ---- sockets ---- */

static int fabricate_set_option(int fd, int option, int value)
{
    return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int fabricate_connect(int fd, const struct fabricate_tuple *tuple)
{
    const socklen_t size =
        tuple->local.any.sa_family == AF_INET ? sizeof(tuple->local.v4) : sizeof(tuple->local.v6);
    int error = fabricate_set_option(fd, TCP_REPAIR, TCP_REPAIR_ON);
    if (error < 0)
        return error;
    if (bind(fd, &tuple->local.any, size) < 0 || connect(fd, &tuple->remote.any, size) < 0)
        return -errno;
    return 0;
}

/* Makes an ESTABLISHED socket without a peer and without a packet. With TCP_REPAIR all sockets
 * share ports, so the cost of bind() does not depend on their number, and close() sends no packet.
 * Both sequence numbers are 0. Returns the socket or -errno. */
static int fabricate_established(const struct fabricate_tuple *tuple)
{
    int fd = socket(tuple->local.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = fabricate_connect(fd, tuple);
    if (error < 0) {
        close(fd);
        return error;
    }
    return fd;
}

/* Ends the repair: from now on the socket sends and receives. It opens the send window, which would
 * otherwise be 0, and acknowledges at once, so that a peer's FIN_WAIT1 has ended when shutdown()
 * returns. */
static int fabricate_enliven(int fd)
{
    const struct tcp_repair_window window = {.snd_wnd = 1024, .max_window = 1024, .rcv_wnd = 1024};
    if (setsockopt(fd, IPPROTO_TCP, TCP_REPAIR_WINDOW, &window, sizeof(window)) < 0)
        return -errno;
    int error = fabricate_set_option(fd, TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
    return error < 0 ? error : fabricate_set_option(fd, TCP_QUICKACK, 1);
}

/* Brings near and far, each other's peers, to FIN_WAIT2 and CLOSE_WAIT. */
static int fabricate_half_close(int near, int far)
{
    struct pollfd closed = {.fd = far, .events = POLLRDHUP};
    int error = fabricate_enliven(near);
    if (error == 0)
        error = fabricate_enliven(far);
    if (error < 0)
        return error;
    if (shutdown(near, SHUT_WR) < 0)
        return -errno;
    int ready = poll(&closed, 1, FABRICATE_TIMEOUT_MS);
    return ready < 0 ? -errno : ready == 0 ? -ETIMEDOUT : 0;
}

/* Makes a connection with both ends here: the local one in FIN_WAIT2, the far one in CLOSE_WAIT.
 * With `time_wait` it closes both: the local one stays in TIME_WAIT. */
static int fabricate_pair(const struct fabricate_tuple *tuple, bool time_wait)
{
    const struct fabricate_tuple mirrored = {.local = tuple->remote, .remote = tuple->local};
    int near = fabricate_established(tuple);
    if (near < 0)
        return near;
    int far = fabricate_established(&mirrored);
    if (far < 0) {
        close(near);
        return far;
    }
    int error = fabricate_half_close(near, far);
    if (time_wait || error < 0) {
        close(far);
        close(near);
    }
    return error;
}

/* Makes the sockets first .. first + count - 1 of a batch. They stay open until the process ends.
 * Returns 0 or -errno. */
static int fabricate_slice(const struct fabricate_plan *plan, const struct fabricate_batch *batch,
                           uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        const struct fabricate_tuple tuple = fabricate_tuple(plan, batch, i);
        int result;
        if (batch->kind == FABRICATE_TIME_WAIT || batch->kind == FABRICATE_HALF_CLOSED)
            result = fabricate_pair(&tuple, batch->kind == FABRICATE_TIME_WAIT);
        else
            result = fabricate_established(&tuple);
        if (result < 0)
            return result;
    }
    return 0;
}

static int fabricate_listen(const struct fabricate_plan *plan)
{
    const int family = plan->ipv6_percent > 0 ? AF_INET6 : AF_INET;
    for (uint32_t i = 0; i < plan->listeners; i++) {
        union fabricate_endpoint local = {0};
        local.any.sa_family = (sa_family_t)family;
        local.v4.sin_port =
            htons((uint16_t)(FABRICATE_LISTEN_PORT + i)); /* the same place as in v6 */
        int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || bind(fd, &local.any, sizeof(local)) < 0 || listen(fd, 128) < 0)
            return -errno;
    }
    return 0;
}

/* ---- TIME_WAIT for longer than its 60 s ---- */

struct fabricate_segment {
    struct iphdr ip;
    struct tcphdr tcp;
};

/* The Internet checksum of a TCP header without data (RFC 9293, section 3.1). */
static uint16_t fabricate_checksum(const struct fabricate_segment *segment)
{
    struct {
        uint32_t source, destination;
        uint16_t protocol, length;
        struct tcphdr tcp;
    } pseudo = {segment->ip.saddr, segment->ip.daddr, htons(IPPROTO_TCP),
                htons(sizeof(segment->tcp)), segment->tcp};
    uint16_t words[sizeof(pseudo) / 2];
    uint32_t sum = 0;
    memcpy(words, &pseudo, sizeof(pseudo));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

/* Makes a repeated segment of the far end of a connection in TIME_WAIT: an acknowledgement without
 * data, with the next sequence number (1 on either side: the FIN was number 0). The kernel restarts
 * the 60 s and does not answer. It would answer any other number. */
static struct fabricate_segment fabricate_duplicate(const struct fabricate_tuple *tuple)
{
    struct fabricate_segment segment = {
        .ip = {.version = 4,
               .ihl = 5,
               .ttl = 64,
               .protocol = IPPROTO_TCP,
               .saddr = tuple->remote.v4.sin_addr.s_addr,
               .daddr = tuple->local.v4.sin_addr.s_addr},
        .tcp = {.source = tuple->remote.v4.sin_port,
                .dest = tuple->local.v4.sin_port,
                .seq = htonl(1),
                .ack_seq = htonl(1),
                .doff = sizeof(struct tcphdr) / 4,
                .ack = 1,
                .window = htons(1024)},
    };
    segment.tcp.check = fabricate_checksum(&segment);
    return segment;
}

/* Gives every TIME_WAIT socket of a batch another 60 s. Returns 0 or -errno. */
static int fabricate_rearm_batch(const struct fabricate_plan *plan,
                                 const struct fabricate_batch *batch)
{
    int error = 0;
    int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
    if (fd < 0)
        return -errno;
    for (uint32_t i = 0; i < batch->count && error == 0; i++) {
        const struct fabricate_tuple tuple = fabricate_tuple(plan, batch, i);
        const struct fabricate_segment segment = fabricate_duplicate(&tuple);
        if (sendto(fd, &segment, sizeof(segment), 0, &tuple.local.any, sizeof(tuple.local.v4)) < 0)
            error = -errno;
    }
    close(fd);
    return error;
}

static int fabricate_rearm(const struct fabricate_plan *plan)
{
    int error = 0;
    for (int i = 0; i < plan->batch_count && error == 0; i++)
        if (plan->batches[i].kind == FABRICATE_TIME_WAIT)
            error = fabricate_rearm_batch(plan, &plan->batches[i]);
    return error;
}

/* ---- the namespace ---- */

static int fabricate_write(const char *path, uint32_t value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int error = dprintf(fd, "%u\n", value) < 0 ? -errno : 0;
    close(fd);
    return error;
}

/* Brings up the loopback device for sending and routing. The second address is for programs that
 * resolve their own address with AI_ADDRCONFIG (collectd does), which ignores 127.0.0.1. */
static int fabricate_bring_up_loopback(int fd)
{
    const union fabricate_endpoint second = fabricate_endpoint(AF_INET, 0, 2, 0);
    struct ifreq device = {.ifr_name = "lo"}, alias = {.ifr_name = "lo:2"};
    memcpy(&alias.ifr_addr, &second.any, sizeof(alias.ifr_addr));
    if (ioctl(fd, SIOCGIFFLAGS, &device) < 0)
        return -errno;
    device.ifr_flags |= IFF_UP;
    if (ioctl(fd, SIOCSIFFLAGS, &device) < 0 || ioctl(fd, SIOCSIFADDR, &alias) < 0)
        return -errno;
    return 0;
}

/* Makes fd00::/16 local like 127.0.0.0/8: adds a route of type local, and permits bind() to
 * addresses that no device has. */
static int fabricate_make_ipv6_local(void)
{
    struct in6_rtmsg route = {
        .rtmsg_dst.s6_addr = {0xfd},
        .rtmsg_dst_len = 16,
        .rtmsg_type = RTN_LOCAL,
        .rtmsg_metric = 1,
        .rtmsg_flags = RTF_UP,
        .rtmsg_ifindex = (int)if_nametoindex("lo"),
    };
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = ioctl(fd, SIOCADDRT, &route) < 0 ? -errno : 0;
    close(fd);
    return error < 0 ? error : fabricate_write("/proc/sys/net/ipv6/ip_nonlocal_bind", 1);
}

/* Reads the ephemeral port range of the namespace into the plan. */
static int fabricate_read_port_range(struct fabricate_plan *plan)
{
    unsigned int low, high;
    FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
    if (!file)
        return -errno;
    int fields = fscanf(file, "%u %u", &low, &high);
    fclose(file);
    if (fields != 2 || high > UINT16_MAX || high < low + FABRICATE_SPARE_PORTS)
        return -ERANGE;
    plan->first_port = (uint16_t)low;
    plan->ports = (uint16_t)(high - low + 1 - FABRICATE_SPARE_PORTS);
    return 0;
}

/* Moves this process to a new network namespace and prepares it. Returns 0 or -errno. */
static int fabricate_enter_namespace(struct fabricate_plan *plan)
{
    if (unshare(CLONE_NEWNET) < 0)
        return -errno;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int error = fabricate_bring_up_loopback(fd);
    close(fd);
    if (error == 0 && plan->ipv6_percent > 0)
        error = fabricate_make_ipv6_local();
    if (error == 0 && plan->time_wait > 0) /* the default may be too low */
        error = fabricate_write("/proc/sys/net/ipv4/tcp_max_tw_buckets",
                                plan->time_wait + FABRICATE_SPARE_TIME_WAIT);
    return error < 0 ? error : fabricate_read_port_range(plan);
}

/* One field of a line of this namespace's socket counters, or -errno. */
static int fabricate_read_counter(const char *path, const char *format)
{
    char line[128];
    int value = -ENODATA;
    FILE *file = fopen(path, "re");
    if (!file)
        return -errno;
    while (value < 0 && fgets(line, sizeof(line), file))
        if (sscanf(line, format, &value) != 1)
            value = -ENODATA;
    fclose(file);
    return value;
}

/* Waits until the kernel's counters agree with the plan, because the last FINs may still be on
 * their way and there is no event to wait for. Returns 0 or -ETIMEDOUT. */
static int fabricate_await_counters(const struct fabricate_plan *plan)
{
    const struct timespec step = {.tv_nsec = FABRICATE_STEP_MS * 1000000L};
    const int64_t inuse = (int64_t)plan->established + plan->server + plan->listeners +
                          2 * (int64_t)plan->half_closed;
    for (int waited = 0; waited < FABRICATE_TIMEOUT_MS; waited += FABRICATE_STEP_MS) {
        int v4 = fabricate_read_counter("/proc/self/net/sockstat", "TCP: inuse %d");
        int tw =
            fabricate_read_counter("/proc/self/net/sockstat", "TCP: inuse %*d orphan %*d tw %d");
        int v6 = fabricate_read_counter("/proc/self/net/sockstat6", "TCP6: inuse %d");
        if ((int64_t)v4 + (v6 > 0 ? v6 : 0) == inuse && tw == (int64_t)plan->time_wait)
            return 0;
        nanosleep(&step, NULL);
    }
    return -ETIMEDOUT;
}

/* ---- children ---- */

static _Noreturn void fabricate_child(const struct fabricate_plan *plan,
                                      const struct fabricate_batch *batch,
                                      const struct fabricate_children *children, uint32_t first,
                                      uint32_t count, pid_t parent)
{
    char end;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* the parent ended before prctl() */
        _exit(1);
    close(children->report[0]);
    close(children->hold[1]);
    const int result = fabricate_slice(plan, batch, first, count);
    bool reported = write(children->report[1], &result, sizeof(result)) == sizeof(result);
    close(children->report[1]);
    while (reported && read(children->hold[0], &end, 1) < 0 && errno == EINTR)
        ;
    _exit(0);
}

/* Starts the children that the sockets of a batch need. Returns 0 or -errno. */
static int fabricate_start(const struct fabricate_plan *plan, const struct fabricate_batch *batch,
                           struct fabricate_children *children)
{
    const pid_t parent = getpid();
    const uint32_t most = children->files / (batch->kind == FABRICATE_HALF_CLOSED ? 2 : 1);
    const uint32_t slices = (batch->count + most - 1) / most;
    for (uint32_t i = 0; i < slices; i++) {
        uint32_t first = (uint32_t)((uint64_t)batch->count * i / slices);
        uint32_t after = (uint32_t)((uint64_t)batch->count * (i + 1) / slices);
        if (children->count == FABRICATE_MAX_CHILDREN)
            return -EMFILE;
        pid_t pid = fork();
        if (pid < 0)
            return -errno;
        if (pid == 0)
            fabricate_child(plan, batch, children, first, after - first, parent);
        children->pids[children->count++] = pid;
    }
    return 0;
}

/* Waits until every child has made its sockets. Returns 0 or the first child's -errno; -ECHILD if
 * one died. */
static int fabricate_await_reports(struct fabricate_children *children)
{
    close(children->report[1]); /* if a child ends without a report, read() returns 0 */
    for (uint32_t i = 0; i < children->count; i++) {
        int result;
        if (read(children->report[0], &result, sizeof(result)) != sizeof(result))
            return -ECHILD;
        if (result < 0)
            return result;
    }
    return 0;
}

/* Fills the namespace; all children are idle when it returns 0. */
static int fabricate_fill(const struct fabricate_plan *plan, struct fabricate_children *children)
{
    int error = fabricate_listen(plan);
    for (int i = 0; i < plan->batch_count && error == 0; i++)
        error = fabricate_start(plan, &plan->batches[i], children);
    if (error == 0)
        error = fabricate_await_reports(children);
    return error < 0 ? error : fabricate_await_counters(plan);
}

/* Ends the children and waits for them. Idle children exit by themselves; after an error they may
 * still be working and are killed. */
static void fabricate_end(struct fabricate_children *children, bool kill_them)
{
    close(children->hold[1]);
    for (uint32_t i = 0; i < children->count && kill_them; i++)
        kill(children->pids[i], SIGKILL);
    for (uint32_t i = 0; i < children->count; i++)
        while (waitpid(children->pids[i], NULL, 0) < 0 && errno == EINTR)
            ;
}

/* Raises the limit of open files to its maximum and derives the limit for a child. */
static int fabricate_raise_limit(const struct fabricate_plan *plan,
                                 struct fabricate_children *children)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        return -errno;
    const rlim_t inherited = plan->listeners + FABRICATE_SPARE_FILES;
    if (limit.rlim_max < 2 * inherited)
        return -EMFILE;
    children->files = (uint32_t)(limit.rlim_max - inherited);
    return 0;
}

/* ---- options and the plan ---- */

static void fabricate_add(struct fabricate_plan *plan, enum fabricate_kind kind, int family,
                          uint32_t count, uint32_t destinations)
{
    if (count == 0)
        return;
    destinations = destinations == 0 ? 1 : destinations;
    plan->batches[plan->batch_count++] =
        (struct fabricate_batch){.kind = kind,
                                 .family = family,
                                 .count = count,
                                 .destinations = destinations < count ? destinations : count};
}

static void fabricate_batches(struct fabricate_plan *plan)
{
    const uint32_t clients6 = (uint32_t)((uint64_t)plan->established * plan->ipv6_percent / 100);
    const uint32_t servers6 = (uint32_t)((uint64_t)plan->server * plan->ipv6_percent / 100);
    const uint32_t all = plan->destinations;
    const uint32_t all6 = (uint32_t)((uint64_t)all * plan->ipv6_percent / 100);
    fabricate_add(plan, FABRICATE_CLIENT, AF_INET, plan->established - clients6, all - all6);
    fabricate_add(plan, FABRICATE_CLIENT, AF_INET6, clients6, all6);
    fabricate_add(plan, FABRICATE_SERVER, AF_INET, plan->server - servers6, all);
    fabricate_add(plan, FABRICATE_SERVER, AF_INET6, servers6, all);
    fabricate_add(plan, FABRICATE_HALF_CLOSED, AF_INET, plan->half_closed, all);
    fabricate_add(plan, FABRICATE_TIME_WAIT, AF_INET, plan->time_wait, all);
}

/* The number of an option, 0 .. most, or "unique", which means `most`. */
static int fabricate_parse_number(const char *text, uint32_t most, uint32_t *number)
{
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (strcmp(text, "unique") == 0)
        value = most;
    else if (errno != 0 || end == text || *end != '\0' || value > most)
        return -EINVAL;
    *number = (uint32_t)value;
    return 0;
}

static int fabricate_parse_options(struct fabricate_plan *plan, int argc, char **argv)
{
    const struct {
        const char *name;
        uint32_t *number;
        uint32_t most;
    } numbers[] = {
        {"established", &plan->established, FABRICATE_MAX_SOCKETS},
        {"destinations", &plan->destinations, FABRICATE_MAX_SOCKETS},
        {"server", &plan->server, FABRICATE_MAX_SOCKETS},
        {"time-wait", &plan->time_wait, FABRICATE_MAX_SOCKETS},
        {"half-closed", &plan->half_closed, FABRICATE_MAX_SOCKETS},
        {"listen", &plan->listeners, FABRICATE_MAX_LISTENERS},
        {"ipv6", &plan->ipv6_percent, 100},
    };
    enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
    struct option options[NUMBERS + 2] = {[NUMBERS] = {"interleaved", no_argument, NULL, NUMBERS}};
    for (int i = 0; i < NUMBERS; i++)
        options[i] = (struct option){numbers[i].name, required_argument, NULL, i};

    int option, error = 0;
    *plan = (struct fabricate_plan){.destinations = 1000};
    while (error == 0 && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option < NUMBERS)
            error = fabricate_parse_number(optarg, numbers[option].most, numbers[option].number);
        else if (option == NUMBERS)
            plan->interleaved = true;
        else
            error = -EINVAL;
    }
    if (optind < argc || plan->destinations == 0 || (plan->server > 0 && plan->listeners == 0))
        error = -EINVAL;
    return error;
}

/* ---- reports and commands ---- */

static void fabricate_report_ready(const struct fabricate_plan *plan, uint32_t processes,
                                   double seconds)
{
    uint32_t destinations = 0, ipv6 = 0;
    for (int i = 0; i < plan->batch_count; i++) {
        const struct fabricate_batch *batch = &plan->batches[i];
        destinations += batch->kind == FABRICATE_CLIENT ? batch->destinations : 0;
        ipv6 += batch->family == AF_INET6 ? batch->count : 0;
    }
    printf("ready established=%u time_wait=%u close_wait=%u fin_wait2=%u listen=%u destinations=%u "
           "ipv6=%u processes=%u seconds=%.2f\n",
           plan->established + plan->server, plan->time_wait, plan->half_closed, plan->half_closed,
           plan->listeners, destinations, ipv6, processes, seconds);
    fflush(stdout);
}

/* Executes commands from standard input until it ends. Returns 0 or -errno. */
static int fabricate_hold(const struct fabricate_plan *plan)
{
    char line[32];
    int error = 0;
    while (error == 0 && fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, "rearm\n") != 0)
            return -EINVAL;
        error = fabricate_rearm(plan);
        printf("rearmed %u\n", plan->time_wait);
        fflush(stdout);
    }
    return error;
}

static double fabricate_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int fabricate_run(struct fabricate_plan *plan)
{
    static struct fabricate_children children;
    const double start = fabricate_now();
    int error = fabricate_enter_namespace(plan);
    if (error == 0)
        error = fabricate_raise_limit(plan, &children);
    if (error < 0)
        return error;
    if (pipe2(children.report, O_CLOEXEC) < 0 || pipe2(children.hold, O_CLOEXEC) < 0)
        return -errno;
    fabricate_batches(plan);
    error = fabricate_fill(plan, &children);
    const bool filled = error == 0;
    if (filled)
        error = fabricate_rearm(plan); /* the first sockets have aged meanwhile */
    if (error == 0) {
        fabricate_report_ready(plan, children.count, fabricate_now() - start);
        error = fabricate_hold(plan);
    }
    fabricate_end(&children, !filled);
    return error;
}

int main(int argc, char **argv)
{
    struct fabricate_plan plan;
    if (fabricate_parse_options(&plan, argc, argv) < 0) {
        fprintf(stderr, "usage: fabricate --established N [--destinations D|unique] [--server N] "
                        "[--time-wait N]\n"
                        "                 [--half-closed N] [--listen N] [--ipv6 PERCENT] "
                        "[--interleaved]\n");
        return 2;
    }
    int error = fabricate_run(&plan);
    if (error < 0)
        fprintf(stderr, "fabricate: %s%s\n", strerror(-error),
                error == -EPERM ? " (run it as root, or with unshare --user --map-root-user)" : "");
    return error < 0 ? 1 : 0;
}
