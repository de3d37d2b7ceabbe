// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: any bytes as /proc/PID/cgroup, and as the name of a directory of logs. What is
 * found is always printable and of the promised form.
 *
 * Covers: src/namespaces/cgroup_name.c src/namespaces/pod_names.c
 */
#include "namespaces/cgroup_name.h"
#include "namespaces/pod_names.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_printable(const char *text, size_t size)
{
    if (strnlen(text, size) == size)
        abort();
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            abort();
    }
}

static void check_name(const struct cgroup_name *name)
{
    size_t id = strlen(name->container_id), uid = strlen(name->pod_uid);
    check_printable(name->container_id, sizeof name->container_id);
    check_printable(name->pod_uid, sizeof name->pod_uid);
    check_printable(name->unit, sizeof name->unit);
    if ((id != 0 && id != 64) || (uid != 0 && uid != 32 && uid != 36) ||
        strspn(name->container_id, "0123456789abcdef") != id ||
        strspn(name->pod_uid, "0123456789abcdef-") != uid)
        abort();
    /* Each owner has what its name is made of. */
    bool known = name->owner == OWNER_CONTAINER ? id > 0 || name->unit[0]
                 : name->owner == OWNER_POD     ? uid > 0
                 : name->owner == OWNER_UNIT    ? name->unit[0] != '\0'
                                                : id == 0 && uid == 0 && !name->unit[0];
    if (!known || (name->owner == OWNER_UNKNOWN) != (name->runtime[0] == '\0'))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1); /* exactly this size, so that the sanitizer knows its end */
    if (!text)
        return 0;
    memcpy(text, data, size);
    struct cgroup_name name = cgroup_name_read_path(text, size);
    check_name(&name);
    text[size] = '\0';
    name = cgroup_name_read_file(text);
    check_name(&name);
    struct pod_name pod;
    if (pod_name_parse(text, &pod)) {
        check_printable(pod.namespace, sizeof pod.namespace);
        check_printable(pod.pod, sizeof pod.pod);
        check_printable(pod.uid, sizeof pod.uid);
    }
    free(text);
    return 0;
}
