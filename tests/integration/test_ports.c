// SPDX-License-Identifier: Apache-2.0
/*
 * The exporter's numbers of ephemeral ports against the kernel: how many connects, binds and sends
 * succeed before the ports run out. In a namespace with a range of 1,000 ports.
 */
#include "capture.h"
#include "kernel_version.h"
#include "netns.h"
#include "skip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { LOW = 40000, HIGH = 40999, RANGE = HIGH - LOW + 1, SERVER = 5000, MANY = 16384 };

/* All sockets of a test; closed without TIME_WAIT when it ends. */
static int sockets[MANY];
static unsigned socket_count;

static int keep(int fd)
{
    assert_true(fd >= 0);
    assert_true(socket_count < MANY);
    return sockets[socket_count++] = fd;
}

static void sysctl(const char *path, const char *value)
{
    assert_int_equal(netns_sysctl_write(path, value), 0);
}

static int set_up(void **state)
{
    (void)state;
    sysctl("ipv4/ip_local_port_range", "40000 40999");
    sysctl("ipv4/ip_local_reserved_ports", "\n");
    sysctl("ipv4/tcp_tw_reuse", "2");
    return 0;
}

/* A reset leaves no TIME_WAIT. */
static int tear_down(void **state)
{
    (void)state;
    const struct linger reset = {.l_onoff = 1, .l_linger = 0};
    while (socket_count > 0) {
        setsockopt(sockets[--socket_count], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(sockets[socket_count]);
    }
    return 0;
}

/* "127.0.0.1", "::1", "::ffff:127.0.0.1" and a port as an address; a socket for it has its family.
 */
struct address {
    struct sockaddr_storage storage;
    socklen_t length;
};

static struct address make_address(const char *text, uint16_t port)
{
    struct address address = {0};
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)&address.storage;
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)&address.storage;
    if (inet_pton(AF_INET, text, &ipv4->sin_addr) == 1) {
        ipv4->sin_family = AF_INET;
        ipv4->sin_port = htons(port);
        address.length = sizeof *ipv4;
    } else {
        assert_int_equal(inet_pton(AF_INET6, text, &ipv6->sin6_addr), 1);
        ipv6->sin6_family = AF_INET6;
        ipv6->sin6_port = htons(port);
        address.length = sizeof *ipv6;
    }
    return address;
}

static int open_socket(const struct address *address, int type)
{
    return keep(socket(address->storage.ss_family, type | SOCK_CLOEXEC, 0));
}

static int bind_socket(const char *text, uint16_t port, int type)
{
    struct address address = make_address(text, port);
    int fd = open_socket(&address, type);
    int share = type == SOCK_STREAM && port != 0; /* several listeners on one port */
    setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &share, sizeof share);
    return bind(fd, (struct sockaddr *)&address.storage, address.length) == 0 ? fd : -errno;
}

static int listen_on(const char *text, uint16_t port)
{
    int fd = bind_socket(text, port, SOCK_STREAM);
    assert_true(fd >= 0);
    assert_int_equal(listen(fd, 4096), 0);
    return fd;
}

/* connect() to `to`, from `from` if that is not NULL: bound with IP_BIND_ADDRESS_NO_PORT, so that
 * connect() chooses the port, or without it, so that bind() does. 0 or the errno. */
static int connect_from(const char *from, bool port_by_bind, const char *to, uint16_t port,
                        int type)
{
    struct address remote = make_address(to, port);
    int fd = open_socket(&remote, type);
    if (from) {
        struct address local = make_address(from, 0);
        int late = !port_by_bind;
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late, sizeof late);
        if (bind(fd, (struct sockaddr *)&local.storage, local.length) != 0)
            return errno;
    }
    return connect(fd, (struct sockaddr *)&remote.storage, remote.length) == 0 ? 0 : errno;
}

static int connect_to(const char *to, uint16_t port)
{
    return connect_from(NULL, false, to, port, SOCK_STREAM);
}

static void connect_many(const char *to, uint16_t port, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(connect_to(to, port), 0);
}

/* The number of connects that succeed before one fails for lack of a port. */
static unsigned connect_until_full(const char *to, uint16_t port)
{
    for (unsigned count = 0; count <= RANGE; count++) {
        int error = connect_to(to, port);
        if (error) {
            assert_int_equal(error, EADDRNOTAVAIL);
            return count;
        }
    }
    fail_msg("more connects than ports");
    return 0;
}

