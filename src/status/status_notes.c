// SPDX-License-Identifier: Apache-2.0
#include "status_parts.h"

#include "figure.h"
#include "html_writer.h"

void status_write_unknown(const struct status_view *view, const char *why)
{
    buffer_append_string(view->out, "<p class=\"unknown\"><strong>Not known.</strong> ");
    html_text(view->out, why);
    buffer_append_string(view->out, ".</p>\n");
}

void status_write_no_sample(const struct status_view *view, enum sample_kind kind)
{
    char why[128];
    explain_absence(&view->snapshot->samples[kind], kind, view->now, why, sizeof why);
    status_write_unknown(view, why);
}

void status_write_hidden(const struct status_view *view, size_t hidden)
{
    if (hidden == 0)
        return;
    buffer_append_format(view->out, "%s more at ", figure_count(hidden).text);
    html_link(view->out, view->self->telemetry_path);
    buffer_append_string(view->out, ". ");
}
