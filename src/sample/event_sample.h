// SPDX-License-Identifier: Apache-2.0
/*
 * The TCP events that are counted, and their sources. Private to src/sample.
 */
#ifndef SOCKDIAG_SAMPLE_EVENT_SAMPLE_H
#define SOCKDIAG_SAMPLE_EVENT_SAMPLE_H

#include "host.h"

/* Prepare for the events that the kernel access has. False when there is no memory;
 * event_sample_release() is needed in any case. */
bool event_sample_init(struct host *host);
void event_sample_release(struct host *host);

/* Read the counts and samples, and find the programs and cgroups of the samples. */
void host_read_events(struct host *host, int64_t now);

#endif
