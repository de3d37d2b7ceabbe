// SPDX-License-Identifier: Apache-2.0
#include "procfs.h"

#include "base/read_to_end.h"

#include <errno.h>
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

/* The longest list has every other port, and must fit: the kernel truncates it to the size of the
 * first read(). */
enum { LIST_SIZE = 256 * 1024 };

static const char range_name[] = "sys/net/ipv4/ip_local_port_range";
static const char list_name[] = "sys/net/ipv4/ip_local_reserved_ports";

static bool read_list(const char *root, struct port_set *ports, struct fault *fault)
{
    char *text = malloc(LIST_SIZE);
    if (!text)
        return fault_set(fault, FAULT_OUT_OF_MEMORY, 0, NULL);
    bool good = proc_file_read_text(text, LIST_SIZE, root, list_name, fault) &&
                (parse_list(text, ports) || fault_set(fault, FAULT_PROC_PARSE, 0, list_name));
    free(text);
    return good;
}

bool procfs_read_port_settings(const char *root, struct port_settings *settings,
                               struct fault *fault)
{
    struct proc_file file;
    if (!proc_file_read(&file, root, range_name, fault))
        return false;
    if (!parse_range(file.text, &settings->low, &settings->high))
        return fault_set(fault, FAULT_PROC_PARSE, 0, file.name);
    return read_list(root, &settings->reserved, fault);
}

/* Read all of an open file, NUL-terminated. */
static bool read_open(int fd, char *text, size_t size, const char *name, struct fault *fault)
{
    ssize_t length = read_to_end(fd, text, size);
    if (length == (ssize_t)size)
        length = -EFBIG;
    if (length < 0)
        return fault_set(fault, FAULT_PROC_READ, (int)-length, name);
    text[length] = '\0';
    return true;
}

bool procfs_read_open_port_settings(int range, int reserved, struct port_settings *settings,
                                    struct fault *fault)
{
    char *text = malloc(LIST_SIZE);
    if (!text)
        return fault_set(fault, FAULT_OUT_OF_MEMORY, 0, NULL);
    bool good =
        read_open(range, text, LIST_SIZE, range_name, fault) &&
        (parse_range(text, &settings->low, &settings->high) ||
         fault_set(fault, FAULT_PROC_PARSE, 0, range_name)) &&
        read_open(reserved, text, LIST_SIZE, list_name, fault) &&
        (parse_list(text, &settings->reserved) || fault_set(fault, FAULT_PROC_PARSE, 0, list_name));
    free(text);
    return good;
}
