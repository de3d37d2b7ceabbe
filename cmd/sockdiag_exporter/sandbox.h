// SPDX-License-Identifier: Apache-2.0
/*
 * The privileges that the exporter drops. Started as root it first becomes another user, who keeps
 * the capabilities: with these it opens events, ports and files. Before it reads the first byte
 * from the network, it drops the capabilities too, then access to files and most system calls.
 * docs/security.md says what is left.
 */
#ifndef SOCKDIAG_CMD_SANDBOX_H
#define SOCKDIAG_CMD_SANDBOX_H

#include "options.h"
#include "web/web_config.h"

/* What is in force. */
struct sandbox {
    bool is_on;
    int calls; /* 0 or -errno */
    int files; /* the version of Landlock, or -errno */
};

/*
 * As root: become the user of --user. That can be impossible: in a container without CAP_SETUID, or
 * in a user namespace that does not map the user. Then the exporter stays root; but if --user was
 * given, it returns false with one line in `error`. For a process with one thread and no child.
 */
bool sandbox_become_user(const struct options *options, char *error, size_t error_size);

/*
 * Drop the rest. The exporter can then read only the kernel's files and the directories of `files`,
 * those of the web configuration. For a process with one thread. Parts that this kernel does not
 * support are left out. False with one line in `error` when capabilities cannot be given up.
 */
bool sandbox_enter(const struct options *options, const struct kernel_access *kernel,
                   const struct file_stamps *files, struct sandbox *sandbox, char *error,
                   size_t error_size);

/* Log what is in force, and which files can no longer be read. */
void sandbox_report(const struct sandbox *sandbox, const struct options *options,
                    const struct kernel_access *kernel, const struct file_stamps *files);

#endif
