// SPDX-License-Identifier: Apache-2.0
/*
 * Names from the paths of cgroups, in the forms that the runtimes document or that their tests and
 * those of other agents have.
 */
#include "namespaces/cgroup_name.h"
#include "namespaces/pod_names.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <sys/stat.h>

/* 64 digits each. */
#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define INNER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define UID   "7e87f4f1-9c5d-4a6b-8f0e-0123456789ab"
#define UID_  "7e87f4f1_9c5d_4a6b_8f0e_0123456789ab"
#define HASH  "0123456789abcdef0123456789abcdef" /* a static pod's */
#define DIND  "/kubepods/burstable/pod" UID "/" ID

struct path_case {
    const char *path;
    enum cgroup_owner owner;
    const char *runtime, *id, *uid, *unit;
};

static const struct path_case cases[] = {
    /* containerd by CRI: the systemd driver on v2 and v1, kind, the guaranteed class. */
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_
     ".slice/cri-containerd-" ID ".scope",
     OWNER_CONTAINER, "containerd", ID, UID, ""},
    {"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
     "kubelet-kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID ".scope",
     OWNER_CONTAINER, "containerd", ID, UID, ""},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice/cri-containerd-" ID ".scope", OWNER_CONTAINER,
     "containerd", ID, UID, ""},
    {"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" HASH
     ".slice/cri-containerd-" ID ".scope",
     OWNER_CONTAINER, "containerd", ID, HASH, ""},
    {"/../../kubepods-burstable-pod" UID_ ".slice/cri-containerd-" ID ".scope", OWNER_CONTAINER,
     "containerd", ID, UID, ""},
    {"/../cri-containerd-" ID ".scope", OWNER_CONTAINER, "containerd", ID, "", ""},
    {"/cri-containerd-" ID, OWNER_CONTAINER, "containerd", ID, "", ""},
    /* containerd without the systemd driver below a kubelet with it. */
    {"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
     OWNER_CONTAINER, "containerd", ID, UID, ""},
    {"/system.slice/containerd.service/kubepods-pod" HASH ".slice:cri-containerd:" ID,
     OWNER_CONTAINER, "containerd", ID, HASH, ""},
    {"/system.slice/containerd.service/other:cri-containerd:" ID, OWNER_CONTAINER, "containerd", ID,
     "", ""},
    {"/system.slice/containerd.service/other:cri-docker:" ID, OWNER_UNIT, "systemd", "", "",
     "containerd.service"},
    /* The cgroupfs driver. */
    {"/kubepods/burstable/pod" UID "/" ID, OWNER_CONTAINER, "kubernetes", ID, UID, ""},
    {"/kubepods/pod" HASH "/" ID, OWNER_CONTAINER, "kubernetes", ID, HASH, ""},
    {"/../../pod" UID "/" ID, OWNER_CONTAINER, "kubernetes", ID, UID, ""},
    {"/kubepods/besteffort/pod" UID, OWNER_POD, "kubernetes", "", UID, ""},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice", OWNER_POD, "kubernetes", "", UID, ""},
    /* CRI-O. */
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" ID
     ".scope",
     OWNER_CONTAINER, "cri-o", ID, UID, ""},
    {"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" ID
     ".scope/container",
     OWNER_CONTAINER, "cri-o", ID, UID, ""},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice/crio-conmon-" ID ".scope", OWNER_POD, "kubernetes",
     "", UID, ""},
    {"/kubepods/burstable/pod" UID "/crio-" ID, OWNER_CONTAINER, "cri-o", ID, UID, ""},
    /* docker, alone, by cri-dockerd, by ECS. */
    {"/docker/" ID, OWNER_CONTAINER, "docker", ID, "", ""},
    {"/system.slice/docker-" ID ".scope", OWNER_CONTAINER, "docker", ID, "", ""},
    {"/../docker-" ID ".scope", OWNER_CONTAINER, "docker", ID, "", ""},
    {"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", OWNER_CONTAINER, "docker",
     ID, UID, ""},
    {"/ecs/0f5a4b6c-1111-2222-3333-444455556666/" ID, OWNER_CONTAINER, "docker", ID, "", ""},
    {"/ecs/cluster/0123456789abcdef/" ID, OWNER_CONTAINER, "docker", ID, "", ""},
    {"/docker/" ID "/system.slice/nginx.service", OWNER_CONTAINER, "docker", ID, "", ""},
    {"/system.slice/docker-" ID ".scope/init.scope", OWNER_CONTAINER, "docker", ID, "", ""},
    /* A container in a pod's container: its own, not the pod's. */
    {DIND "/docker/" INNER, OWNER_CONTAINER, "docker", INNER, "", ""},
    {"/docker/" ID "/docker/" INNER, OWNER_CONTAINER, "docker", INNER, "", ""},
    {"/docker/" ID "/kubelet/kubepods/burstable/pod" UID "/" INNER, OWNER_CONTAINER, "kubernetes",
     INNER, UID, ""},
    /* nerdctl and ctr. */
    {"/system.slice/nerdctl-" ID ".scope", OWNER_CONTAINER, "containerd", ID, "", ""},
    {"/default/" ID, OWNER_CONTAINER, "containerd", ID, "", ""},
    /* podman: root's, rootless, a quadlet, the cgroupfs driver. */
    {"/machine.slice/libpod-" ID ".scope", OWNER_CONTAINER, "podman", ID, "", ""},
    {"/machine.slice/libpod-" ID ".scope/container", OWNER_CONTAINER, "podman", ID, "", ""},
    {"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
     OWNER_CONTAINER, "podman", ID, "", ""},
    {"/system.slice/web.service/libpod-payload-" ID, OWNER_CONTAINER, "podman", ID, "", ""},
    {"/libpod_parent/libpod-" ID, OWNER_CONTAINER, "podman", ID, "", ""},
    {"/machine.slice/machine-libpod_pod_" ID ".slice/libpod-" INNER ".scope", OWNER_CONTAINER,
     "podman", INNER, "", ""},
    {"/machine.slice/libpod-conmon-" ID ".scope", OWNER_UNIT, "systemd", "", "",
     "libpod-conmon-" ID ".scope"},
    /* Untold. */
    {"/../" ID, OWNER_CONTAINER, "container", ID, "", ""},
    {"/somewhere/" ID, OWNER_UNKNOWN, "", "", "", ""},
    /* LXC, LXD, Incus. */
    {"/lxc.payload.web", OWNER_CONTAINER, "lxc", "", "", "web"},
    {"/lxc.payload.web/system.slice/ssh.service", OWNER_CONTAINER, "lxc", "", "", "web"},
    {"/lxc/web", OWNER_CONTAINER, "lxc", "", "", "web"},
    {"/lxc/web/init.scope", OWNER_CONTAINER, "lxc", "", "", "web"},
    {"/lxc.monitor.web", OWNER_UNKNOWN, "", "", "", ""},
    {"/lxc.payload.web/docker/" ID, OWNER_CONTAINER, "docker", ID, "", ""},
    /* nspawn, machined. */
    {"/machine.slice/systemd-nspawn@my\\x2dweb.service/payload", OWNER_CONTAINER, "nspawn", "", "",
     "my-web"},
    {"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", OWNER_CONTAINER, "machined", "", "",
     "qemu-1-vm"},
    {"/machine.slice/machine-.scope", OWNER_UNIT, "systemd", "", "", "machine-.scope"},
    {"/payload/init.scope", OWNER_UNKNOWN, "", "", "", ""},
    /* systemd. */
    {"/system.slice/nginx.service", OWNER_UNIT, "systemd", "", "", "nginx.service"},
    {"/system.slice/system-getty.slice/getty@tty1.service", OWNER_UNIT, "systemd", "", "",
     "getty@tty1.service"},
    {"/user.slice/user-0.slice/session-3.scope", OWNER_UNIT, "systemd", "", "", "session-3.scope"},
    {"/user.slice/user-1000.slice/user@1000.service/app.slice/a\\x2db.service", OWNER_UNIT,
     "systemd", "", "", "a-b.service"},
    {"/system.slice/nginx.service (deleted)", OWNER_UNIT, "systemd", "", "", "nginx.service"},
    {"/system.slice/docker-" ID ".scope (deleted)", OWNER_CONTAINER, "docker", ID, "", ""},
    {"/system.slice/nginx.service/worker", OWNER_UNIT, "systemd", "", "", "nginx.service"},
    {"/init.scope", OWNER_UNKNOWN, "", "", "", ""},
    {"/user.slice", OWNER_UNKNOWN, "", "", "", ""},
    {"/", OWNER_UNKNOWN, "", "", "", ""},
    {"", OWNER_UNKNOWN, "", "", "", ""},
    /* Almost. */
    {"/docker/" ID "0", OWNER_UNKNOWN, "", "", "", ""},
    {"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", OWNER_UNKNOWN, "",
     "", "", ""},
    {"/kubepods/pod7e87f4f1-9c5d-4a6b-8f0e_0123456789abc", OWNER_UNKNOWN, "", "", "", ""},
    {"/kubepods/pod7e87f4f1-9c5d-4a6b-8f0e:0123456789ab", OWNER_UNKNOWN, "", "", "", ""},
    {"/kubepods-podx" UID_ ".slice", OWNER_UNKNOWN, "", "", "", ""},
    {"/x-pod" UID_ ".slice", OWNER_UNKNOWN, "", "", "", ""},
    {"/lxc/\x01\xc3\xa4", OWNER_CONTAINER, "lxc", "", "", "___"},
    {"/system.slice/a\\x0ab\\x2.service", OWNER_UNIT, "systemd", "", "", "a_b\\x2.service"},
};

