// SPDX-License-Identifier: Apache-2.0
/*
 * The walk through a tree of directories: of a test's own, which has everything that matters of a
 * tree of cgroups, and can be made by anybody. Integration tests walk the kernel's.
 */
#include "kernel/cgroup_paths.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 100 };

/* All that a walk has told. */
static struct {
    uint64_t id;
    char path[CGROUP_PATH_SIZE];
} told[MOST];
static size_t told_count;

static void take(void *context, uint64_t id, const char *path)
{
    assert_ptr_equal(context, told);
    assert_in_range(told_count, 0, MOST - 1);
    told[told_count].id = id;
    strcpy(told[told_count++].path, path);
}

static int open_root(void)
{
    int fd = open(scratch_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static void walk(unsigned depth)
{
    told_count = 0;
    cgroup_paths_walk(open_root(), depth, take, told);
}

static void make(const char *name)
{
    assert_int_equal(mkdir(scratch_path(name), 0755), 0);
}

static uint64_t inode_of(const char *name)
{
    struct stat status;
    assert_int_equal(stat(scratch_path(name), &status), 0);
    return status.st_ino;
}

/* The path that was told of a directory; NULL if none was. */
static const char *path_of(const char *name)
{
    uint64_t id = inode_of(name);
    const char *path = NULL;
    for (size_t i = 0; i < told_count; i++) {
        if (told[i].id != id)
            continue;
        assert_null(path); /* only once */
        path = told[i].path;
    }
    return path;
}

static void test_every_directory_has_its_path(void **state)
{
    (void)state;
    static const char *const names[] = {"a.slice", "a.slice/b", "a.slice/b/c", "a.slice/d", "e"};
    for (size_t i = 0; i < 5; i++)
        make(names[i]);
    scratch_write_text("cgroup.procs", "1\n");
    scratch_write_text("e/cgroup.procs", "1\n");
    walk(0);
    assert_int_equal(told_count, 1 + 5);
    assert_string_equal(path_of("."), "/");
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(path_of(names[i])[0] == '/' ? path_of(names[i]) + 1 : "", names[i]);
        assert_int_equal(path_of(names[i])[0], '/');
    }
}

static void test_deeper_ones_have_the_path_of_their_ancestor(void **state)
{
    (void)state;
    make("a");
    make("a/b");
    make("a/b/c");
    make("a/b/c/d");
    make("a/x");
    walk(2);
    assert_int_equal(told_count, 1 + 5);
    assert_string_equal(path_of("a"), "/a");
    assert_string_equal(path_of("a/b"), "/a/b");
    assert_string_equal(path_of("a/b/c"), "/a/b");
    assert_string_equal(path_of("a/b/c/d"), "/a/b");
    assert_string_equal(path_of("a/x"), "/a/x");
}

static void test_a_walk_ends_at_a_depth(void **state)
{
    (void)state;
    char name[2 * (CGROUP_PATHS_DEEPEST + 2)] = "d";
    for (int depth = 1; depth <= CGROUP_PATHS_DEEPEST + 1; depth++, strcat(name, "/d"))
        make(name);
    walk(1);
    assert_int_equal(told_count, 1 + CGROUP_PATHS_DEEPEST);
}

/* Two components make the longest path, one byte more makes it too long. */
static void test_a_path_that_is_too_long_is_left_out_with_its_children(void **state)
{
    (void)state;
    char names[3][CGROUP_PATH_SIZE] = {{0}};
    memset(names[0], 'a', 255);
    strcpy(names[1], names[0]);
    names[1][255] = '/';
    memset(names[1] + 256, 'b', 254);
    strcpy(names[2], names[1]);
    names[2][510] = 'b';
    make(names[0]);
    make(names[1]);
    make(names[2]);
    make("z");
    char child[CGROUP_PATH_SIZE + 8];
    snprintf(child, sizeof child, "%s/c", names[2]);
    make(child);
    walk(0);
    assert_int_equal(told_count, 1 + 3);
    assert_int_equal(strlen(path_of(names[1])), CGROUP_PATH_SIZE - 1);
    assert_null(path_of(names[2]));
    assert_null(path_of(child));
    assert_string_equal(path_of("z"), "/z");
    walk(1);
    assert_int_equal(told_count, 1 + 5);
    assert_string_equal(path_of(child), path_of(names[0]));
}

static void test_odd_names(void **state)
{
    (void)state;
    make(".hidden");
    make("..x");
    make("a\"b\\x2d\x7f");
    make("\xc3\xa9\t ");
    walk(0);
    assert_int_equal(told_count, 1 + 4);
    assert_string_equal(path_of(".hidden"), "/.hidden");
    assert_string_equal(path_of("..x"), "/..x");
    assert_string_equal(path_of("a\"b\\x2d\x7f"), "/a\"b\\x2d_");
    assert_string_equal(path_of("\xc3\xa9\t "), "/___ ");
}

/* A link is no cgroup: it would lead out of the tree, or around in it. */
static void test_links_are_not_followed(void **state)
{
    (void)state;
    make("a");
    assert_int_equal(symlink("..", scratch_path("a/up")), 0);
    assert_int_equal(symlink("/", scratch_path("root")), 0);
    walk(0);
    assert_int_equal(told_count, 1 + 1);
}

static void test_a_directory_without_cgroups_is_none(void **state)
{
    (void)state;
    assert_int_equal(cgroup_paths_open(scratch_directory()), -1);
    make("unified");
    assert_int_equal(cgroup_paths_open(scratch_directory()), -1);
    assert_int_equal(cgroup_paths_open(scratch_path("missing")), -1);
}

/* For lack of descriptors, after that of the root. */
static void test_a_directory_that_cannot_be_opened_has_no_children(void **state)
{
    (void)state;
    struct rlimit limit;
    make("a");
    make("a/b");
    int root = open_root();
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none_left = {(rlim_t)root + 1, limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none_left), 0);
    told_count = 0;
    cgroup_paths_walk(root, 0, take, told);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(told_count, 1 + 1);
    assert_string_equal(path_of("a"), "/a");
}

