// SPDX-License-Identifier: Apache-2.0
/*
 * Which namespace is walked next; and a simulated hour of 200 namespaces with half a million
 * sockets at the costs that were measured: how long after a burst its exact number is known.
 */
#include "namespaces/walk_schedule.h"

#include "seeded.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

enum { PORTS = 28232 };

/* Neither a suspect nor grown, walked at second 100. */
static struct walk_candidate calm(void)
{
    return (struct walk_candidate){
        .walked = 100 * SECOND, .sockets = 50, .sockets_walked = 50, .ports = PORTS};
}

static struct walk_candidate suspect(uint64_t growth)
{
    struct walk_candidate candidate = calm();
    candidate.bound = WALK_SUSPECT;
    candidate.sockets += growth;
    return candidate;
}

/* Picks in a row, all at once, as if each walk changed nothing. */
static void assert_picks(const struct walk_candidate *candidates, size_t count, int64_t second,
                         size_t first, size_t then)
{
    struct walk_schedule schedule = {0};
    assert_int_equal(walk_schedule_pick(&schedule, candidates, count, 5 * SECOND, second * SECOND),
                     first);
    assert_int_equal(walk_schedule_pick(&schedule, candidates, count, 5 * SECOND, second * SECOND),
                     then);
    assert_int_equal(walk_schedule_pick(&schedule, candidates, count, 5 * SECOND, second * SECOND),
                     first);
}

static void test_nobody_to_walk(void **state)
{
    (void)state;
    assert_picks(NULL, 0, 200, 0, 0);
}

static void test_the_oldest_first(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {calm(), calm(), calm()};
    candidates[1].walked = 99 * SECOND;
    assert_picks(candidates, 3, 200, 1, 1);
}

static void test_never_walked_is_oldest(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {calm(), calm()};
    candidates[0].walked = SECOND;
    candidates[1].walked = 0;
    assert_picks(candidates, 2, 3, 1, 1); /* the other is not due */
    assert_picks(candidates, 2, 200, 1, 1);
}

static void test_a_suspect_is_six_times_as_old(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {calm(), suspect(0)};
    candidates[1].walked = 190 * SECOND; /* at 200 it counts as 60 s old */
    candidates[0].walked = 141 * SECOND;
    assert_picks(candidates, 2, 200, 1, 1);
    candidates[0].walked = 139 * SECOND;
    assert_picks(candidates, 2, 200, 0, 0);
    candidates[0].walked = 141 * SECOND;
    candidates[1].bound = WALK_SUSPECT - 0.001;
    assert_picks(candidates, 2, 200, 0, 0);
}

static void test_every_other_turn_is_for_what_grew_most(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {calm(), suspect(5000), suspect(6000), suspect(5999)};
    candidates[0].walked = SECOND;
    assert_picks(candidates, 4, 119, 2, 0);
}

static void test_growth_of_others_does_not_count(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {calm(), suspect(10000)};
    candidates[0].walked = SECOND;
    candidates[1].bound = WALK_SUSPECT - 0.001;
    assert_picks(candidates, 2, 119, 0, 0);
    candidates[1] = suspect(PORTS / 10); /* less than a tenth */
    assert_picks(candidates, 2, 119, 0, 0);
    candidates[1] = suspect(PORTS / 10 + 1);
    assert_picks(candidates, 2, 119, 1, 0);
    candidates[1].sockets_walked = candidates[1].sockets + 5000; /* it shrank */
    assert_picks(candidates, 2, 119, 0, 0);
}

static void test_none_is_walked_again_at_once(void **state)
{
    (void)state;
    struct walk_candidate candidates[] = {suspect(10000)};
    assert_picks(candidates, 1, 104, 1, 1);
    assert_picks(candidates, 1, 105, 0, 0);
}