static void assert_name(const struct path_case *expected, const struct cgroup_name *name)
{
    if (name->owner != expected->owner || strcmp(name->runtime, expected->runtime) != 0 ||
        strcmp(name->container_id, expected->id) != 0 ||
        strcmp(name->pod_uid, expected->uid) != 0 || strcmp(name->unit, expected->unit) != 0)
        fail_msg("%s: %d \"%s\" \"%s\" \"%s\" \"%s\"", expected->path, name->owner, name->runtime,
                 name->container_id, name->pod_uid, name->unit);
}

static void test_each_runtime_has_its_paths(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cgroup_name name = cgroup_name_read_path(cases[i].path, strlen(cases[i].path));
        assert_name(&cases[i], &name);
    }
}

static void test_the_line_that_tells_most_counts(void **state)
{
    (void)state;
    const struct path_case docker = {"docker", OWNER_CONTAINER, "docker", ID, "", ""};
    const struct path_case unit = {"unit", OWNER_UNIT, "systemd", "", "", "a.service"};
    const struct path_case nothing = {"nothing", OWNER_UNKNOWN, "", "", "", ""};
    struct cgroup_name name = cgroup_name_read_file("12:cpu,cpuacct:/\n"
                                                    "11:memory:/docker/" ID "\n"
                                                    "1:name=systemd:/system.slice/a.service\n"
                                                    "0::/\n");
    assert_name(&docker, &name);
    name = cgroup_name_read_file("0::/system.slice/a.service");
    assert_name(&unit, &name);
    name = cgroup_name_read_file("1:name=systemd:/system.slice/a.service\n0::/b.service\n");
    assert_name(&unit, &name); /* of equals the first */
    name = cgroup_name_read_file("12:cpu\n\n:\n0:\ndocker/" ID "\n");
    assert_name(&nothing, &name);
    name = cgroup_name_read_file("");
    assert_name(&nothing, &name);
}

