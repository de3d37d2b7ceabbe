// SPDX-License-Identifier: Apache-2.0
#include "advice.h"
#include "html_writer.h"
#include "status_cards.h"

static bool is_found(const struct verdict *verdict, enum topic topic)
{
    for (size_t i = 0; i < verdict->count; i++) {
        if (verdict->findings[i].level != LEVEL_OK && verdict->findings[i].topic == topic)
            return true;
    }
    return false;
}

void status_write_advice(const struct status_view *view)
{
    for (enum topic topic = 0; topic < TOPICS; topic++) {
        const struct advice *advice = &advice_by_topic[topic];
        if (is_found(view->verdict, topic))
            buffer_append_format(view->out,
                                 "<div id=\"%s\"><h3>%s</h3>\n<p>%s</p>\n"
                                 "<p class=\"note\">More in %s, %s</p></div>\n",
                                 advice->anchor, advice->title, advice->text, advice->document,
                                 advice->section);
    }
}
