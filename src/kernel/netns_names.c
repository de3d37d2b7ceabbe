// SPDX-License-Identifier: Apache-2.0
#include "netns_names.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmnl/libmnl.h>
#include <linux/magic.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

static const struct timeval reply_timeout = {.tv_sec = 1};

bool netns_handle_equal(const struct netns_handle *a, const struct netns_handle *b)
{
    return (a->inode != 0 && a->inode == b->inode) || (a->number >= 0 && a->number == b->number);
}

void netns_names_open(struct netns_names *names, const char *root)
{
    names->root = root;
    names->link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (names->link >= 0)
        setsockopt(names->link, SOL_SOCKET, SO_RCVTIMEO, &reply_timeout, sizeof reply_timeout);
}

void netns_names_close(struct netns_names *names)
{
    if (names->link >= 0)
        close(names->link);
}

static int take_number(const struct nlattr *attribute, void *number)
{
    if (mnl_attr_get_type(attribute) == NETNSA_NSID &&
        mnl_attr_validate(attribute, MNL_TYPE_U32) >= 0)
        *(int32_t *)number = (int32_t)mnl_attr_get_u32(attribute);
    return MNL_CB_OK;
}

/* The number in a reply; -1 if it is an error or has none. */
static int32_t parse_number(const char *reply, size_t length)
{
    const struct nlmsghdr *header = (const struct nlmsghdr *)reply;
    int32_t number = -1;
    if (mnl_nlmsg_ok(header, (int)length) && header->nlmsg_type == RTM_NEWNSID)
        mnl_attr_parse(header, sizeof(struct rtgenmsg), take_number, &number);
    return number;
}

/* Ask the kernel for the number of a namespace: `attribute` is NETNSA_PID or NETNSA_FD. Returns -1
 * if it has none. */
static int32_t ask_number(const struct netns_names *names, uint16_t attribute, uint32_t value)
{
    _Alignas(struct nlmsghdr) char buffer[512];
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);
    header->nlmsg_type = RTM_GETNSID;
    header->nlmsg_flags = NLM_F_REQUEST;
    mnl_nlmsg_put_extra_header(header, sizeof(struct rtgenmsg));
    mnl_attr_put_u32(header, attribute, value);
    if (names->link < 0 || send(names->link, header, header->nlmsg_len, 0) < 0)
        return -1;
    ssize_t length = recv(names->link, buffer, sizeof buffer, 0);
    return length > 0 ? parse_number(buffer, (size_t)length) : -1;
}

struct netns_handle netns_names_of_process(const struct netns_names *names,
                                           const struct netns_proc *proc, uint32_t pid)
{
    struct netns_handle handle = {.number = ask_number(names, NETNSA_PID, pid)};
    char path[32];
    struct stat status;
    snprintf(path, sizeof path, "%" PRIu32 "/ns/net", pid);
    if (fstatat(proc->directory, path, &status, 0) == 0)
        handle.inode = status.st_ino;
    return handle;
}

/* The handle of a file in `directory`. */
static struct netns_handle read_handle(const struct netns_names *names, int directory,
                                       const char *name)
{
    struct netns_handle handle = {.number = -1};
    struct statfs system;
    struct stat status;
    int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return handle;
    if (fstatfs(fd, &system) == 0 && system.f_type == NSFS_MAGIC && fstat(fd, &status) == 0) {
        handle.inode = status.st_ino;
        handle.number = ask_number(names, NETNSA_FD, (uint32_t)fd);
    }
    close(fd);
    return handle;
}

void netns_names_read(const struct netns_names *names, netns_name_consumer *consume, void *context)
{
    DIR *directory = opendir(names->root);
    if (!directory)
        return;
    unsigned left = NETNS_NAMES_MOST;
    for (const struct dirent *entry; left > 0 && (entry = readdir(directory)); left--) {
        if (entry->d_name[0] == '.')
            continue;
        struct netns_handle handle = read_handle(names, dirfd(directory), entry->d_name);
        consume(context, entry->d_name, &handle);
    }
    closedir(directory);
}
