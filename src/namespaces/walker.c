// SPDX-License-Identifier: Apache-2.0
#include "walker.h"

#include "base/log.h"
#include "walk_schedule.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* How often the listeners of a namespace are looked at, and at most how many in one step. */
static const int64_t listen_interval = 10 * NANOSECONDS_PER_SECOND;
enum { LOOKS_PER_STEP = 16 };

/* How long to wait when no namespace is due. */
static const int64_t pause_length = NANOSECONDS_PER_SECOND;

struct walker {
    struct netns_helper *helper;
    const struct clock *clock;
    struct walker_options options;
    struct port_usage *scratch;
    struct walk_schedule schedule;
    struct walk_budget budget;
    struct walker_report report;
    struct walk_candidate *candidates; /* room for `capacity` */
    size_t capacity;
};

struct walker *walker_create(struct netns_helper *helper, const struct clock *clock,
                             const struct walker_options *options)
{
    struct walker *walker = calloc(1, sizeof *walker);
    if (!walker)
        return NULL;
    walker->helper = helper;
    walker->clock = clock;
    walker->options = *options;
    walker->budget = walk_budget_make(options->cpu_share, clock_now(clock));
    walker->scratch = port_usage_create(true);
    if (walker->scratch)
        return walker;
    walker_destroy(walker);
    return NULL;
}

void walker_destroy(struct walker *walker)
{
    if (!walker)
        return;
    port_usage_destroy(walker->scratch);
    free(walker->candidates);
    free(walker);
}

static uint64_t find_usable(const struct namespace_walk *walk)
{
    return walk->walked > 0 ? walk->result.ports.usable : USUAL_EPHEMERAL_PORTS;
}

uint64_t namespace_walk_bound(const struct namespace_walk *walk, uint64_t most, uint64_t opens)
{
    const struct port_summary *ports = &walk->result.ports;
    if (walk->walked == 0)
        return most;
    uint64_t bound = ports->fullest + ports->destination_error_bound + opens - walk->opens_walked;
    return bound < most ? bound : most;
}

double namespace_walk_bound_ratio(const struct namespace_walk *walk, uint64_t bound)
{
    uint64_t usable = find_usable(walk);
    return bound < usable ? (double)bound / (double)usable : 1;
}

void walker_spend(struct walker *walker, int64_t cost)
{
    walk_budget_spend(&walker->budget, cost);
}

struct walker_report walker_get_report(const struct walker *walker)
{
    return walker->report;
}

/* Enter the namespace. If another one is there now (its cookie differs), forget what is known of
 * the old one and enter the new one. */
static int enter(struct walker *walker, const struct walked_namespace *one, bool with_settings,
                 struct netns_door *door)
{
    struct netns_target target = *one->target;
    target.cookie = one->walk->cookie;
    int error = netns_helper_enter(walker->helper, &target, with_settings, door);
    if (error == -ESTALE && target.cookie != 0) {
        *one->walk = (struct namespace_walk){0};
        target.cookie = 0;
        error = netns_helper_enter(walker->helper, &target, with_settings, door);
    }
    if (error == 0)
        one->walk->cookie = door->cookie;
    return error;
}

/* Is the namespace gone, or another one in its place? That is no failure of a walk. */
static bool is_gone(int error)
{
    return error == -ENOENT || error == -ESRCH || error == -ENXIO || error == -EINVAL ||
           error == -ESTALE;
}

static void keep_result(struct walker *walker, const struct walked_namespace *one, int64_t now,
                        const struct walk_result *result)
{
    struct namespace_walk *walk = one->walk;
    walk->result = *result;
    walk->walked = now;
    walk->walked_at = clock_unix_seconds(walker->clock);
    walk->sockets_walked = one->sockets;
    walk->opens_walked = one->opens;
    for (enum port_scope scope = 0; scope < PORT_SCOPES; scope++)
        peak_window_observe(&walk->peaks[scope], walker->options.peak_window, now,
                            result->ports.utilization[scope]);
}

static void log_failure(const struct walked_namespace *one, int error, const struct fault *fault)
{
    char description[256] = "";
    if (error == 0)
        fault_describe(fault, description, sizeof description);
    log_debug("netns", "cannot walk the namespace %" PRIu64 ": %s", one->target->inode,
              error ? strerror(-error) : description);
}

