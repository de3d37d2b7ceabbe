// SPDX-License-Identifier: Apache-2.0
#include "cgroup_name.h"

#include "base/printable.h"

#include <stdint.h>
#include <string.h>

enum { ID_LENGTH = CONTAINER_ID_SIZE - 1, STATIC_UID_LENGTH = 32, UID_LENGTH = POD_UID_SIZE - 1 };

/* A part of a path. */
struct span {
    const char *start;
    size_t length;
};

/* ---- spans ---- */

static bool is_word(struct span span, const char *word)
{
    return span.length == strlen(word) && memcmp(span.start, word, span.length) == 0;
}

/* Cut `prefix` off the start of `span`. False if `span` does not begin with it. */
static bool cut_prefix(struct span *span, const char *prefix)
{
    size_t length = strlen(prefix);
    if (span->length < length || memcmp(span->start, prefix, length) != 0)
        return false;
    span->start += length;
    span->length -= length;
    return true;
}

static bool cut_suffix(struct span *span, const char *suffix)
{
    size_t length = strlen(suffix);
    if (span->length < length || memcmp(span->start + span->length - length, suffix, length) != 0)
        return false;
    span->length -= length;
    return true;
}

/* Cut the last component off `path`. Returns it; empty if `path` has no more. */
static struct span cut_component(struct span *path)
{
    while (path->length > 0 && path->start[path->length - 1] == '/')
        path->length--;
    size_t start = path->length;
    while (start > 0 && path->start[start - 1] != '/')
        start--;
    struct span component = {path->start + start, path->length - start};
    path->length = start;
    return component;
}

static bool is_hexadecimal(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    }
    return true;
}

static bool take_id(struct span span, char id[static CONTAINER_ID_SIZE])
{
    if (span.length != ID_LENGTH || !is_hexadecimal(span.start, ID_LENGTH))
        return false;
    copy_printable(id, CONTAINER_ID_SIZE, span.start, ID_LENGTH);
    return true;
}

/* ---- pods ---- */

/* Take a pod's UID. With the systemd driver it has '_' for '-', because '-' in a name nests slices.
 * The UID of a static pod is a hash of its file and has no dashes. */
static bool take_uid(struct span span, char uid[static POD_UID_SIZE])
{
    static const size_t groups[] = {8, 4, 4, 4, 12};
    if (span.length == STATIC_UID_LENGTH && is_hexadecimal(span.start, span.length)) {
        copy_printable(uid, POD_UID_SIZE, span.start, span.length);
        return true;
    }
    if (span.length != UID_LENGTH)
        return false;
    for (size_t i = 0, at = 0; i < 5; at += groups[i] + 1, i++) {
        const char *next = span.start + at + groups[i];
        if (!is_hexadecimal(span.start + at, groups[i]) || (i < 4 && *next != '-' && *next != '_'))
            return false;
    }
    copy_printable(uid, POD_UID_SIZE, span.start, span.length);
    for (char *dash = uid; (dash = strchr(dash, '_'));)
        *dash = '-';
    return true;
}

/* "podUID" of the cgroupfs driver, or "kubepods-burstable-podUID.slice" of the systemd driver. Pods
 * of the class Guaranteed have no class in the name. kind puts "kubelet-" before the whole name. */
static bool take_pod(struct span span, char uid[static POD_UID_SIZE])
{
    struct span plain = span;
    if (cut_prefix(&plain, "pod") && take_uid(plain, uid))
        return true;
    cut_prefix(&span, "kubelet-");
    if (!cut_prefix(&span, "kubepods") || !cut_suffix(&span, ".slice"))
        return false;
    if (!cut_prefix(&span, "-besteffort"))
        cut_prefix(&span, "-burstable");
    return cut_prefix(&span, "-pod") && take_uid(span, uid);
}

/* ---- containers ---- */

/* "docker-ID.scope" and similar names of the systemd driver; podman also has them without the
 * suffix. The monitor of a container ("crio-conmon-ID.scope") runs outside of it: no match. */
static const char *take_scope(struct span span, struct cgroup_name *name)
{
    static const struct {
        const char *prefix, *runtime;
    } forms[] = {
        {"cri-containerd-", "containerd"},
        {"crio-", "cri-o"},
        {"docker-", "docker"},
        {"nerdctl-", "containerd"},
        {"libpod-payload-", "podman"}, /* beneath the .service of a quadlet */
        {"libpod-", "podman"},
    };
    cut_suffix(&span, ".scope");
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct span id = span;
        if (cut_prefix(&id, forms[i].prefix) && take_id(id, name->container_id))
            return forms[i].runtime;
    }
    return NULL;
}

/* "kubepods-burstable-podUID.slice:cri-containerd:ID": runc's notation for systemd, as a plain
 * name. It appears when the kubelet uses the systemd driver and containerd does not. */
static const char *take_triple(struct span span, struct cgroup_name *name)
{
    static const char middle[] = ":cri-containerd:";
    struct span pod = span;
    if (span.length <= ID_LENGTH ||
        !take_id((struct span){span.start + span.length - ID_LENGTH, ID_LENGTH},
                 name->container_id))
        return NULL;
    pod.length -= ID_LENGTH;
    if (!cut_suffix(&pod, middle)) {
        name->container_id[0] = '\0';
        return NULL;
    }
    take_pod(pod, name->pod_uid);
    return "containerd";
}

