// SPDX-License-Identifier: Apache-2.0
#include "walk_schedule.h"

static const double suspect_weight = 6; /* by which the age of a suspect's walk is multiplied */
static const double grown_part = 0.1;   /* of its ports: growth that deserves a turn */
static const int64_t saved_over = INT64_C(10000000000); /* nanoseconds */

static bool is_suspect(const struct walk_candidate *candidate)
{
    return candidate->bound >= WALK_SUSPECT;
}

static bool is_due(const struct walk_candidate *candidate, int64_t interval, int64_t now)
{
    return candidate->walked == 0 || now - candidate->walked >= interval;
}

/* By how many sockets the namespace has grown since its walk; 0 unless that deserves a turn. */
static uint64_t compute_growth(const struct walk_candidate *candidate)
{
    if (!is_suspect(candidate) || candidate->sockets <= candidate->sockets_walked)
        return 0;
    uint64_t growth = candidate->sockets - candidate->sockets_walked;
    return (double)growth >= grown_part * (double)candidate->ports ? growth : 0;
}

static double compute_weighted_age(const struct walk_candidate *candidate, int64_t now)
{
    double age = (double)(now - candidate->walked);
    return is_suspect(candidate) ? suspect_weight * age : age;
}

static size_t pick_grown(const struct walk_candidate *candidates, size_t count, int64_t interval,
                         int64_t now)
{
    size_t best = count;
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t growth = compute_growth(&candidates[i]);
        if (growth > most && is_due(&candidates[i], interval, now)) {
            most = growth;
            best = i;
        }
    }
    return best;
}

static size_t pick_oldest(const struct walk_candidate *candidates, size_t count, int64_t interval,
                          int64_t now)
{
    size_t best = count;
    double most = 0;
    for (size_t i = 0; i < count; i++) {
        double age = compute_weighted_age(&candidates[i], now);
        if (age > most && is_due(&candidates[i], interval, now)) {
            most = age;
            best = i;
        }
    }
    return best;
}

size_t walk_schedule_pick(struct walk_schedule *schedule, const struct walk_candidate *candidates,
                          size_t count, int64_t interval, int64_t now)
{
    schedule->grown_had_turn = !schedule->grown_had_turn;
    if (schedule->grown_had_turn) {
        size_t grown = pick_grown(candidates, count, interval, now);
        if (grown < count)
            return grown;
    }
    return pick_oldest(candidates, count, interval, now);
}

struct walk_budget walk_budget_make(double cpu_share, int64_t now)
{
    return (struct walk_budget){.cpu_share = cpu_share, .at = now};
}

int64_t walk_budget_find_time(struct walk_budget *budget, int64_t now)
{
    int64_t most = (int64_t)(budget->cpu_share * (double)saved_over);
    budget->saved += (int64_t)(budget->cpu_share * (double)(now - budget->at));
    budget->at = now;
    if (budget->saved > most)
        budget->saved = most;
    if (budget->saved > 0)
        return now;
    return now + (int64_t)((double)(1 - budget->saved) / budget->cpu_share) + 1;
}

void walk_budget_spend(struct walk_budget *budget, int64_t cost)
{
    budget->saved -= cost;
}
