// SPDX-License-Identifier: Apache-2.0
#include "sockdiag/exposition.h"

#include "exposition_parts.h"

void exposition_render(struct buffer *out, enum metric_format format,
                       const struct snapshot *snapshot, const struct self_report *self)
{
    struct metric_writer writer = metric_writer_start(out, format, self->start_time_seconds);
    exposition_write_states(&writer, snapshot);
    exposition_write_kernel(&writer, snapshot);
    exposition_write_listeners(&writer, snapshot);
    exposition_write_ports(&writer, snapshot);
    exposition_write_cgroups(&writer, snapshot);
    exposition_write_events(&writer, snapshot);
    exposition_write_udp(&writer, snapshot);
    exposition_write_unix(&writer, snapshot);
    exposition_write_netns(&writer, &snapshot->namespaces);
    exposition_write_netns_walks(&writer, &snapshot->namespaces);
    exposition_write_sampling(&writer, snapshot, self);
    exposition_write_self(&writer, self);
    metric_writer_finish(&writer);
}
