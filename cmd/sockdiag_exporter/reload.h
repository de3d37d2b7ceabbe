// SPDX-License-Identifier: Apache-2.0
/*
 * When to read the web configuration again: on request, and when its files have changed. A changed
 * file gets another second, as it may not be written whole yet.
 */
#ifndef SOCKDIAG_CMD_RELOAD_H
#define SOCKDIAG_CMD_RELOAD_H

#include <stdbool.h>

/* Starts as {0}. */
struct reload {
    bool changed; /* the files had changed a second ago */
};

/*
 * Called each second and on request. `requested`: by SIGHUP. `changed`: the files differ from what
 * was last read. True when the caller is to read the files now.
 */
bool reload_is_due(struct reload *reload, bool requested, bool changed);

#endif