static const struct port_summary *tcp(struct capture *capture)
{
    capture_take(capture);
    return &capture->snapshot.ports[SOCKET_TCP].summary;
}

static const struct port_summary *udp(struct capture *capture)
{
    capture_take(capture);
    return &capture->snapshot.ports[SOCKET_UDP].summary;
}

/* The ports held towards a destination, -1 when it is not among the fullest. */
static int ports_towards(const struct capture *capture, const char *to, uint16_t port)
{
    struct address address = make_address(to, port);
    const void *wanted = address.storage.ss_family == AF_INET
                             ? (void *)&((struct sockaddr_in *)&address.storage)->sin_addr
                             : (void *)&((struct sockaddr_in6 *)&address.storage)->sin6_addr;
    size_t size = address.storage.ss_family == AF_INET ? 4 : 16;
    int ports = -1;
    for (size_t i = 0; i < capture->snapshot.ports[SOCKET_TCP].destination_count; i++) {
        const struct destination *row = &capture->destinations[SOCKET_TCP][i];
        if (row->remote_port == port && (row->family == IP_FAMILY_IPV4) == (size == 4) &&
            memcmp(&row->remote_address, wanted, size) == 0)
            ports = (ports < 0 ? 0 : ports) + (int)row->ports;
    }
    return ports;
}

static void test_an_empty_namespace_uses_nothing(void **state)
{
    (void)state;
    struct capture capture;
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->range, RANGE);
    assert_int_equal(ports->reserved, 0);
    assert_int_equal(ports->owned, 0);
    assert_int_equal(ports->usable, RANGE);
    assert_int_equal(ports->used, 0);
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        assert_true(ports->utilization[scope] == 0);
    assert_int_equal(ports->destinations, 0);
}

static void test_connect_fails_exactly_where_a_destination_is_full(void **state)
{
    (void)state;
    struct capture capture;
    const struct port_summary *ports;
    listen_on("127.0.0.1", SERVER);
    listen_on("127.0.0.2", SERVER);

    connect_many("127.0.0.1", SERVER, RANGE - 1);
    ports = tcp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 0.999);

    assert_int_equal(connect_until_full("127.0.0.1", SERVER), 1);
    connect_many("127.0.0.2", SERVER, 123);
    ports = tcp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 1);
    assert_int_equal(ports->destinations, 2);
    assert_int_equal(ports->destination_error_bound, 0);
    assert_int_equal(ports_towards(&capture, "127.0.0.1", SERVER), RANGE);
    assert_int_equal(ports_towards(&capture, "127.0.0.2", SERVER), 123);
    assert_int_equal(ports->used, RANGE);
    assert_int_equal(connect_until_full("127.0.0.2", SERVER), RANGE - 123);
}

static void test_the_preferred_half_is_used_up_first(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    connect_many("127.0.0.1", SERVER, RANGE / 2 - 1);
    assert_true(tcp(&capture)->preferred_utilization == (RANGE / 2 - 1) / ((double)RANGE / 2));
    connect_many("127.0.0.1", SERVER, 1);
    assert_true(tcp(&capture)->preferred_utilization == 1);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 0.5);
}

static void test_the_preferred_half_of_an_odd_range_is_the_odd_one(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_port_range", "40001 40100");
    listen_on("127.0.0.1", SERVER);
    connect_many("127.0.0.1", SERVER, 50);
    assert_true(tcp(&capture)->preferred_utilization == 1);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), 50);
}

static void test_reserved_ports_are_not_usable(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_reserved_ports", "80,39990-40009,40500,40990-41010");
    listen_on("127.0.0.1", SERVER);
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->reserved, 10 + 1 + 10);
    assert_int_equal(ports->usable, RANGE - 21);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), RANGE - 21);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
}

