// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include <stdlib.h>
#include <string.h>

#include "proc_file.h"

/* Parse a port number at `*cursor` and step over it. */
static bool parse_port(const char **cursor, uint16_t *port)
{
    char *end;
    if (**cursor < '0' || **cursor > '9')
        return false;
    unsigned long number = strtoul(*cursor, &end, 10);
    if (number > UINT16_MAX)
        return false;
    *cursor = end;
    *port = (uint16_t)number;
    return true;
}

static bool is_end(char character)
{
    return character == '\n' || character == '\0';
}

/* Parse "32768	60999". */
static bool parse_range(const char *text, uint16_t *low, uint16_t *high)
{
    if (!parse_port(&text, low))
        return false;
    text += strspn(text, " \t");
    return parse_port(&text, high) && *low <= *high && is_end(*text);
}

/* Parse ports and ranges such as "8080,9148-9150", or an empty list: the format of
 * proc_do_large_bitmap (kernel/sysctl.c). */
static bool parse_list(const char *text, struct port_set *ports)
{
    memset(ports, 0, sizeof *ports);
    if (is_end(*text))
        return true;
    for (;; text++) {
        uint16_t first, last;
        if (!parse_port(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!parse_port(&text, &last) || last < first)
                return false;
        }
        port_set_add_range(ports, first, last);
        if (*text != ',')
            return is_end(*text);
    }
}

/* The longest list has every other port, about 190 KiB. It must fit: the kernel truncates it to the
 * size of the first read(). */
enum { LIST_SIZE = 256 * 1024 };

static const char range_name[] = "sys/net/ipv4/ip_local_port_range";
static const char list_name[] = "sys/net/ipv4/ip_local_reserved_ports";

/* Parse the text of each file into the settings. */
static bool take_range(const char *text, struct port_settings *settings, struct fault *fault)
{
    return parse_range(text, &settings->low, &settings->high) ||
           fault_set(fault, FAULT_PROC_PARSE, 0, range_name);
}

static bool take_list(const char *text, struct port_settings *settings, struct fault *fault)
{
    return parse_list(text, &settings->reserved) ||
           fault_set(fault, FAULT_PROC_PARSE, 0, list_name);
}

static bool read_list(const char *root, struct port_settings *settings, struct fault *fault)
{
    char *text = malloc(LIST_SIZE);
    if (!text)
        return fault_set(fault, FAULT_OUT_OF_MEMORY, 0, NULL);
    bool good = proc_file_read_text(text, LIST_SIZE, root, list_name, fault) &&
                take_list(text, settings, fault);
    free(text);
    return good;
}

bool procfs_read_port_settings(const char *root, struct port_settings *settings,
                               struct fault *fault)
{
    struct proc_file file;
    return proc_file_read(&file, root, range_name, fault) &&
           take_range(file.text, settings, fault) && read_list(root, settings, fault);
}

bool procfs_read_open_port_settings(int range, int reserved, struct port_settings *settings,
                                    struct fault *fault)
{
    char *text = malloc(LIST_SIZE);
    if (!text)
        return fault_set(fault, FAULT_OUT_OF_MEMORY, 0, NULL);
    bool good = proc_file_read_open_text(text, LIST_SIZE, range, range_name, fault) &&
                take_range(text, settings, fault) &&
                proc_file_read_open_text(text, LIST_SIZE, reserved, list_name, fault) &&
                take_list(text, settings, fault);
    free(text);
    return good;
}