static void walk_one(struct walker *walker, const struct walked_namespace *one, int64_t now)
{
    struct netns_door door;
    struct fault fault = {.error_number = 0};
    struct walk_result result;
    int error = enter(walker, one, true, &door);
    bool good = error == 0 && walk_sockets(walker->scratch, &door, &result, &fault);
    one->walk->tried = now;
    if (good) {
        keep_result(walker, one, now, &result);
        walker->report.walks++;
    } else if (!is_gone(error) && fault.error_number != ENOENT) {
        walker->report.failures++;
        log_failure(one, error, &fault);
    }
    netns_door_close(&door);
}

static void look_at_listeners(struct walker *walker, const struct walked_namespace *one,
                              int64_t now)
{
    struct netns_door door;
    struct fault unlogged; /* a walk fails too, and is logged */
    bool entered = enter(walker, one, false, &door) == 0;
    one->walk->listened = now;
    one->walk->has_queue = entered && walk_listeners(&door, &one->walk->queue, &unlogged);
    netns_door_close(&door);
}

/* Look at the listeners that are due, of a few namespaces. Returns whether more are due. */
static bool step_listeners(struct walker *walker, const struct walked_namespace *namespaces,
                           size_t count, int64_t now)
{
    unsigned looks = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t listened = namespaces[i].walk->listened;
        if (listened > 0 && now - listened < listen_interval)
            continue;
        if (looks++ == LOOKS_PER_STEP)
            return true;
        look_at_listeners(walker, &namespaces[i], now);
    }
    return false;
}

/* Walk the namespace whose turn it is. Returns whether there was one. */
static bool step_walk(struct walker *walker, const struct walked_namespace *namespaces,
                      size_t count, int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        const struct namespace_walk *walk = namespaces[i].walk;
        walker->candidates[i] = (struct walk_candidate){
            .walked = walk->tried,
            .sockets = namespaces[i].sockets,
            .sockets_walked = walk->sockets_walked,
            .ports = find_usable(walk),
            .bound = namespaces[i].bound,
        };
    }
    size_t place = walk_schedule_pick(&walker->schedule, walker->candidates, count,
                                      walker->options.interval, now);
    if (place == count)
        return false;
    walk_one(walker, &namespaces[place], now);
    return true;
}

static bool make_room(struct walker *walker, size_t count)
{
    if (count <= walker->capacity)
        return true;
    struct walk_candidate *more = realloc(walker->candidates, count * sizeof *more);
    if (!more)
        return false;
    walker->candidates = more;
    walker->capacity = count;
    return true;
}

int64_t walker_step(struct walker *walker, const struct walked_namespace *namespaces, size_t count)
{
    int64_t now = clock_now(walker->clock);
    int64_t affordable = walk_budget_find_time(&walker->budget, now);
    if (affordable > now || !make_room(walker, count))
        return affordable > now ? affordable : now + pause_length;
    int64_t cpu_at_start = walker->clock->thread_cpu(walker->clock->context);
    bool more =
        step_listeners(walker, namespaces, count, now) || step_walk(walker, namespaces, count, now);
    int64_t cost = walker->clock->thread_cpu(walker->clock->context) - cpu_at_start;
    walker->report.cpu_seconds += (double)cost / (double)NANOSECONDS_PER_SECOND;
    walk_budget_spend(&walker->budget, cost);
    return more ? walk_budget_find_time(&walker->budget, now) : now + pause_length;
}

void walker_walk_all(struct walker *walker, const struct walked_namespace *namespaces, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t now = clock_now(walker->clock);
        look_at_listeners(walker, &namespaces[i], now);
        walk_one(walker, &namespaces[i], now);
    }
}

size_t walker_pick_top(const struct walked_namespace *namespaces, size_t count,
                       struct walked_destination *rows, size_t top)
{
    size_t picked = 0;
    for (size_t i = 0; i < count; i++) {
        const struct walk_result *result = &namespaces[i].walk->result;
        for (size_t d = 0; d < result->destination_count; d++) {
            size_t place = picked;
            for (; place > 0 && rows[place - 1].destination->ports < result->destinations[d].ports;
                 place--) {
                if (place < top)
                    rows[place] = rows[place - 1];
            }
            if (place == top)
                break; /* the others of this namespace are not fuller */
            rows[place] = (struct walked_destination){i, &result->destinations[d]};
            picked += picked < top;
        }
    }
    return picked;
}