static void test_owned_ports_are_not_usable_and_not_subtracted_twice(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_reserved_ports", "40100-40109");
    listen_on("127.0.0.1", SERVER);
    listen_on("127.0.0.1", 40001);
    listen_on("127.0.0.7", 40001); /* the same port: one less, not two */
    listen_on("::1", 40002);
    listen_on("127.0.0.1", 40100); /* reserved as well */
    assert_true(bind_socket("127.0.0.1", 40003, SOCK_STREAM) >= 0);
    assert_true(bind_socket("127.0.0.9", 40105, SOCK_STREAM) >= 0); /* reserved as well */

    const struct port_summary *ports = tcp(&capture);
    if (!capture.snapshot.has_bound_inactive)
        skip(); /* before Linux 6.8 the kernel does not list 40003 */
    assert_int_equal(ports->reserved, 10);
    assert_int_equal(ports->owned, 5);
    assert_int_equal(ports->usable, RANGE - 10 - 3);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), RANGE - 13);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
}

static void test_listeners_in_the_range_are_named_unless_reserved(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_reserved_ports", "40100-40109");
    listen_on("127.0.0.1", SERVER);
    listen_on("127.0.0.1", 40900);
    listen_on("127.0.0.2", 40900);
    listen_on("::1", 40002);
    listen_on("127.0.0.1", 40100); /* reserved */
    assert_true(bind_socket("127.0.0.1", 40003, SOCK_STREAM) >= 0);
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->unreserved_listeners, 2);
    assert_int_equal(ports->unreserved_named, 2);
    assert_int_equal(ports->unreserved_ports[0], 40002);
    assert_int_equal(ports->unreserved_ports[1], 40900);
    sysctl("ipv4/ip_local_reserved_ports", "40002,40100,40900");
    assert_int_equal(tcp(&capture)->unreserved_listeners, 0);
}

/* A client gets the port of a listener that is not reserved before it starts, and it fails. */
static void test_a_client_takes_the_port_of_a_listener_that_is_not_reserved(void **state)
{
    (void)state;
    sysctl("ipv4/ip_local_port_range", "40900 40900");
    listen_on("127.0.0.1", SERVER);
    connect_many("127.0.0.1", SERVER, 1);
    assert_int_equal(bind_socket("0.0.0.0", 40900, SOCK_STREAM), -EADDRINUSE);
}

static void test_ports_bound_before_connect_are_estimated(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    listen_on("127.0.0.2", SERVER);
    connect_many("127.0.0.1", SERVER, 300);
    const struct port_summary *ports = tcp(&capture);
    assert_true(ports->has_bound_before_connect);
    assert_int_equal(ports->bound_before_connect, 0);
    for (int i = 0; i < 120; i++)
        assert_int_equal(connect_from("127.0.0.3", true, "127.0.0.2", SERVER, SOCK_STREAM), 0);
    ports = tcp(&capture);
    assert_true(ports->has_bound_before_connect);
    assert_int_equal(ports->bound_before_connect, 120);
    connect_many("127.0.0.1", SERVER, RANGE / 2 - 300 + 1); /* into the other half */
    assert_false(tcp(&capture)->has_bound_before_connect);
}

static void test_sockets_bound_to_port_0_own_their_ports(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    for (int i = 0; i < 200; i++)
        assert_true(bind_socket("127.0.0.1", 0, SOCK_STREAM) >= 0);
    const struct port_summary *ports = tcp(&capture);
    if (!capture.snapshot.has_bound_inactive)
        skip(); /* before Linux 6.8 the kernel does not list them */
    assert_int_equal(ports->owned, 200);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), RANGE - 200);
}

/* A program that binds before it connects runs out of the ports of its address, for any number of
 * destinations. */
static void test_bind_fails_exactly_where_a_local_address_is_full(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    listen_on("127.0.0.2", SERVER);
    for (unsigned i = 0; i < RANGE; i++)
        assert_int_equal(
            connect_from("127.0.0.3", true, i % 2 ? "127.0.0.1" : "127.0.0.2", SERVER, SOCK_STREAM),
            0);
    const struct port_summary *ports = tcp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 1);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 0.5);
    assert_int_equal(connect_from("127.0.0.3", true, "127.0.0.1", SERVER, SOCK_STREAM), EADDRINUSE);
    assert_int_equal(connect_from("127.0.0.4", true, "127.0.0.1", SERVER, SOCK_STREAM), 0);
}