static void test_no_descriptor_stays_open(void **state)
{
    (void)state;
    make("a");
    make("a/b");
    int next = open_root();
    close(next);
    walk(0);
    cgroup_paths_open(scratch_directory());
    int fd = open_root();
    close(fd);
    assert_int_equal(fd, next);
}

struct counted {
    unsigned below[2];
};

static void count_below(void *context, uint64_t id, const char *path)
{
    struct counted *counted = context;
    (void)id;
    counted->below[0] += strncmp(path, "/a/", 3) == 0;
    counted->below[1] += strncmp(path, "/b/", 3) == 0;
}

/* Nobody takes the names of all others. */
static void test_one_part_of_the_tree_does_not_use_up_the_walk(void **state)
{
    (void)state;
    struct counted counted = {{0, 0}};
    make("a");
    make("b");
    for (unsigned i = 0; i < CGROUP_PATHS_MOST; i++) {
        char name[16];
        snprintf(name, sizeof name, "%c/%u", i % 2 ? 'a' : 'b', i);
        make(name);
    }
    int root = open(scratch_directory(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    cgroup_paths_walk(root, 0, count_below, &counted);
    unsigned first = counted.below[0] > counted.below[1] ? 0 : 1;
    assert_in_range(counted.below[first], CGROUP_PATHS_MOST / 2 - 2, CGROUP_PATHS_MOST / 2);
    assert_in_range(counted.below[1 - first], CGROUP_PATHS_MOST / 4 - 2, CGROUP_PATHS_MOST / 4 + 2);
}

#define PATHS_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PATHS_TEST(test_every_directory_has_its_path),
        PATHS_TEST(test_deeper_ones_have_the_path_of_their_ancestor),
        PATHS_TEST(test_a_walk_ends_at_a_depth),
        PATHS_TEST(test_a_path_that_is_too_long_is_left_out_with_its_children),
        PATHS_TEST(test_odd_names),
        PATHS_TEST(test_links_are_not_followed),
        PATHS_TEST(test_a_directory_without_cgroups_is_none),
        PATHS_TEST(test_a_directory_that_cannot_be_opened_has_no_children),
        PATHS_TEST(test_no_descriptor_stays_open),
        PATHS_TEST(test_one_part_of_the_tree_does_not_use_up_the_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