static void test_budget(void **state)
{
    (void)state;
    struct walk_budget budget = walk_budget_make(0.02, 100 * SECOND);
    int64_t next = walk_budget_find_time(&budget, 100 * SECOND);
    assert_true(next > 100 * SECOND && next < 100 * SECOND + 1000);
    assert_int_equal(walk_budget_find_time(&budget, next), next);
    assert_int_equal(walk_budget_find_time(&budget, 101 * SECOND), 101 * SECOND);
    walk_budget_spend(&budget, 60000000); /* 20 ms of it were saved: 2 s to wait */
    next = walk_budget_find_time(&budget, 101 * SECOND);
    assert_in_range(next, 103 * SECOND, 103 * SECOND + 1000);
    assert_int_equal(walk_budget_find_time(&budget, next), next);

    assert_int_equal(walk_budget_find_time(&budget, 1000 * SECOND), 1000 * SECOND);
    walk_budget_spend(&budget, 199000000); /* ten seconds' worth is kept */
    assert_int_equal(walk_budget_find_time(&budget, 1000 * SECOND), 1000 * SECOND);
    walk_budget_spend(&budget, 1000000);
    assert_true(walk_budget_find_time(&budget, 1000 * SECOND) > 1000 * SECOND);
}

enum { NAMESPACES = 200, SOCKETS = 500000, SECONDS = 3600, BURSTS = 60 };

/* CPU time, in nanoseconds: kernel.md's figures, measured on Linux 6.18. */
static const double looked_at = 70, listed = 900, walk_base = 300000;
static const double default_share = 0.012; /* 60 % of --sample.cpu-budget */
static const double counters_a_second =
    4.5e6; /* reading them in 200 namespaces, and finding these */

struct simulated {
    double sockets, client_part, used, opens_a_second;
    double extra, opens, used_walked, opens_walked;
    int64_t burst; /* the second it began; -1: none */
    int64_t full;  /* when 40 % were in use; -1: not (yet), or a walk has seen it */
};

struct simulation {
    struct simulated namespaces[NAMESPACES];
    struct walk_candidate candidates[NAMESPACES];
    double delays[BURSTS];
    int seen, full;
    double cpu, walked_ages[NAMESPACES];
};

static double uniform(struct seeded *random, double low, double high)
{
    return low + (high - low) * (double)(seeded_bits(random) >> 11) / 9007199254740992.0;
}

/* Sizes by Zipf's law; a third of the namespaces open most connections themselves. */
static void populate(struct simulation *simulation, struct seeded *random)
{
    double sum = 0;
    for (int i = 0; i < NAMESPACES; i++)
        sum += 1.0 / (i + 1);
    for (int i = 0; i < NAMESPACES; i++) {
        struct simulated *one = &simulation->namespaces[i];
        bool client = uniform(random, 0, 1) < 0.3;
        one->sockets = (double)SOCKETS / sum / (i + 1);
        one->client_part = client ? uniform(random, .1, .6) : uniform(random, 0, .05);
        one->used = fmin(one->sockets * one->client_part, .35 * (double)PORTS);
        one->opens_a_second = client ? one->sockets * one->client_part / 30 : one->sockets * .002;
        one->burst = one->full = -1;
    }
}

/* Ten seconds of 2,000 connections each, which are TIME_WAIT for a minute. */
static void live(struct simulated *one, int64_t now)
{
    one->opens += one->opens_a_second;
    if (one->burst >= 0 && now - one->burst < 10) {
        one->extra += 2000;
        one->opens += 2000;
    } else if (one->burst >= 0 && now - one->burst >= 60) {
        one->extra = fmax(0, one->extra - 2000);
    }
    if (one->burst >= 0 && now - one->burst >= 70) {
        one->extra = 0;
        one->burst = one->full = -1;
    }
}

static void describe(const struct simulated *one, struct walk_candidate *candidate)
{
    double sockets = one->sockets + one->extra;
    double most = candidate->walked == 0
                      ? sockets
                      : fmin(sockets, one->used_walked + one->opens - one->opens_walked);
    candidate->sockets = (uint64_t)sockets;
    candidate->ports = PORTS;
    candidate->bound = fmin(1, most / (double)PORTS);
}

static double walk(struct simulation *simulation, size_t i, int64_t now)
{
    struct simulated *one = &simulation->namespaces[i];
    struct walk_candidate *candidate = &simulation->candidates[i];
    candidate->walked = (now + 1) * SECOND; /* 0 is never */
    candidate->sockets_walked = candidate->sockets;
    one->used_walked = one->used + one->extra;
    one->opens_walked = one->opens;
    if (one->full >= 0) {
        simulation->delays[simulation->seen++] = (double)(now - one->full);
        one->full = -2; /* seen */
    }
    return walk_base + (double)SOCKETS * looked_at + (one->sockets + one->extra) * listed;
}