static void test_a_long_unit_is_truncated(void **state)
{
    (void)state;
    char path[600] = "/";
    memset(path + 1, 'x', 500);
    strcpy(path + 501, ".service");
    struct cgroup_name name = cgroup_name_read_path(path, strlen(path));
    assert_int_equal(strlen(name.unit), CGROUP_UNIT_SIZE - 1);
}

/* ---- the kubelet's directories ---- */

static void test_a_directory_of_logs_names_a_pod(void **state)
{
    (void)state;
    struct pod_name name;
    assert_true(pod_name_parse("kube-system_coredns-abc_" UID, &name));
    assert_string_equal(name.namespace, "kube-system");
    assert_string_equal(name.pod, "coredns-abc");
    assert_string_equal(name.uid, UID);
    assert_true(pod_name_parse("kube-system_etcd-node.example_" HASH, &name));
    assert_string_equal(name.uid, HASH);
}

static void test_other_directories_name_none(void **state)
{
    (void)state;
    static const char wrong_uid[] = "a_b_" UID "0";
    static const char *const wrong[] = {".",    "a",    "a_b",     "_b_c",
                                        "a__c", "a_b_", "a_b_c_d", wrong_uid};
    struct pod_name name;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_false(pod_name_parse(wrong[i], &name));
}

static void add(void *context, const struct pod_name *name)
{
    unsigned *found = context;
    *found += strcmp(name->pod, "web") == 0 ? 1 : 100;
}

static void test_pods_are_read_from_a_directory(void **state)
{
    (void)state;
    unsigned found = 0;
    assert_int_equal(mkdir(scratch_path("shop_web_" UID), 0700), 0);
    assert_int_equal(mkdir(scratch_path("lost+found"), 0700), 0);
    pod_names_read(scratch_directory(), add, &found);
    assert_int_equal(found, 1);
    pod_names_read(scratch_path("missing"), add, &found);
    assert_int_equal(found, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_runtime_has_its_paths),
        cmocka_unit_test(test_the_line_that_tells_most_counts),
        cmocka_unit_test(test_a_long_unit_is_truncated),
        cmocka_unit_test(test_a_directory_of_logs_names_a_pod),
        cmocka_unit_test(test_other_directories_name_none),
        cmocka_unit_test(test_pods_are_read_from_a_directory),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
