// SPDX-License-Identifier: Apache-2.0
#include "pod_names.h"

#include "base/printable.h"

#include <dirent.h>
#include <string.h>

/* Copy the text from `start` to `end` to a field of `size` bytes. False if it is empty or does not
 * fit. */
static bool take_part(char *field, size_t size, const char *start, const char *end)
{
    size_t length = (size_t)(end - start);
    copy_printable(field, size, start, length);
    return length > 0 && length < size;
}

bool pod_name_parse(const char *directory, struct pod_name *name)
{
    const char *first = strchr(directory, '_');
    const char *second = first ? strchr(first + 1, '_') : NULL;
    return second && !strchr(second + 1, '_') &&
           take_part(name->namespace, sizeof name->namespace, directory, first) &&
           take_part(name->pod, sizeof name->pod, first + 1, second) &&
           take_part(name->uid, sizeof name->uid, second + 1, second + strlen(second));
}

void pod_names_read(const char *root, pod_name_consumer *consume, void *context)
{
    DIR *directory = opendir(root);
    if (!directory)
        return;
    for (const struct dirent *entry; (entry = readdir(directory));) {
        struct pod_name name;
        if (pod_name_parse(entry->d_name, &name))
            consume(context, &name);
    }
    closedir(directory);
}
