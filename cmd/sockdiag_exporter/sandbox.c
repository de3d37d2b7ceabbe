// SPDX-License-Identifier: Apache-2.0
#include "sandbox.h"

#include "kernel/capabilities.h"
#include "kernel/exporter_filter.h"
#include "kernel/landlock.h"
#include "kernel/netns_helper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libgen.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* The Makefile sets it for sanitizers and coverage, which write files and make system calls of
 * their own. */
#ifdef WITHOUT_SANDBOX
enum { IS_BUILT = false };
#else
enum { IS_BUILT = true };
#endif

/* Can root become this user? Try it and become root again. */
static bool could_be(uid_t user)
{
    const uid_t same = (uid_t)-1;
    return setresuid(same, same, user) == 0 && setresuid(same, same, 0) == 0;
}

/* Become this user and keep the capabilities. Returns NULL, or why that is impossible. */
static const char *become(const char *name)
{
    const capability_set needed = CAPABILITY_BIT(CAP_SETUID) | CAPABILITY_BIT(CAP_SETGID);
    const struct passwd *user = getpwnam(name);
    if (!user)
        return "there is no such user";
    if (user->pw_uid == 0)
        return NULL;
    if ((capabilities_read() & needed) != needed)
        return "CAP_SETUID or CAP_SETGID is missing";
    /* Change the groups only if root can become this user: otherwise root keeps its own. */
    if (!could_be(user->pw_uid) || initgroups(name, user->pw_gid) != 0 ||
        setresgid(user->pw_gid, user->pw_gid, user->pw_gid) != 0)
        return strerror(errno);
    int error = capabilities_take_along(user->pw_uid);
    return error ? strerror(-error) : NULL;
}

bool sandbox_become_user(const struct options *options, char *error, size_t error_size)
{
    const char *name = options->user ? options->user : "nobody";
    const char *obstacle = "only root can";
    if (!IS_BUILT || !options->sandbox || (geteuid() != 0 && !options->user))
        return true;
    if (geteuid() == 0)
        obstacle = become(name);
    if (!obstacle)
        return true;
    snprintf(error, error_size, "cannot become the user %s: %s", name, obstacle);
    return !options->user;
}

/* The directories beneath which the exporter reads files while it runs. */
struct directories {
    const char *names[5 + 2 * WEB_CONFIG_FILES];
    size_t count;
    char buffers[2 * WEB_CONFIG_FILES][PATH_MAX]; /* for names that dirname() makes */
};

/* Add the directory of a file of the web configuration, number `file` of them, and the directory of
 * the file that it links to: an update can replace the file in either. */
static void add_directories_of(struct directories *directories, size_t file, const char *path)
{
    char *named = directories->buffers[2 * file], *real = directories->buffers[2 * file + 1];
    snprintf(named, PATH_MAX, "%s", path);
    directories->names[directories->count++] = dirname(named);
    if (realpath(path, real))
        directories->names[directories->count++] = dirname(real);
}

static int limit_files(const struct options *options, const struct kernel_access *kernel,
                       const struct file_stamps *files)
{
    struct directories directories = {
        .names = {kernel->proc_root, kernel->cgroup_root, "/sys/devices/system/cpu"},
        .count = 3,
    };
    if (options->sampler.collect_namespaces) {
        directories.names[directories.count++] = kernel->netns_root;
        directories.names[directories.count++] = kernel->pod_logs_root;
    }
    for (size_t i = 0; i < files->count; i++)
        add_directories_of(&directories, i, files->files[i].path);
    return landlock_read_only(directories.names, directories.count);
}

/* Root could read this file, but the user that the exporter became cannot: warn at the start. */
static void warn_of_unreadable(const char *path, const char *consequence)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == EACCES)
        log_warn("main", "%s cannot be read by user %u: %s; choose another user with --user", path,
                 (unsigned)geteuid(), consequence);
    if (fd >= 0)
        close(fd);
}

bool sandbox_enter(const struct options *options, const struct kernel_access *kernel,
                   const struct file_stamps *files, struct sandbox *sandbox, char *error,
                   size_t error_size)
{
    const bool used_capabilities = options->walk_namespaces ||
                                   options->count_events[TCP_EVENT_PORT_FAILURE] ||
                                   options->count_events[TCP_EVENT_CLOSED_FIRST];
    *sandbox = (struct sandbox){.is_on = IS_BUILT && options->sandbox};
    int failure = sandbox->is_on || used_capabilities ? capabilities_keep(0) : 0;
    if (failure) {
        snprintf(error, error_size,
                 "cannot give up capabilities: %s; a unit that gives some needs "
                 "SystemCallFilter=capset",
                 strerror(-failure));
        return false;
    }
    if (!sandbox->is_on)
        return true;
    prctl(PR_SET_DUMPABLE, 0); /* other processes of this user must not read the TLS key */
    sandbox->files = limit_files(options, kernel, files);
    sandbox->calls =
        exporter_filter_apply(kernel->netns_helper ? netns_helper_pid(kernel->netns_helper) : 0);
    return true;
}

void sandbox_report(const struct sandbox *sandbox, const struct options *options,
                    const struct kernel_access *kernel, const struct file_stamps *files)
{
    if (!sandbox->is_on)
        return;
    log_message(options->once || options->config_check ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "main",
                "sandbox: user %u, no capabilities; system calls: %s; files: %s",
                (unsigned)geteuid(), sandbox->calls == 0 ? "filtered" : strerror(-sandbox->calls),
                sandbox->files > 0 ? "limited" : strerror(-sandbox->files));
    for (size_t i = 0; i < files->count; i++)
        warn_of_unreadable(files->files[i].path, "changes to it will not take effect");
    if (options->sampler.collect_namespaces)
        warn_of_unreadable(kernel->pod_logs_root, "pods will have no names");
}
