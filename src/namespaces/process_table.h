// SPDX-License-Identifier: Apache-2.0
/*
 * The processes of the node and the namespace of each, between two listings of /proc. Only new
 * processes have to be looked at.
 */
#ifndef SOCKDIAG_NAMESPACES_PROCESS_TABLE_H
#define SOCKDIAG_NAMESPACES_PROCESS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes 4 MiB with both listings. Processes beyond are not looked at. */
enum { PROCESSES_CAPACITY = 262144 };

/* The place of a namespace in the table of namespaces, or one of these. */
enum { PLACE_UNKNOWN = 0xffff, PLACE_NONE = 0xfffe };

struct process {
    uint32_t pid;
    uint16_t place;
};

struct process_list {
    struct process *processes; /* in the order of their pids */
    size_t count;
    size_t capacity;
};

/* All zero is an empty table. */
struct process_table {
    struct process_list now, before;
    uint64_t untracked; /* processes of the last listing without room: capacity or memory */
};

void process_table_release(struct process_table *table);

/* Begin a listing, add each process of it, end it. Processes that were in the last one then have
 * the places that they had; those of others are PLACE_UNKNOWN. */
void process_table_begin(struct process_table *table);
void process_table_add(struct process_table *table, uint32_t pid);
void process_table_end(struct process_table *table);

/* Forget where the process `pid` is, and find another one in the namespace at `place`: the one with
 * the lowest pid above it. Returns its pid; 0: none. */
uint32_t process_table_replace(struct process_table *table, uint32_t pid, uint16_t place);

#endif
