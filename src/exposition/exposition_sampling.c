// SPDX-License-Identifier: Apache-2.0
#include "exposition_parts.h"

static void write_sample(struct metric_writer *writer, enum sample_kind kind, double number)
{
    metric_write_real(writer, &(struct label){"sample", sample_kind_name(kind)}, 1, number);
}

static void write_results(struct metric_writer *writer, const struct sample_report *reports)
{
    metric_begin(writer, "sockdiag_exporter_samples", METRIC_COUNTER,
                 "Samples taken, failed ones included.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, (double)(reports[kind].successes + reports[kind].failures));

    metric_begin(writer, "sockdiag_exporter_sample_failures", METRIC_COUNTER,
                 "Samples that failed to read from the kernel.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, (double)reports[kind].failures);
}

static void write_costs(struct metric_writer *writer, const struct sample_report *reports)
{
    metric_begin(writer, "sockdiag_exporter_sample_cpu_seconds", METRIC_COUNTER,
                 "CPU time that sampling took, user and system.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, reports[kind].cpu_seconds);

    metric_begin(writer, "sockdiag_exporter_sample_duration_seconds", METRIC_GAUGE,
                 "Duration of the last sample.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, reports[kind].duration_seconds);

    metric_begin(writer, "sockdiag_exporter_sample_interval_seconds", METRIC_GAUGE,
                 "Current interval between samples, longer than its flag says while "
                 "--sample.cpu-budget requires it.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, reports[kind].interval_seconds);

    metric_begin(writer, "sockdiag_exporter_sample_sockets", METRIC_GAUGE,
                 "Sockets that the kernel listed for the last sample.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++)
        write_sample(writer, kind, reports[kind].sockets_read);
}

/* Absent before the first success: 0 would stand for 1970. */
static void write_timestamps(struct metric_writer *writer, const struct sample_report *reports)
{
    metric_begin(writer, "sockdiag_exporter_last_sample_timestamp_seconds", METRIC_GAUGE,
                 "Unix time of the last sample that succeeded.");
    for (enum sample_kind kind = 0; kind < SAMPLE_KINDS; kind++) {
        if (reports[kind].successes > 0)
            write_sample(writer, kind, reports[kind].last_success);
    }
}

static void write_derived_counts(struct metric_writer *writer, const struct snapshot *snapshot)
{
    metric_begin(writer, "sockdiag_exporter_derived_counts", METRIC_GAUGE,
                 "1 while ESTABLISHED and TIME_WAIT are derived from the kernel's totals, 0 while "
                 "every count sample lists all sockets because the totals disagreed.");
    metric_write_integer(writer, NULL, 0, snapshot->derived_counts_in_use);

    metric_begin(writer, "sockdiag_exporter_derived_drift_sockets", METRIC_GAUGE,
                 "Sockets by which derived and listed counts differed at the last detail sample, "
                 "beyond those opened or closed during the check.");
    if (!snapshot->has_detail)
        return;
    struct label label = {"state", tcp_state_name(TCP_STATE_ESTABLISHED)};
    metric_write_integer(writer, &label, 1, snapshot->derived_drift.established);
    label.value = tcp_state_name(TCP_STATE_TIME_WAIT);
    metric_write_integer(writer, &label, 1, snapshot->derived_drift.time_wait);
}

static void write_errors(struct metric_writer *writer, const struct snapshot *snapshot,
                         const struct self_report *self)
{
    metric_begin(writer, "sockdiag_exporter_errors", METRIC_COUNTER,
                 "Failures to read from the kernel, by reason.");
    for (enum fault_reason reason = 0; reason < FAULT_REASONS; reason++) {
        struct label label = {"reason", fault_reason_name(reason)};
        metric_write_integer(writer, &label, 1,
                             snapshot->errors[reason] + self->process_errors[reason]);
    }
}

void exposition_write_sampling(struct metric_writer *writer, const struct snapshot *snapshot,
                               const struct self_report *self)
{
    write_results(writer, snapshot->samples);
    write_costs(writer, snapshot->samples);
    write_timestamps(writer, snapshot->samples);
    write_derived_counts(writer, snapshot);
    write_errors(writer, snapshot, self);
}