/* The same when the sockets stay bound; and a full address does not affect others. */
static void test_bound_only_sockets_fill_their_address(void **state)
{
    (void)state;
    struct capture capture;
    for (int i = 0; i < 900; i++)
        assert_true(bind_socket("127.0.0.3", 0, SOCK_STREAM) >= 0);
    const struct port_summary *ports = tcp(&capture);
    if (!capture.snapshot.has_bound_inactive)
        skip(); /* before Linux 6.8 the kernel does not list them */
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 0.9);
    assert_true(ports->utilization[PORT_SCOPE_HOST] == 0.9);
    for (int i = 0; i < 900; i++)
        assert_true(bind_socket("127.0.0.4", 0, SOCK_STREAM) >= 0);
    ports = tcp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 0.9);
    for (int i = 0; i < 100; i++)
        assert_true(bind_socket("127.0.0.3", 0, SOCK_STREAM) >= 0);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 1);
    assert_int_equal(bind_socket("127.0.0.3", 0, SOCK_STREAM), -EADDRINUSE);
    assert_true(bind_socket("127.0.0.4", 0, SOCK_STREAM) >= 0);
}

static void test_each_local_address_has_its_own_range(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    for (unsigned i = 0; i < RANGE; i++) {
        assert_int_equal(connect_from("127.0.0.3", false, "127.0.0.1", SERVER, SOCK_STREAM), 0);
        if (i < 400)
            assert_int_equal(connect_from("127.0.0.4", false, "127.0.0.1", SERVER, SOCK_STREAM), 0);
    }
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->destinations, 2);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 1);
    assert_int_equal(capture.destinations[SOCKET_TCP][0].ports, RANGE);
    assert_int_equal(capture.destinations[SOCKET_TCP][1].ports, 400);
    assert_int_equal(connect_from("127.0.0.3", false, "127.0.0.1", SERVER, SOCK_STREAM),
                     EADDRNOTAVAIL);
    assert_int_equal(connect_from("127.0.0.4", false, "127.0.0.1", SERVER, SOCK_STREAM), 0);
}

static void test_v4_mapped_sockets_compete_with_ipv4(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", SERVER);
    connect_many("127.0.0.1", SERVER, 300);
    connect_many("::ffff:127.0.0.1", SERVER, 300);
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->destinations, 1);
    assert_int_equal(ports_towards(&capture, "127.0.0.1", SERVER), 600);
    assert_int_equal(connect_until_full("::ffff:127.0.0.1", SERVER), RANGE - 600);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
}

static void test_ipv6_destinations(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("::1", SERVER);
    connect_many("::1", SERVER, 250);
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports_towards(&capture, "::1", SERVER), 250);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 0.25);
    assert_int_equal(connect_until_full("::1", SERVER), RANGE - 250);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
}

/* connect() to a link-local address over `link`. 0 or the errno. */
static int connect_over(const char *link, const char *to, uint16_t port)
{
    struct address remote = make_address(to, port);
    ((struct sockaddr_in6 *)&remote.storage)->sin6_scope_id = if_nametoindex(link);
    int fd = open_socket(&remote, SOCK_STREAM);
    return connect(fd, (struct sockaddr *)&remote.storage, remote.length) == 0 ? 0 : errno;
}

static void test_links_with_one_address_are_told_apart(void **state)
{
    (void)state;
    static const char *const links[] = {NETNS_VOID_NEAR, NETNS_VOID_FAR};
    struct capture capture;
    assert_int_equal(system("ip address add fe80::1/64 dev " NETNS_VOID_NEAR " nodad && "
                            "ip address add fe80::1/64 dev " NETNS_VOID_FAR " nodad"),
                     0);
    listen_on("::", SERVER);
    for (unsigned i = 0; i < 2 * 600; i++)
        assert_int_equal(connect_over(links[i % 2], "fe80::1", SERVER), 0);
    const struct port_summary *ports = tcp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_DESTINATION] == 0.6);
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] <= 1);
    assert_int_equal(ports->destinations, 2);
    for (unsigned i = 0; i < 2; i++)
        assert_int_not_equal(if_nametoindex(capture.destinations[SOCKET_TCP][i].interface_name), 0);
    assert_string_not_equal(capture.destinations[SOCKET_TCP][0].interface_name,
                            capture.destinations[SOCKET_TCP][1].interface_name);
    for (unsigned i = 0; i < 2 * 400; i++)
        assert_int_equal(connect_over(links[i % 2], "fe80::1", SERVER), 0);
    assert_int_equal(connect_over(links[0], "fe80::1", SERVER), EADDRNOTAVAIL);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
}

