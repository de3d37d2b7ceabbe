// SPDX-License-Identifier: Apache-2.0
#include "status_chart.h"

#include "figure.h"

#include <inttypes.h>

/* The drawing is a unit wide for each slot, from the oldest to the newest, and so many high; it is
 * stretched to the size it is shown at. */
enum { NEWEST = HISTORY_SLOTS - 1, HEIGHT = 1000 };

/* What of a history is to be drawn. */
struct curve {
    const struct history *history;
    uint64_t highest;
    size_t known;
    size_t longest_step; /* in slots: a longer one is a gap */
};

static struct curve measure(const struct history *history, double interval)
{
    static const double slot_seconds = HISTORY_SLOT_LENGTH / (double)NANOSECONDS_PER_SECOND;
    struct curve curve = {.history = history, .longest_step = HISTORY_SLOTS};
    uint64_t value;
    for (size_t age = 0; age < HISTORY_SLOTS; age++) {
        if (!history_read(history, age, &value))
            continue;
        curve.known++;
        if (value > curve.highest)
            curve.highest = value;
    }
    if (interval < slot_seconds * HISTORY_SLOTS)
        curve.longest_step = (size_t)(interval / slot_seconds) + 1;
    return curve;
}

static unsigned height_of(const struct curve *curve, uint64_t value)
{
    if (curve->highest == 0)
        return HEIGHT;
    return (unsigned)(HEIGHT - (double)value / (double)curve->highest * HEIGHT + 0.5);
}

/* The pieces of the curve as the data of a path: open, or closed along the foot for a filling. A
 * piece begins with a line of no length, for one that is a single point is then seen as a dot. */
static void write_pieces(struct buffer *out, const struct curve *curve, bool closed)
{
    bool within = false;
    size_t last = 0; /* the place of the point before, while within a piece */
    uint64_t value;
    for (size_t place = 0; place < HISTORY_SLOTS; place++) {
        if (!history_read(curve->history, NEWEST - place, &value))
            continue;
        if (within && place - last > curve->longest_step) {
            buffer_append_string(out, closed ? "V1000z" : "");
            within = false;
        }
        unsigned height = height_of(curve, value);
        if (within)
            buffer_append_format(out, "L%zu %u", place, height);
        else if (closed)
            buffer_append_format(out, "M%zu 1000V%u", place, height);
        else
            buffer_append_format(out, "M%zu %uh0", place, height);
        within = true;
        last = place;
    }
    if (within && closed)
        buffer_append_string(out, "V1000z");
}

static void write_drawing(struct buffer *out, const char *name, const struct curve *curve)
{
    buffer_append_format(out,
                         "<svg role=\"img\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
                         "<title>%s, last 15 minutes</title>"
                         "<desc>The highest count in each 5 seconds; the highest of all is %s. ",
                         NEWEST, HEIGHT, name, figure_count(curve->highest).text);
    buffer_append_format(out, "%zu of %d are known.</desc>", curve->known, HISTORY_SLOTS);
    buffer_append_string(out, "<path class=\"grid\" d=\"M0 0H179M0 500H179M0 1000H179M0 0V1000"
                              "M59 0V1000M119 0V1000M179 0V1000\"/>");
    if (curve->known > 0) {
        buffer_append_string(out, "<path class=\"area\" d=\"");
        write_pieces(out, curve, true);
        buffer_append_string(out, "\"/><path class=\"line\" d=\"");
        write_pieces(out, curve, false);
        buffer_append_string(out, "\"/>");
    }
    buffer_append_string(out, "</svg>");
}

void status_chart_history(struct buffer *out, const char *name, const struct history *history,
                          double interval)
{
    struct curve curve = measure(history, interval);
    buffer_append_format(
        out, "<div class=\"chart\"><div class=\"y\"><span>%s</span><span>0</span></div>",
        figure_count(curve.highest > 0 ? curve.highest : 1).text);
    write_drawing(out, name, &curve);
    buffer_append_string(out, "<div class=\"x\"><span>15 min ago</span><span>10 min</span>"
                              "<span>5 min</span><span>now</span></div></div>\n");
}

void status_chart_meter(struct buffer *out, const char *name, double share, bool knee)
{
    double end = share < 0 ? 0 : share > 1 ? 1 : share;
    buffer_append_format(out, "<svg class=\"meter\" role=\"img\"><title>%s: %s</title>", name,
                         figure_share(share).text);
    buffer_append_format(out,
                         "<rect class=\"track\" width=\"100%%\" height=\"100%%\"/>"
                         "<rect class=\"fill\" width=\"%.2f%%\" height=\"100%%\"/>",
                         end * 100);
    if (knee)
        buffer_append_string(out, "<rect class=\"knee\" x=\"50%\" width=\"2\" height=\"100%\"/>");
    buffer_append_string(out, "</svg>");
}
