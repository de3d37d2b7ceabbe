// SPDX-License-Identifier: Apache-2.0
/*
 * When to read the web configuration again: on request, and when its files have changed. A changed
 * file gets one more second, because it may still be incomplete.
 */
#ifndef SOCKDIAG_CMD_RELOAD_H
#define SOCKDIAG_CMD_RELOAD_H

#include <stdbool.h>

/* Starts as {0}. */
struct reload {
    bool changed; /* the files had changed one second ago */
};

/*
 * Called each second and on request. `requested`: by SIGHUP. `changed`: the files differ from the
 * last reading. True when the caller must read the files now.
 */
bool reload_is_due(struct reload *reload, bool requested, bool changed);

#endif
