// SPDX-License-Identifier: Apache-2.0
/*
 * What to do about each topic, in short, on the page itself: a host whose network is in trouble may
 * reach neither a wiki nor this repository, and neither `make install` nor the image has the
 * documents. Each names the document with the details. Private to src/status.
 */
#ifndef SOCKDIAG_STATUS_ADVICE_H
#define SOCKDIAG_STATUS_ADVICE_H

#include "verdict.h"

struct advice {
    const char *anchor; /* the id on the page */
    const char *title;
    const char *document, *section; /* in this repository, or a page of the manual */
    const char *text;               /* plain sentences */
};

extern const struct advice advice_by_topic[TOPICS];

#endif