static void live_a_second(struct simulation *simulation, struct walk_schedule *schedule,
                          struct walk_budget *budget, int64_t now)
{
    for (int i = 0; i < NAMESPACES; i++) {
        struct simulated *one = &simulation->namespaces[i];
        live(one, now);
        if (one->burst >= 0 && one->full == -1 && one->used + one->extra >= .4 * (double)PORTS) {
            one->full = now;
            simulation->full++;
        }
        describe(one, &simulation->candidates[i]);
    }
    walk_budget_spend(budget, (int64_t)counters_a_second);
    simulation->cpu += counters_a_second;
    while (walk_budget_find_time(budget, (now + 1) * SECOND) == (now + 1) * SECOND) {
        size_t i = walk_schedule_pick(schedule, simulation->candidates, NAMESPACES, 5 * SECOND,
                                      (now + 1) * SECOND);
        if (i == NAMESPACES)
            break;
        double cost = walk(simulation, i, now);
        simulation->cpu += cost;
        walk_budget_spend(budget, (int64_t)cost);
    }
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* An hour at this share of a CPU, after five minutes without bursts. Prints what came of it, and
 * returns the part of the bursts that a walk saw before they were over. */
static double simulate(struct seeded *random, double cpu_share, double *median, double *late)
{
    static struct simulation simulation;
    struct walk_schedule schedule = {0};
    struct walk_budget budget = walk_budget_make(cpu_share, 0);
    memset(&simulation, 0, sizeof simulation);
    populate(&simulation, random);
    int64_t begins[BURSTS];
    for (int i = 0; i < BURSTS; i++)
        begins[i] = seeded_between(random, 300, SECONDS - 120);
    for (int64_t now = 0; now < SECONDS; now++) {
        for (int i = 0; i < BURSTS; i++) {
            if (begins[i] != now)
                continue;
            struct simulated *one =
                &simulation.namespaces[seeded_between(random, 0, NAMESPACES - 1)];
            if (one->burst < 0)
                one->burst = now;
        }
        live_a_second(&simulation, &schedule, &budget, now);
    }
    qsort(simulation.delays, (size_t)simulation.seen, sizeof simulation.delays[0], compare);
    *median = simulation.delays[simulation.seen / 2];
    *late = simulation.delays[simulation.seen * 95 / 100];
    print_message(
        "%.1f %% of a CPU (%.2f used): %d of %d bursts walked, exact after %.0f s (median), "
        "%.0f s (95th percentile)\n",
        cpu_share * 100, simulation.cpu / (double)SECONDS / 1e7, simulation.seen, simulation.full,
        *median, *late);
    assert_true(simulation.cpu / (double)SECONDS <= cpu_share * 1e9 * 1.01);
    return (double)simulation.seen / simulation.full;
}

static void test_simulated_hours(void **state)
{
    (void)state;
    struct seeded random = seeded_start();
    double medians = 0, lates = 0, seen = 0, median, late;
    static const double hours = 20;
    for (int hour = 0; hour < hours; hour++) {
        seen += simulate(&random, default_share, &median, &late) / hours;
        medians += median / hours;
        lates += late / hours;
    }
    print_message("mean: %.1f s, %.1f s, %.0f %% seen\n", medians, lates, seen * 100);
    assert_true(seen >= 0.96);
    assert_true(medians <= 6);
    assert_true(lates <= 23);
    simulate(&random, 0.02, &median, &late); /* for comparison */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_to_walk),
        cmocka_unit_test(test_the_oldest_first),
        cmocka_unit_test(test_never_walked_is_oldest),
        cmocka_unit_test(test_a_suspect_is_six_times_as_old),
        cmocka_unit_test(test_every_other_turn_is_for_what_grew_most),
        cmocka_unit_test(test_growth_of_others_does_not_count),
        cmocka_unit_test(test_none_is_walked_again_at_once),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_simulated_hours),
    };
    return cmocka_run_group_tests_name("walk_schedule", tests, NULL, NULL);
}
