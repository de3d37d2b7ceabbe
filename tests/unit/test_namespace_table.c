// SPDX-License-Identifier: Apache-2.0
/*
 * What namespaces are called, which of them are listed, and the bound of their ports.
 */
#include "namespaces/namespace_table.h"
#include "namespaces/process_table.h"

#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "7e87f4f1-9c5d-4a6b-8f0e-0123456789ab"

static struct namespace_table *make_table(size_t max, const char *include, const char *exclude)
{
    struct namespace_table *table = calloc(1, sizeof *table);
    assert_non_null(table);
    table->max = max;
    assert_true(name_filter_init(&table->filter, include, exclude));
    return table;
}

static void free_table(struct namespace_table *table)
{
    namespace_table_release(table);
    free(table);
}

/* Add a namespace, unnamed. */
static struct namespace *add(struct namespace_table *table, uint64_t inode)
{
    int place = namespace_table_add(table, inode, 1);
    assert_true(place >= 0);
    return table->places[place];
}

/* Add one that has a name in /run/netns. */
static struct namespace *add_named(struct namespace_table *table, uint64_t inode, const char *name)
{
    struct namespace *entry = add(table, inode);
    strcpy(entry->file_name, name);
    namespace_table_name(table, entry);
    return entry;
}

static void assert_called(struct namespace_table *table, struct namespace *entry, const char *name)
{
    namespace_table_name(table, entry);
    assert_string_equal(entry->name, name);
}

static void test_the_most_telling_name_wins(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(10, NULL, NULL);
    struct namespace *entry = add(table, 4026532205);
    assert_called(table, entry, "netns-4026532205");
    entry->owner =
        (struct cgroup_name){.owner = OWNER_UNIT, .runtime = "systemd", .unit = "a.service"};
    assert_called(table, entry, "a.service");
    strcpy(entry->file_name, "blue");
    assert_called(table, entry, "blue");
    entry->owner = (struct cgroup_name){.owner = OWNER_CONTAINER, .runtime = "lxc", .unit = "web"};
    assert_called(table, entry, "lxc/web");
    entry->owner =
        (struct cgroup_name){.owner = OWNER_CONTAINER, .runtime = "docker", .container_id = ID};
    assert_called(table, entry, "docker/0123456789ab");
    strcpy(entry->owner.pod_uid, UID);
    assert_called(table, entry, "pod-" UID);
    strcpy(entry->pod.namespace, "shop");
    strcpy(entry->pod.pod, "web-0");
    assert_called(table, entry, "shop/web-0");
    entry->is_host = true;
    assert_called(table, entry, "host");
    free_table(table);
}

static void test_names_are_unique(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(10, NULL, NULL);
    struct namespace *first = add_named(table, 5, "blue");
    struct namespace *second = add_named(table, 6, "blue");
    assert_string_equal(first->name, "blue");
    assert_string_equal(second->name, "blue-6");
    assert_string_equal(add_named(table, 8, "blue-7")->name, "blue-7");
    assert_string_equal(add_named(table, 7, "blue")->name, "netns-7");
    assert_string_equal(add_named(table, 9, "other")->name, "other-9"); /* that is the sum */
    assert_string_equal(add_named(table, 10, "netns-6")->name, "netns-6-10");
    assert_string_equal(add_named(table, 11, "netns-blue")->name, "netns-blue");
    free_table(table);
}

static void test_a_name_stays_when_its_double_has_gone(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(10, NULL, NULL);
    add_named(table, 5, "blue");
    struct namespace *second = add_named(table, 6, "blue");
    namespace_table_remove(table, namespace_table_find(table, 5));
    assert_called(table, second, "blue-6");
    assert_string_equal(add_named(table, 7, "blue")->name, "blue");
    strcpy(second->file_name, "green");
    assert_called(table, second, "green");
    free_table(table);
}

