// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc_file.h"

/* Read a port number at `*cursor` and step over it. */
static bool read_port(const char **cursor, uint16_t *port)
{
    char *end;
    if (**cursor < '0' || **cursor > '9')
        return false;
    errno = 0;
    unsigned long number = strtoul(*cursor, &end, 10);
    if (errno != 0 || number > UINT16_MAX)
        return false;
    *cursor = end;
    *port = (uint16_t)number;
    return true;
}

/* "32768	60999" */
static bool parse_range(const char *text, uint16_t *low, uint16_t *high)
{
    if (!read_port(&text, low))
        return false;
    text += strspn(text, " \t");
    return read_port(&text, high) && *low <= *high && (*text == '\n' || *text == '\0');
}

/* "" or "8080,9148-9150": ports and ranges, as proc_do_large_bitmap (kernel/sysctl.c) writes them.
 */
static bool parse_list(const char *text, struct port_set *ports)
{
    memset(ports, 0, sizeof *ports);
    if (*text == '\n' || *text == '\0')
        return true;
    for (;; text++) {
        uint16_t first, last;
        if (!read_port(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!read_port(&text, &last) || last < first)
                return false;
        }
        port_set_add_range(ports, first, last);
        if (*text != ',')
            return *text == '\n' || *text == '\0';
    }
}

/* The longest list: every other port by itself. It must fit, for the kernel gives it in one read(),
 * cut to the size asked for. */
enum { LIST_SIZE = 256 * 1024 };

static bool read_list(const char *root, struct port_set *ports, struct fault *fault)
{
    static const char name[] = "sys/net/ipv4/ip_local_reserved_ports";
    char *text = malloc(LIST_SIZE);
    if (!text) {
        *fault = (struct fault){.reason = FAULT_OUT_OF_MEMORY};
        return false;
    }
    bool good = proc_file_read_text(text, LIST_SIZE, root, name, fault) &&
                (parse_list(text, ports) || proc_file_not_understood(name, fault));
    free(text);
    return good;
}

bool procfs_read_port_settings(const char *root, struct port_settings *settings,
                               struct fault *fault)
{
    struct proc_file file;
    if (!proc_file_read(&file, root, "sys/net/ipv4/ip_local_port_range", fault))
        return false;
    if (!parse_range(file.text, &settings->low, &settings->high))
        return proc_file_not_understood(file.name, fault);
    return read_list(root, &settings->reserved, fault);
}
