// SPDX-License-Identifier: Apache-2.0
#include "html_writer.h"

#include "format.h"

#include <math.h>

/* The width of the drawing is one unit for each slot, the oldest first. The browser scales it. */
enum { NEWEST = HISTORY_SLOTS - 1, HEIGHT = 1000 };

/* Write the curve as a line, or the area below it. Points more than `gap` slots apart are not
 * joined. A line begins with a stroke of length zero, so that a single point is a dot. */
static void write_path(struct buffer *out, const struct history *history, uint64_t top, double gap,
                       bool area)
{
    bool drawing = false;
    size_t last = 0; /* slot of the previous point, while drawing */
    uint64_t value;
    buffer_append_format(out, "<path class=\"%s\" d=\"", area ? "area" : "line");
    for (size_t slot = 0; slot < HISTORY_SLOTS; slot++) {
        if (!history_read(history, NEWEST - slot, &value))
            continue;
        unsigned y = (unsigned)(HEIGHT - lround((double)value / (double)top * (double)HEIGHT));
        if (drawing && (double)(slot - last) <= gap)
            buffer_append_format(out, "L%zu %u", slot, y);
        else if (area)
            buffer_append_format(out, "%sM%zu 1000V%u", drawing ? "V1000z" : "", slot, y);
        else
            buffer_append_format(out, "M%zu %uh0", slot, y);
        drawing = true;
        last = slot;
    }
    buffer_append_string(out, area && drawing ? "V1000z\"/>" : "\"/>");
}

/* Find the highest known value; returns how many are known. */
static size_t find_highest(const struct history *history, uint64_t *highest)
{
    uint64_t value;
    size_t known = 0;
    *highest = 0;
    for (size_t age = 0; age < HISTORY_SLOTS; age++) {
        if (!history_read(history, age, &value))
            continue;
        known++;
        *highest = value > *highest ? value : *highest;
    }
    return known;
}

static struct formatted format_value(const struct chart *chart, uint64_t value)
{
    return chart->whole > 0 ? format_share((double)value / (double)chart->whole)
                            : format_count(value);
}

void html_write_chart(struct buffer *out, const struct chart *chart)
{
    static const double slot_seconds = HISTORY_SLOT_LENGTH / (double)NANOSECONDS_PER_SECOND;
    double gap = floor(chart->interval / slot_seconds) + 1;
    uint64_t highest;
    size_t known = find_highest(chart->history, &highest);
    uint64_t top = chart->whole > 0 ? chart->whole : highest > 0 ? highest : 1;
    buffer_append_format(out,
                         "<div class=\"chart\"><div class=\"y\"><span>%s</span><span>0</span></div>"
                         "<svg role=\"img\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\">"
                         "<title>%s, last 15 minutes</title>"
                         "<desc>The highest value in each 5 seconds; the maximum is %s. "
                         "%zu of %d intervals are known.</desc>"
                         "<path class=\"grid\" d=\"M0 0H179M0 500H179M0 1000H179M0 0V1000M59 "
                         "0V1000M119 0V1000M179 0V1000\"/>",
                         format_value(chart, top).text, NEWEST, HEIGHT, chart->name,
                         format_value(chart, highest).text, known, HISTORY_SLOTS);
    write_path(out, chart->history, top, gap, true);
    write_path(out, chart->history, top, gap, false);
    buffer_append_string(out, "</svg><div class=\"x\"><span>15 min</span><span>10 min</span>"
                              "<span>5 min</span><span>now</span></div></div>\n");
}

void html_write_meter(struct buffer *out, const char *name, double share, bool knee)
{
    buffer_append_format(out,
                         "<svg class=\"meter\" role=\"img\"><title>%s: %s</title>"
                         "<rect class=\"track\" width=\"100%%\" height=\"100%%\"/>"
                         "<rect class=\"fill\" width=\"%.2f%%\" height=\"100%%\"/>%s</svg>",
                         name, format_share(share).text, fmin(fmax(share, 0), 1) * 100,
                         knee ? "<rect class=\"knee\" x=\"50%\" width=\"2\" height=\"100%\"/>"
                              : "");
}