/* Bind a socket to lo and, if `from` is not NULL, to this address and any port. The socket, or
 * below 0 the errno. */
static int open_on_lo(const char *from, int type)
{
    struct address local = make_address(from ? from : "127.0.0.1", 0);
    int fd = open_socket(&local, type);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2), 0);
    if (from && bind(fd, (struct sockaddr *)&local.storage, local.length) != 0)
        return -errno;
    return fd;
}

static int connect_over_lo(const char *to, uint16_t port)
{
    struct address remote = make_address(to, port);
    int fd = open_on_lo(NULL, SOCK_STREAM);
    return connect(fd, (struct sockaddr *)&remote.storage, remote.length) == 0 ? 0 : errno;
}

/* A socket of a device does not get the ports that those of none have. The reverse is possible. */
static void test_a_device_shares_its_ports_with_sockets_of_none(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_port_range", "40000 40099"); /* connect() is slow in a full larger one */
    listen_on("127.0.0.1", SERVER);
    connect_many("127.0.0.1", SERVER, 70);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(connect_over_lo("127.0.0.1", SERVER), 0);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 0.9);
    assert_true(capture.snapshot.ports[SOCKET_TCP].summary.preferred_utilization == 1);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(connect_over_lo("127.0.0.1", SERVER), 0);
    assert_int_equal(connect_over_lo("127.0.0.1", SERVER), EADDRNOTAVAIL);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
    assert_string_equal(capture.destinations[SOCKET_TCP][0].interface_name, "lo");
    assert_int_equal(capture.destinations[SOCKET_TCP][0].ports, 100);
    assert_int_equal(capture.destinations[SOCKET_TCP][1].ports, 70);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), 30);
}

static void test_bind_on_a_device_meets_sockets_of_none(void **state)
{
    (void)state;
    struct capture capture;
    static const int types[SOCKET_PROTOCOLS] = {SOCK_STREAM, SOCK_DGRAM};
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (unsigned i = 0; i < RANGE; i++)
            assert_true((i % 3 ? bind_socket("127.0.0.3", 0, types[protocol])
                               : open_on_lo("127.0.0.3", types[protocol])) >= 0);
        assert_int_equal(open_on_lo("127.0.0.3", types[protocol]), -EADDRINUSE);
        assert_int_equal(bind_socket("127.0.0.3", 0, types[protocol]), -EADDRINUSE);
        assert_true(open_on_lo("127.0.0.4", types[protocol]) >= 0);
        capture_take(&capture);
        const struct port_snapshot *ports = &capture.snapshot.ports[protocol];
        if (protocol == SOCKET_UDP || capture.snapshot.has_bound_inactive)
            assert_true(ports->summary.utilization[PORT_SCOPE_LOCAL_ADDRESS] == 1);
    }
}

static int open_ipv6_only(int type)
{
    struct address any = make_address("::", 0);
    int fd = open_socket(&any, type);
    assert_int_equal(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){1}, sizeof(int)), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&any.storage, any.length), 0);
    return fd;
}

/* Listeners, and sockets that stay bound. */
static void test_ipv6_only_sockets_leave_their_ports_to_ipv4(void **state)
{
    (void)state;
    static const int types[SOCKET_PROTOCOLS] = {SOCK_STREAM, SOCK_DGRAM};
    struct capture capture;
    for (enum socket_protocol protocol = 0; protocol < SOCKET_PROTOCOLS; protocol++) {
        for (unsigned i = 0; i < 300; i++) {
            int fd = open_ipv6_only(types[protocol]);
            assert_int_equal(protocol == SOCKET_TCP && i % 2 ? listen(fd, 1) : 0, 0);
        }
        for (unsigned i = 0; i < 400; i++)
            assert_true(bind_socket("127.0.0.3", 0, types[protocol]) >= 0);
        capture_take(&capture);
        const struct port_summary *ports = &capture.snapshot.ports[protocol].summary;
        if (protocol == SOCKET_UDP || capture.snapshot.has_bound_inactive)
            assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 0.4);
        for (unsigned i = 400; i < RANGE; i++)
            assert_true(bind_socket("127.0.0.3", 0, types[protocol]) >= 0);
        assert_int_equal(bind_socket("127.0.0.3", 0, types[protocol]), -EADDRINUSE);
    }
}

