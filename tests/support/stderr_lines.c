// SPDX-License-Identifier: Apache-2.0
#include "stderr_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct stderr_lines stderr_lines_start(void)
{
    struct stderr_lines lines = {tmpfile(), dup(STDERR_FILENO)};
    assert_non_null(lines.file);
    assert_true(lines.original >= 0);
    assert_true(dup2(fileno(lines.file), STDERR_FILENO) >= 0);
    return lines;
}

unsigned stderr_lines_stop(struct stderr_lines *lines, char last[256])
{
    dup2(lines->original, STDERR_FILENO);
    close(lines->original);
    rewind(lines->file);
    unsigned count = 0;
    char line[256];
    while (fgets(line, sizeof line, lines->file)) {
        count += strchr(line, '\n') != NULL;
        if (last)
            strcpy(last, line);
    }
    fclose(lines->file);
    return count;
}
