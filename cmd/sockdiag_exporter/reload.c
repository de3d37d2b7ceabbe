// SPDX-License-Identifier: Apache-2.0
#include "reload.h"

bool reload_is_due(struct reload *reload, bool requested, bool changed)
{
    bool due = requested || (changed && reload->changed);
    reload->changed = changed && !due;
    return due;
}