static void test_listeners_of_different_devices_are_told_apart(void **state)
{
    (void)state;
    struct capture capture;
    static const char *const devices[] = {"", "lo", NETNS_VOID_NEAR};
    for (size_t i = 0; i < 3; i++) {
        struct address address = make_address("0.0.0.0", SERVER);
        int fd = open_socket(&address, SOCK_STREAM);
        assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &(int){1}, sizeof(int)), 0);
        assert_int_equal(
            setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, devices[i], (socklen_t)strlen(devices[i])),
            0);
        assert_int_equal(bind(fd, (struct sockaddr *)&address.storage, address.length), 0);
        assert_int_equal(listen(fd, 16), 0);
    }
    connect_many("127.0.0.1", SERVER, 5); /* over lo: its listener comes first */
    capture_take(&capture);
    assert_int_equal(capture.snapshot.listener_count, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct listener_row *row = &capture.listeners[i];
        uint64_t connections = row->sockets[TCP_STATE_ESTABLISHED];
        assert_int_equal(connections, strcmp(row->interface_name, "lo") == 0 ? 5 : 0);
        assert_int_equal(row->queues, 1);
    }
}

static void test_accepted_connections_hold_no_port(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("127.0.0.1", 40500); /* a listener within the range costs one port */
    listen_on("127.0.0.2", SERVER);
    connect_many("127.0.0.1", 40500, 100);
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(ports->owned, 1);
    assert_int_equal(ports->usable, RANGE - 1);
    assert_int_equal(ports->destinations, 1);
    assert_int_equal(ports_towards(&capture, "127.0.0.1", 40500), 100);
    assert_int_equal(connect_until_full("127.0.0.2", SERVER), RANGE - 1);
    assert_int_equal(connect_until_full("127.0.0.1", 40500), RANGE - 1 - 100);
}

/* The void does not answer: the connections stay in SYN_SENT, and hold their ports. */
static void test_syn_sent_holds_its_port(void **state)
{
    (void)state;
    struct capture capture;
    const char *unanswered = "198.51.100.1";
    for (unsigned i = 0; i < RANGE; i++)
        assert_int_equal(connect_from(NULL, false, unanswered, 80, SOCK_STREAM | SOCK_NONBLOCK),
                         EINPROGRESS);
    assert_true(tcp(&capture)->utilization[PORT_SCOPE_DESTINATION] == 1);
    assert_int_equal(ports_towards(&capture, unanswered, 80), RANGE);
    assert_int_equal(connect_from(NULL, false, unanswered, 80, SOCK_STREAM | SOCK_NONBLOCK),
                     EADDRNOTAVAIL);
}

/* A connection to `to`, port SERVER, from `port` of an address that nothing else here uses. */
static void connect_from_port(uint16_t port, const char *to)
{
    int fd = bind_socket("127.0.0.3", port, SOCK_STREAM);
    struct address remote = make_address(to, SERVER);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&remote.storage, remote.length), 0);
}

/* Close both ends of `count` connections to a listener, the client's (or the server's) first: this
 * end gets the TIME_WAIT. A client with the port of a server's TIME_WAIT would take it over
 * (RFC 6191), so if the server closes first each client has its own port. */
static void make_time_wait(int listener, const char *to, unsigned count, bool client_first)
{
    for (unsigned i = 0; i < count; i++) {
        if (client_first)
            assert_int_equal(connect_to(to, SERVER), 0);
        else
            connect_from_port((uint16_t)(HIGH - i), to);
        int client = sockets[--socket_count];
        int server = accept(listener, NULL, NULL);
        int first = client_first ? client : server, second = client_first ? server : client;
        char end;
        shutdown(first, SHUT_WR);
        assert_int_equal(read(second, &end, 1), 0); /* its FIN has arrived */
        close(second);
        assert_int_equal(read(first, &end, 1), 0); /* and the other's, now acknowledged */
        close(first);
    }
}