static void test_the_longest_names_fit(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(10, NULL, NULL);
    for (uint64_t inode = 4294967294; inode <= 4294967295; inode++) {
        struct namespace *entry = add(table, inode);
        memset(entry->pod.namespace, 'n', sizeof entry->pod.namespace - 1);
        memset(entry->pod.pod, 'p', sizeof entry->pod.pod - 1);
        namespace_table_name(table, entry);
        assert_int_equal(strlen(entry->name), inode % 2 ? 63 + 1 + 253 + 11 : 63 + 1 + 253);
    }
    free_table(table);
}

static void test_the_first_are_listed_and_the_next_follow(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(2, NULL, NULL);
    struct namespace *entries[4];
    static const char *const names[] = {"a", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        entries[i] = add_named(table, 10 + i, names[i]);
    assert_true(entries[0]->listed && entries[1]->listed);
    assert_false(entries[2]->listed || entries[3]->listed);
    namespace_table_remove(table, namespace_table_find(table, 10));
    assert_true(entries[1]->listed && entries[2]->listed);
    assert_false(entries[3]->listed);
    struct namespace *later = add_named(table, 20, "e"); /* in the place of the first */
    namespace_table_remove(table, namespace_table_find(table, 11));
    assert_true(entries[3]->listed);
    assert_false(later->listed);
    assert_int_equal(table->listed, 2);
    assert_int_equal(table->admitted, 3);
    assert_int_equal(table->count, 3);
    free_table(table);
}

static void test_the_filter_admits_by_name(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(2, "^(shop|host)", "-[0-9]+$");
    struct namespace *shop = add_named(table, 1, "shop/web");
    struct namespace *excluded = add_named(table, 2, "shop/web-0");
    struct namespace *missing = add_named(table, 3, "a/shop");
    assert_true(shop->admitted && shop->listed);
    assert_false(excluded->admitted || excluded->listed || missing->admitted);
    assert_int_equal(table->admitted, 1);
    strcpy(missing->file_name, "shop/db");
    namespace_table_name(table, missing);
    assert_true(missing->admitted && missing->listed);
    strcpy(shop->file_name, "backup");
    namespace_table_name(table, shop);
    assert_false(shop->admitted || shop->listed);
    assert_int_equal(table->admitted, 1);
    assert_int_equal(table->listed, 1);
    free_table(table);
}

static void test_only_correct_expressions(void **state)
{
    (void)state;
    struct name_filter filter;
    assert_true(name_pattern_is_valid("^kube-system/"));
    assert_false(name_pattern_is_valid("("));
    assert_false(name_filter_init(&filter, "a", "("));
    assert_false(name_filter_init(&filter, "(", NULL));
    assert_true(name_filter_init(&filter, NULL, "a|b"));
    assert_true(name_filter_admits(&filter, "c"));
    assert_false(name_filter_admits(&filter, "xby"));
    name_filter_release(&filter);
}

static void test_a_full_table_says_so_once(void **state)
{
    (void)state;
    struct namespace_table *table = make_table(1, NULL, NULL);
    for (uint64_t inode = 1; inode <= NAMESPACES_CAPACITY; inode++)
        add(table, inode);
    struct stderr_lines lines = stderr_lines_start();
    assert_int_equal(namespace_table_add(table, 9999, 1), -1);
    assert_int_equal(namespace_table_add(table, 9998, 1), -1);
    assert_int_equal(stderr_lines_stop(&lines, NULL), 1);
    namespace_table_remove(table, 100);
    assert_int_equal(namespace_table_add(table, 9999, 1), 100);
    free_table(table);
}

/* ---- the bound ---- */

static uint64_t bound_of(uint64_t full, uint64_t mini, uint64_t at_opens, uint64_t active,
                         uint64_t passive)
{
    struct namespace entry = {
        .numbers = {.tcp = {full, 0},
                    .minisockets = mini,
                    .counters = {.active_opens = active, .passive_opens = passive}},
        .sockets_at_opens = at_opens,
    };
    return namespace_tcp_bound(&entry);
}

static void test_the_bound_of_ports(void **state)
{
    (void)state;
    assert_int_equal(bound_of(30, 20, 50, 1000, 9), 50);    /* every socket may be a client's */
    assert_int_equal(bound_of(300, 200, 500, 40, 900), 40); /* of which only 40 were opened */
    assert_int_equal(bound_of(300, 200, 450, 40, 900), 90); /* and 50 more since then, perhaps */
    assert_int_equal(bound_of(300, 200, 600, 40, 900), 40);
    assert_int_equal(bound_of(300, 200, 500, 0, 0), 500); /* restored: opened by nobody */
    assert_int_equal(bound_of(300, 200, 500, 10, 100), 400);
    assert_int_equal(bound_of(0, 0, 0, 7, 7), 0);
    assert_int_equal(bound_of(300, 200, 450, PROCFS_ABSENT, 0), 500);
    assert_int_equal(bound_of(300, 200, 450, PROCFS_ABSENT, PROCFS_ABSENT), 500);
    assert_int_equal(bound_of(300, 200, 450, 449, 449), 499);
}

/* ---- processes ---- */

static void list(struct process_table *table, const uint32_t *pids, size_t count)
{
    process_table_begin(table);
    for (size_t i = 0; i < count; i++)
        process_table_add(table, pids[i]);
    process_table_end(table);
}

static void test_known_processes_keep_their_places(void **state)
{
    (void)state;
    struct process_table table = {0};
    list(&table, (const uint32_t[]){30, 1, 20}, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(table.now.processes[i].place, PLACE_UNKNOWN);
        table.now.processes[i].place = (uint16_t)(i == 1 ? 5 : 7); /* 1, 20, 30 */
    }
    list(&table, (const uint32_t[]){20, 25, 30, 1}, 4);
    static const uint32_t pids[] = {1, 20, 25, 30};
    static const uint16_t places[] = {7, 5, PLACE_UNKNOWN, 7};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(table.now.processes[i].pid, pids[i]);
        assert_int_equal(table.now.processes[i].place, places[i]);
    }
    assert_int_equal(process_table_replace(&table, 1, 7), 30);
    assert_int_equal(process_table_replace(&table, 30, 7), 0);
    assert_int_equal(table.now.processes[0].place, PLACE_UNKNOWN);
    assert_int_equal(table.now.processes[1].place, 5);
    assert_int_equal(table.now.processes[3].place, PLACE_UNKNOWN);
    list(&table, (const uint32_t[]){25}, 1);
    list(&table, (const uint32_t[]){1, 25}, 2); /* 1 is a new one */
    assert_int_equal(table.now.processes[0].place, PLACE_UNKNOWN);
    process_table_release(&table);
}

static void test_more_processes_than_fit_are_counted(void **state)
{
    (void)state;
    struct process_table table = {0};
    process_table_begin(&table);
    for (uint32_t pid = 1; pid <= PROCESSES_CAPACITY + 3; pid++)
        process_table_add(&table, pid);
    process_table_end(&table);
    assert_int_equal(table.now.count, PROCESSES_CAPACITY);
    assert_int_equal(table.untracked, 3);
    list(&table, (const uint32_t[]){1}, 1);
    assert_int_equal(table.untracked, 0);
    process_table_release(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_most_telling_name_wins),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_a_name_stays_when_its_double_has_gone),
        cmocka_unit_test(test_the_longest_names_fit),
        cmocka_unit_test(test_the_first_are_listed_and_the_next_follow),
        cmocka_unit_test(test_the_filter_admits_by_name),
        cmocka_unit_test(test_only_correct_expressions),
        cmocka_unit_test(test_a_full_table_says_so_once),
        cmocka_unit_test(test_the_bound_of_ports),
        cmocka_unit_test(test_known_processes_keep_their_places),
        cmocka_unit_test(test_more_processes_than_fit_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