/* Does `path` have a component `word`? */
static bool has_component(struct span path, const char *word)
{
    for (struct span component; (component = cut_component(&path)).length > 0;) {
        if (is_word(component, word))
            return true;
    }
    return false;
}

/* A bare ID, of the cgroupfs driver. The components before it, `outer`, name the runtime; inside of
 * a cgroup namespace there may be none. */
static const char *take_bare(struct span span, struct span outer, struct cgroup_name *name)
{
    struct span path = outer, parent = cut_component(&path);
    char uid[POD_UID_SIZE];
    if (!take_id(span, name->container_id))
        return NULL;
    if (take_pod(parent, uid))
        return "kubernetes";
    if (is_word(parent, "docker") || has_component(outer, "ecs"))
        return "docker";
    if (is_word(parent, "default")) /* containerd's namespace for ctr and nerdctl */
        return "containerd";
    if (is_word(parent, ".."))
        return "container";
    name->container_id[0] = '\0';
    return NULL;
}

static int digit_value(char digit)
{
    return digit <= '9' ? digit - '0' : digit - 'a' + 10;
}

/* Copy a name that systemd has escaped: "\x2d" is '-'. */
static void copy_unescaped(char *text, size_t size, struct span span)
{
    char bytes[CGROUP_UNIT_SIZE];
    size_t length = 0;
    for (size_t i = 0; i < span.length && length < sizeof bytes; length++) {
        const char *at = span.start + i;
        bool escaped =
            span.length - i >= 4 && at[0] == '\\' && at[1] == 'x' && is_hexadecimal(at + 2, 2);
        bytes[length] = *at;
        if (escaped)
            bytes[length] = (char)(digit_value(at[2]) << 4 | digit_value(at[3]));
        i += escaped ? 4 : 1;
    }
    copy_printable(text, size, bytes, length);
}

/* A container that has a name instead of an ID. */
static const char *take_named(struct span span, struct span outer, struct cgroup_name *name)
{
    struct span parent = cut_component(&outer), rest = span;
    const char *runtime = NULL;
    if (cut_prefix(&rest, "lxc.payload.") || is_word(parent, "lxc"))
        runtime = "lxc";
    else if (cut_prefix(&rest, "systemd-nspawn@") && cut_suffix(&rest, ".service"))
        runtime = "nspawn";
    else if (cut_prefix(&rest, "machine-") && cut_suffix(&rest, ".scope"))
        runtime = "machined";
    if (!runtime || rest.length == 0)
        return NULL;
    copy_unescaped(name->unit, sizeof name->unit, rest);
    return runtime;
}

/* Does `span`, a component with the path `outer` before it, name a container or a pod? */
static bool take_component(struct span span, struct span outer, struct cgroup_name *name)
{
    name->runtime = take_triple(span, name);
    if (!name->runtime)
        name->runtime = take_scope(span, name);
    if (!name->runtime)
        name->runtime = take_bare(span, outer, name);
    if (!name->runtime)
        name->runtime = take_named(span, outer, name);
    if (name->runtime) {
        name->owner = OWNER_CONTAINER;
        if (name->pod_uid[0] == '\0')
            take_pod(cut_component(&outer), name->pod_uid);
        return true;
    }
    if (!take_pod(span, name->pod_uid))
        return false;
    name->owner = OWNER_POD;
    name->runtime = "kubernetes";
    return true;
}

/* Does `span` name a unit of systemd? Not init.scope, which every host and many containers have. */
static bool take_unit(struct span span, struct cgroup_name *name)
{
    struct span service = span, scope = span;
    if (is_word(span, "init.scope") ||
        !(cut_suffix(&service, ".service") || cut_suffix(&scope, ".scope")))
        return false;
    name->owner = OWNER_UNIT;
    name->runtime = "systemd";
    copy_unescaped(name->unit, sizeof name->unit, span);
    return true;
}

struct cgroup_name cgroup_name_read_path(const char *path, size_t length)
{
    struct cgroup_name name = {.runtime = ""};
    struct span whole = {path, length};
    cut_suffix(&whole, " (deleted)"); /* the kernel adds this when the cgroup was removed */
    struct span outer = whole;
    for (struct span component; (component = cut_component(&outer)).length > 0;) {
        if (take_component(component, outer, &name))
            return name;
    }
    outer = whole;
    for (struct span component; (component = cut_component(&outer)).length > 0;) {
        if (take_unit(component, &name))
            return name;
    }
    return (struct cgroup_name){.runtime = ""};
}

/* The path in a line such as "4:memory:/docker/ID", of `length` bytes; empty for other lines. */
static struct span find_path(const char *line, size_t length)
{
    const char *end = line + length;
    const char *colon = memchr(line, ':', length);
    if (colon)
        colon = memchr(colon + 1, ':', (size_t)(end - colon - 1));
    return colon ? (struct span){colon + 1, (size_t)(end - colon - 1)} : (struct span){end, 0};
}

struct cgroup_name cgroup_name_read_file(const char *text)
{
    struct cgroup_name best = {.runtime = ""};
    while (*text) {
        size_t length = strcspn(text, "\n");
        struct span path = find_path(text, length);
        struct cgroup_name name = cgroup_name_read_path(path.start, path.length);
        if (name.owner > best.owner)
            best = name;
        text += length + (text[length] == '\n');
    }
    return best;
}