/* The last two tests: their TIME_WAIT sockets stay. */
static void test_time_wait_has_a_role_and_holds_the_clients_port(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/tcp_tw_reuse", "0");
    int listener = listen_on("127.0.0.1", SERVER), other_listener = listen_on("127.0.0.2", SERVER);
    capture_take(&capture);
    uint64_t started = capture.snapshot.counters.time_wait_started;
    /* The servers' clients bind their ports: before Linux 6.18 these would become unusable if they
     * did while a TIME_WAIT has them. */
    make_time_wait(other_listener, "127.0.0.2", 70, false);
    make_time_wait(listen_on("127.0.0.8", SERVER), "127.0.0.8", 20, false);
    make_time_wait(listener, "127.0.0.1", 300, true);
    capture_take(&capture);
    assert_int_equal(capture.snapshot.time_wait[TIME_WAIT_CLIENT], 300);
    assert_int_equal(capture.snapshot.time_wait[TIME_WAIT_SERVER], 90);
    started = capture.snapshot.counters.time_wait_started - started;
    assert_int_equal(started, kernel_is_at_least(5, 18) ? 390 : 0); /* 0: when they end */

    close(sockets[--socket_count]); /* the server's TIME_WAITs do not become the client's */
    const struct port_summary *ports = tcp(&capture);
    assert_int_equal(capture.snapshot.time_wait[TIME_WAIT_CLIENT], 300);
    assert_int_equal(capture.snapshot.time_wait[TIME_WAIT_SERVER], 90);
    assert_int_equal(ports->destinations, 1);
    assert_int_equal(ports_towards(&capture, "127.0.0.1", SERVER), 300);
    assert_int_equal(connect_until_full("127.0.0.1", SERVER), RANGE - 300);
    assert_int_equal(connect_until_full("127.0.0.2", SERVER), RANGE); /* a server's holds no port */
}

/* A port that was bound for a moment, while a TIME_WAIT had it: sock_diag does not show that. In a
 * range of its own. */
static void test_a_port_that_was_bound_may_be_closed_to_connect(void **state)
{
    (void)state;
    enum { FIRST = 42000, COUNT = 100, BOUND = 40 };
    struct capture capture;
    sysctl("ipv4/ip_local_port_range", "42000 42099");
    sysctl("ipv4/tcp_tw_reuse", "0");
    make_time_wait(listen_on("127.0.0.21", SERVER), "127.0.0.21", COUNT, true);
    for (uint16_t i = 0; i < BOUND; i++) {
        assert_true(bind_socket("127.0.0.23", FIRST + i, SOCK_STREAM) >= 0);
        close(sockets[--socket_count]);
    }
    listen_on("127.0.0.22", SERVER);
    unsigned usable = COUNT - (kernel_is_at_least(6, 18) ? 0 : BOUND);
    assert_int_equal(connect_until_full("127.0.0.22", SERVER), usable);
    capture_take(&capture);
    assert_int_equal(ports_towards(&capture, "127.0.0.22", SERVER), usable);
}

static void test_connections_are_counted_at_their_listener(void **state)
{
    (void)state;
    struct capture capture;
    listen_on("0.0.0.0", SERVER);
    listen_on("127.0.0.9", SERVER); /* exact before wildcard */
    listen_on("127.0.0.9", SERVER); /* SO_REUSEPORT: the same listener */
    listen_on("::", SERVER + 1);    /* accepts IPv4 too */
    connect_many("127.0.0.1", SERVER, 11);
    connect_many("127.0.0.9", SERVER, 5);
    connect_many("127.0.0.1", SERVER + 1, 3);
    connect_many("::1", SERVER + 1, 4);
    capture_take(&capture);

    assert_int_equal(capture.snapshot.listener_count, 3);
    uint64_t all = 0;
    for (size_t i = 0; i < 3; i++) {
        const struct listener_row *row = &capture.listeners[i];
        uint64_t established = row->sockets[TCP_STATE_ESTABLISHED];
        all += established;
        if (row->port == SERVER + 1)
            assert_int_equal(established, 7);
        else
            assert_int_equal(established, row->address.word[0] ? 5 : 11);
    }
    assert_int_equal(all, capture.snapshot.sockets[TCP_STATE_ESTABLISHED] /
                              2); /* the other half connected */
}

