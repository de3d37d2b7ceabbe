// SPDX-License-Identifier: Apache-2.0
#include "capabilities.h"

#include <errno.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A set has 64 bits in two words (include/uapi/linux/capability.h). */
enum { WORDS = _LINUX_CAPABILITY_U32S_3 };

/* Set the permitted and effective capabilities to `permitted`. 0 or -errno. */
static int set_capabilities(capability_set permitted, capability_set inheritable)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS];
    for (int i = 0; i < WORDS; i++)
        data[i] = (struct __user_cap_data_struct){
            .effective = (uint32_t)(permitted >> 32 * i),
            .permitted = (uint32_t)(permitted >> 32 * i),
            .inheritable = (uint32_t)(inheritable >> 32 * i),
        };
    return syscall(SYS_capset, &header, data) == 0 ? 0 : -errno;
}

capability_set capabilities_read(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[WORDS] = {0};
    if (syscall(SYS_capget, &header, data) != 0)
        return 0;
    return (capability_set)data[1].permitted << 32 | data[0].permitted;
}

/* Needs CAP_SETPCAP. Programs that are executed later get no capability for being uid 0, and from
 * their file at most those in `kept`. */
static int restrict_programs(capability_set kept)
{
    static const unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
                                      SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                      SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                      SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    for (unsigned long i = 0; prctl(PR_CAPBSET_READ, i) >= 0; i++) {
        if (!(kept & CAPABILITY_BIT(i)) && prctl(PR_CAPBSET_DROP, i) != 0)
            return -errno;
    }
    return prctl(PR_SET_SECUREBITS, bits) == 0 ? 0 : -errno;
}

int capabilities_keep(capability_set kept)
{
    capability_set had = capabilities_read();
    if (kept & ~had)
        return -EPERM;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return -errno;
    if (had == 0)
        return 0; /* a sandbox may forbid capset() */
    if (had & CAPABILITY_BIT(CAP_SETPCAP)) {
        int error = set_capabilities(had, 0); /* CAP_SETPCAP may not be effective */
        if (!error)
            error = restrict_programs(kept);
        if (error)
            return error;
    }
    return set_capabilities(kept, 0);
}

int capabilities_take_along(uid_t user)
{
    capability_set had = capabilities_read();
    int parent_death_signal = 0; /* setresuid() clears it (commit_creds(), kernel/cred.c) */
    prctl(PR_GET_PDEATHSIG, &parent_death_signal);
    if (prctl(PR_SET_KEEPCAPS, 1) != 0 || setresuid(user, user, user) != 0)
        return -errno;
    prctl(PR_SET_KEEPCAPS, 0);
    prctl(PR_SET_PDEATHSIG, parent_death_signal);
    return set_capabilities(had, 0);
}

int capabilities_pass_on(capability_set passed)
{
    int error = set_capabilities(capabilities_read(), passed);
    for (unsigned long i = 0; !error && i < 64; i++) {
        if (passed & CAPABILITY_BIT(i) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) != 0)
            error = -errno;
    }
    if (!error && capabilities_read() & CAPABILITY_BIT(CAP_SETPCAP))
        error = restrict_programs(passed);
    return error;
}
