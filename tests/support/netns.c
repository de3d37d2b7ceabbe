// SPDX-License-Identifier: Apache-2.0
#include "netns.h"

#include "kernel_version.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The inode of the namespace that netns_enter_own() made; 0 before. */
static ino_t own_namespace;

static ino_t current_namespace(void)
{
    struct stat namespace;

    return stat("/proc/thread-self/ns/net", &namespace) == 0 ? namespace.st_ino : 0;
}

static bool is_own_namespace(void)
{
    return own_namespace != 0 && current_namespace() == own_namespace;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;

    ssize_t written = write(fd, text, strlen(text));
    int result = written < 0 ? -errno : 0;
    close(fd);
    return result;
}

static int map_to_root(const char *path, unsigned id)
{
    char line[32];

    snprintf(line, sizeof(line), "0 %u 1", id);
    return write_file(path, line);
}

static int enter_as_ordinary_user(void)
{
    const unsigned user = getuid(), group = getgid();

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return -errno;

    /* The kernel accepts a group map from an unprivileged process only if setgroups() is denied. */
    int result = write_file("/proc/self/setgroups", "deny");
    if (result == 0)
        result = map_to_root("/proc/self/uid_map", user);
    if (result == 0)
        result = map_to_root("/proc/self/gid_map", group);
    return result;
}

static int bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};

    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;

    int result = ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

int netns_enter_own(void)
{
    if (unshare(CLONE_NEWNET) != 0) {
        if (errno != EPERM)
            return -errno;
        int result = enter_as_ordinary_user();
        if (result != 0)
            return result;
    }
    own_namespace = current_namespace();
    return bring_up_loopback();
}

static const char device_command[] = "link add " NETNS_VOID_NEAR " address " NETNS_VOID_MAC
                                     " type veth peer name " NETNS_VOID_FAR "\n";

/* Without link-local addresses the devices send nothing. */
static const char silence_commands[] = "link set " NETNS_VOID_NEAR " addrgenmode none\n"
                                       "link set " NETNS_VOID_FAR " addrgenmode none\n";

/* The neighbours' MAC address differs from every device's: frames to it are dropped unread. */
static const char ipv4_commands[] =
    "link set " NETNS_VOID_NEAR " up\n"
    "link set " NETNS_VOID_FAR " up\n"
    "address add " NETNS_VOID_IPV4 "/24 dev " NETNS_VOID_NEAR "\n"
    "neighbour add 192.0.2.2 lladdr 00:00:5e:00:53:ff nud permanent dev " NETNS_VOID_NEAR "\n"
    "route add default via 192.0.2.2\n";
static const char ipv6_commands[] =
    "address add " NETNS_VOID_IPV6 "/64 nodad dev " NETNS_VOID_NEAR "\n"
    "neighbour add 2001:db8::2 lladdr 00:00:5e:00:53:ff nud permanent dev " NETNS_VOID_NEAR "\n"
    "route add default via 2001:db8::2\n";

static int await_exit(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return -errno;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EOPNOTSUPP;
}

/* Runs `ip -batch -` with a file as its standard input: writing to a file, unlike a pipe, cannot
 * raise SIGPIPE. */
static int run_ip_batch(int commands)
{
    char *const arguments[] = {"ip", "-batch", "-", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;

    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0)
        return -error;
    error = posix_spawn_file_actions_adddup2(&actions, commands, STDIN_FILENO);
    if (error == 0)
        error = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error == 0 ? await_exit(child) : -error;
}

int netns_add_void(void)
{
    const bool ipv6 = kernel_has_ipv6();

    if (!is_own_namespace())
        return -EPERM;
    if (if_nametoindex(NETNS_VOID_NEAR) != 0)
        return 0;

    int commands = memfd_create("ip-batch", MFD_CLOEXEC);
    if (commands < 0)
        return -errno;

    int result;
    if (dprintf(commands, "%s%s%s%s", device_command, ipv6 ? silence_commands : "", ipv4_commands,
                ipv6 ? ipv6_commands : "") > 0 &&
        lseek(commands, 0, SEEK_SET) == 0)
        result = run_ip_batch(commands);
    else
        result = -EIO;
    close(commands);
    return result;
}

int netns_sysctl_write(const char *path, const char *value)
{
    char file[256];

    if (!is_own_namespace())
        return -EPERM;
    int length = snprintf(file, sizeof(file), "/proc/sys/net/%s", path);
    if (length >= (int)sizeof(file))
        return -ENAMETOOLONG;
    return write_file(file, value);
}
