// SPDX-License-Identifier: Apache-2.0
#include "fake_kernel.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const files[] = {
    "thread-self/net/sockstat",         "thread-self/net/sockstat6",
    "thread-self/net/netstat",          "thread-self/net/snmp",
    "sys/net/ipv4/tcp_max_tw_buckets",  "sys/net/ipv4/tcp_tw_reuse",
    "sys/net/ipv4/ip_local_port_range", "sys/net/ipv4/ip_local_reserved_ports",
};
static const char *const folders[] = {"thread-self", "thread-self/net", "sys", "sys/net",
                                      "sys/net/ipv4"};

/* TCP_BOUND_INACTIVE of include/net/tcp_states.h. */
bool fake_kernel_listed_bound(const struct fake_kernel *kernel)
{
    return kernel->last_mask & 1U << 13;
}

static void make_path(const struct fake_kernel *kernel, const char *name,
                      char path[static PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", kernel->proc_root, name);
}

void fake_kernel_write(const struct fake_kernel *kernel, const char *name, const char *text)
{
    char path[PATH_MAX];
    make_path(kernel, name, path);
    if (!text) {
        unlink(path);
        return;
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void fake_kernel_write_sockstat(const struct fake_kernel *kernel, unsigned more)
{
    unsigned full = more, mini = more + kernel->sockets[TCP_STATE_TIME_WAIT];
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (state != TCP_STATE_TIME_WAIT && state != TCP_STATE_BOUND_INACTIVE &&
            state != TCP_STATE_SYN_RECV)
            full += kernel->sockets[state];
    }
    char text[128];
    snprintf(text, sizeof text, "sockets: used 9\nTCP: inuse %u orphan 0 tw %u alloc 9 mem 0\n",
             full, mini);
    fake_kernel_write(kernel, "thread-self/net/sockstat", text);
}

/* Does a socket on this port pass the filter of the request? Only TCP requests have one. */
static bool is_asked_for(const struct fake_kernel *kernel, uint16_t type, uint16_t port)
{
    return type != TCPDIAG_GETSOCK || (port >= kernel->low_port && port <= kernel->high_port);
}

/* Send `count` rows. Those of full sockets, in all states except TIME_WAIT and SYN_RECV, have an
 * attribute. */
static void send_rows(struct fake_kernel *kernel, uint16_t type, uint8_t family,
                      enum tcp_state state, uint16_t first_port, unsigned count)
{
    struct {
        struct nlmsghdr header;
        struct inet_diag_msg body;
        struct nlattr attribute;
        uint32_t shutdown;
    } row = {
        .header = {.nlmsg_type = type},
        .body = {.idiag_family = family, .idiag_state = (uint8_t)(state + 1)},
        .attribute = {.nla_len = sizeof(struct nlattr) + 1, .nla_type = INET_DIAG_SHUTDOWN},
    };
    bool full = state != TCP_STATE_TIME_WAIT && state != TCP_STATE_SYN_RECV;
    bool connected = state != TCP_STATE_LISTEN && state != TCP_STATE_BOUND_INACTIVE;
    char datagram[16384];
    size_t used = 0;
    row.header.nlmsg_len = full ? sizeof row : sizeof row.header + sizeof row.body;
    row.body.id.idiag_dport = connected ? htons(443) : 0;
    for (unsigned i = 0; i < count; i++) {
        if (first_port)
            row.body.id.idiag_sport = htons((uint16_t)(first_port + i));
        if (is_asked_for(kernel, type, ntohs(row.body.id.idiag_sport))) {
            memcpy(datagram + used, &row, row.header.nlmsg_len);
            used += row.header.nlmsg_len;
        }
        if (used > 0 && (used + sizeof row > sizeof datagram || i + 1 == count)) {
            send(kernel->kernel_end, datagram, used, MSG_NOSIGNAL);
            used = 0;
        }
    }
}

static void send_tcp_rows(struct fake_kernel *kernel, enum tcp_state state)
{
    send_rows(kernel, TCPDIAG_GETSOCK, AF_INET, state, kernel->ports[state],
              kernel->sockets[state]);
}

static void send_udp_rows(struct fake_kernel *kernel, uint8_t family)
{
    if (kernel->udp_sockets > 0 && family != AF_UNIX)
        send_rows(kernel, SOCK_DIAG_BY_FAMILY, family, TCP_STATE_BOUND_INACTIVE, 50000,
                  kernel->udp_sockets + (family == AF_INET6));
}

/* Send the sockets in the requested states, in the kernel's order: listeners, bound-only ones, then
 * all others. */
static void send_all_tcp_rows(struct fake_kernel *kernel)
{
    const tcp_state_set first =
        tcp_state_bit(TCP_STATE_LISTEN) | tcp_state_bit(TCP_STATE_BOUND_INACTIVE);
    if (kernel->last_mask & 1U << (TCP_STATE_LISTEN + 1))
        send_tcp_rows(kernel, TCP_STATE_LISTEN);
    if (fake_kernel_listed_bound(kernel))
        send_tcp_rows(kernel, TCP_STATE_BOUND_INACTIVE);
    for (enum tcp_state state = 0; state < TCP_STATES; state++) {
        if (!(first & tcp_state_bit(state)) && kernel->last_mask & 1U << (state + 1))
            send_tcp_rows(kernel, state);
    }
}

static void send_end(struct fake_kernel *kernel, uint16_t type, int error)
{
    struct {
        struct nlmsghdr header;
        int error;
        struct nlmsghdr about;
    } end = {.header = {.nlmsg_len = sizeof end, .nlmsg_type = type}, .error = error};
    send(kernel->kernel_end, &end, sizeof end, MSG_NOSIGNAL);
}

/* Read the range of ports in the filter of a request: operations 1 and 3 of the four have its ends.
 */
static void read_filter(struct fake_kernel *kernel, bool filtered,
                        const struct inet_diag_bc_op operations[static 4])
{
    kernel->low_port = filtered ? operations[1].no : 0;
    kernel->high_port = filtered ? operations[3].no : UINT16_MAX;
}

static bool is_missing(const struct fake_kernel *kernel, uint8_t family)
{
    return family == AF_UNIX ? kernel->unix_is_missing : kernel->udp_is_missing;
}

static void *answer_request(void *argument)
{
    struct fake_kernel *kernel = argument;
    static char too_large[SOCK_DIAG_BUFFER_SIZE + 1000];
    const struct nlmsghdr too_short = {.nlmsg_len = 5000, .nlmsg_type = TCPDIAG_GETSOCK};
    struct {
        struct nlmsghdr header;
        union {
            struct {
                struct inet_diag_req body;
                struct nlattr attribute;
                struct inet_diag_bc_op filter[4];
            } tcp;
            struct inet_diag_req_v2 udp;
        };
    } request;
    if (recv(kernel->kernel_end, &request, sizeof request, 0) > 0) {
        bool udp = request.header.nlmsg_type == SOCK_DIAG_BY_FAMILY; /* or of UNIX sockets */
        if (!udp) {
            kernel->last_mask = request.tcp.body.idiag_states;
            read_filter(kernel, request.header.nlmsg_len == sizeof request, request.tcp.filter);
        }
        switch (udp && is_missing(kernel, request.udp.sdiag_family) ? ANSWER_ERROR
                                                                    : kernel->answer) {
        case ANSWER_ROWS:
            if (udp)
                send_udp_rows(kernel, request.udp.sdiag_family);
            else
                send_all_tcp_rows(kernel);
            send_end(kernel, NLMSG_DONE, 0);
            break;
        case ANSWER_ERROR:
            send_end(kernel, NLMSG_ERROR, -ENOENT);
            break;
        case ANSWER_ERROR_IN_DONE:
            send_all_tcp_rows(kernel);
            send_end(kernel, NLMSG_DONE, -EINVAL);
            break;
        case ANSWER_TRUNCATED:
            send(kernel->kernel_end, too_large, sizeof too_large, MSG_NOSIGNAL);
            break;
        case ANSWER_SHORT:
            send(kernel->kernel_end, &too_short, sizeof too_short, MSG_NOSIGNAL);
            break;
        case ANSWER_NO_SOCKET:
        case ANSWER_SILENCE:
            break;
        }
    }
    close(kernel->kernel_end);
    return NULL;
}

void fake_kernel_join(struct fake_kernel *kernel)
{
    if (kernel->thread_runs)
        pthread_join(kernel->thread, NULL);
    kernel->thread_runs = false;
}

static int open_socket(void *context)
{
    struct fake_kernel *kernel = context;
    fake_kernel_join(kernel);
    kernel->dumps++;
    kernel->now += kernel->cost_of_a_dump + kernel->wait_of_a_dump;
    kernel->cpu += kernel->cost_of_a_dump;
    if (kernel->answer == ANSWER_NO_SOCKET)
        return -EMFILE;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;
    kernel->kernel_end = ends[1];
    kernel->thread_runs = true;
    assert_int_equal(pthread_create(&kernel->thread, NULL, answer_request, kernel), 0);
    return ends[0];
}

static int64_t read_now(void *context)
{
    return ((struct fake_kernel *)context)->now;
}

static int64_t read_cpu(void *context)
{
    struct fake_kernel *kernel = context;
    return kernel->cpu += kernel->cost_of_a_reading;
}

void fake_kernel_init(struct fake_kernel *kernel, int64_t now)
{
    *kernel = (struct fake_kernel){.now = now};
    strcpy(kernel->proc_root, "/tmp/sockdiag-test-XXXXXX");
    assert_non_null(mkdtemp(kernel->proc_root));
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[PATH_MAX];
        make_path(kernel, folders[i], path);
        assert_int_equal(mkdir(path, 0700), 0);
    }
    fake_kernel_write_sockstat(kernel, 0);
    fake_kernel_write(kernel, "thread-self/net/netstat",
                      "TcpExt: TW TWRecycled TWKilled TCPTimeWaitOverflow ListenOverflows "
                      "ListenDrops\nTcpExt: 1 2 3 4 5 6\n");
    fake_kernel_write(kernel, "thread-self/net/snmp", "Tcp: ActiveOpens PassiveOpens\nTcp: 7 8\n");
    fake_kernel_write(kernel, "sys/net/ipv4/tcp_max_tw_buckets", "262144\n");
    fake_kernel_write(kernel, "sys/net/ipv4/tcp_tw_reuse", "2\n");
    fake_kernel_write(kernel, "sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    fake_kernel_write(kernel, "sys/net/ipv4/ip_local_reserved_ports", "\n");
    kernel->access = (struct kernel_access){.open_sock_diag = open_socket,
                                            .opener_context = kernel,
                                            .proc_root = kernel->proc_root,
                                            .netns_root = "",
                                            .pod_logs_root = "",
                                            .cgroup_root = ""};
    kernel->clock = (struct clock){read_now, read_now, read_cpu, kernel};
}

void fake_kernel_release(struct fake_kernel *kernel)
{
    char path[PATH_MAX];
    fake_kernel_join(kernel);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        fake_kernel_write(kernel, files[i], NULL);
    for (size_t i = sizeof folders / sizeof folders[0]; i > 0; i--) {
        make_path(kernel, folders[i - 1], path);
        rmdir(path);
    }
    assert_int_equal(rmdir(kernel->proc_root), 0);
}