static void test_udp_runs_out_on_the_host(void **state)
{
    (void)state;
    struct capture capture;
    sysctl("ipv4/ip_local_reserved_ports", "40000-40099");
    unsigned count = 0;
    while (connect_from(NULL, false, "127.0.0.1", 53, SOCK_DGRAM) == 0)
        assert_true(++count <= RANGE);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(count, RANGE - 100);
    const struct port_summary *ports = udp(&capture);
    assert_int_equal(ports->usable, RANGE - 100);
    assert_int_equal(ports->used, RANGE - 100);
    assert_true(ports->utilization[PORT_SCOPE_HOST] == 1);
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 1); /* that of 127.0.0.1 */
    assert_int_equal(capture.snapshot.ports[SOCKET_TCP].summary.used, 0);

    /* Another destination has no free port either, another local address has. */
    assert_int_equal(connect_from(NULL, false, "127.0.0.2", 54, SOCK_DGRAM), EAGAIN);
    assert_int_equal(connect_from("127.0.0.1", true, "127.0.0.2", 54, SOCK_DGRAM), EADDRINUSE);
    assert_int_equal(connect_from("127.0.0.3", true, "127.0.0.2", 54, SOCK_DGRAM), 0);
}

static void test_udp_is_counted_by_local_address(void **state)
{
    (void)state;
    struct capture capture;
    for (int i = 0; i < 400; i++)
        assert_true(bind_socket("127.0.0.5", 0, SOCK_DGRAM) >= 0);
    for (int i = 0; i < 100; i++)
        assert_true(bind_socket("127.0.0.6", 0, SOCK_DGRAM) >= 0);
    for (int i = 0; i < 50; i++)
        assert_true(bind_socket("::", 0, SOCK_DGRAM) >= 0);
    const struct port_summary *ports = udp(&capture);
    assert_true(ports->utilization[PORT_SCOPE_LOCAL_ADDRESS] == 0.45);
    assert_true(ports->utilization[PORT_SCOPE_HOST] == (double)ports->used / (double)RANGE);
    assert_in_range(ports->used, 450, 550); /* the two addresses may share ports */
}

#define PORT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PORT_TEST(test_an_empty_namespace_uses_nothing),
        PORT_TEST(test_connect_fails_exactly_where_a_destination_is_full),
        PORT_TEST(test_the_preferred_half_is_used_up_first),
        PORT_TEST(test_the_preferred_half_of_an_odd_range_is_the_odd_one),
        PORT_TEST(test_reserved_ports_are_not_usable),
        PORT_TEST(test_owned_ports_are_not_usable_and_not_subtracted_twice),
        PORT_TEST(test_listeners_in_the_range_are_named_unless_reserved),
        PORT_TEST(test_a_client_takes_the_port_of_a_listener_that_is_not_reserved),
        PORT_TEST(test_ports_bound_before_connect_are_estimated),
        PORT_TEST(test_sockets_bound_to_port_0_own_their_ports),
        PORT_TEST(test_bind_fails_exactly_where_a_local_address_is_full),
        PORT_TEST(test_bound_only_sockets_fill_their_address),
        PORT_TEST(test_each_local_address_has_its_own_range),
        PORT_TEST(test_v4_mapped_sockets_compete_with_ipv4),
        PORT_TEST(test_ipv6_destinations),
        PORT_TEST(test_links_with_one_address_are_told_apart),
        PORT_TEST(test_a_device_shares_its_ports_with_sockets_of_none),
        PORT_TEST(test_bind_on_a_device_meets_sockets_of_none),
        PORT_TEST(test_ipv6_only_sockets_leave_their_ports_to_ipv4),
        PORT_TEST(test_listeners_of_different_devices_are_told_apart),
        PORT_TEST(test_accepted_connections_hold_no_port),
        PORT_TEST(test_syn_sent_holds_its_port),
        PORT_TEST(test_connections_are_counted_at_their_listener),
        PORT_TEST(test_udp_runs_out_on_the_host),
        PORT_TEST(test_udp_is_counted_by_local_address),
        PORT_TEST(test_time_wait_has_a_role_and_holds_the_clients_port),
        PORT_TEST(test_a_port_that_was_bound_may_be_closed_to_connect),
    };
    int skipped = enter_namespace_or_skip();
    if (skipped)
        return skipped;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
