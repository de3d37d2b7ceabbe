// SPDX-License-Identifier: Apache-2.0
#include "reload.h"

bool reload_is_due(struct reload *reload, bool requested, bool changed, bool possible)
{
    reload->due = reload->due || requested || (changed && reload->changed);
    reload->changed = changed;
    if (!reload->due || !possible)
        return false;
    *reload = (struct reload){0};
    return true;
}
