// SPDX-License-Identifier: Apache-2.0
#include "http_head.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#if MHD_VERSION < 0x00097400
#error "libmicrohttpd before 0.9.74 reports a wrong size of heads: every request would be refused"
#endif

/* What is seen of the header fields. */
struct fields {
    unsigned hosts, lengths, codings;
    bool malformed;
};

/* A field name is a token: RFC 9110, 5.6.2. */
static bool is_token(const char *name)
{
    static const char characters[] = "!#$%&'*+-.^_`|~0123456789"
                                     "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    return *name && name[strspn(name, characters)] == '\0';
}

static enum MHD_Result look_at_field(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    (void)kind;
    struct fields *fields = context;
    fields->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    fields->lengths += strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0;
    if (strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        fields->codings++;
        fields->malformed |= !value || strcasecmp(value, "chunked") != 0;
    }
    fields->malformed |= !is_token(name);
    return MHD_YES;
}

unsigned http_head_check(struct MHD_Connection *connection, const char *version)
{
    struct fields fields = {0};
    MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_field, &fields);
    bool host_is_clear =
        fields.hosts == 1 || (fields.hosts == 0 && strcmp(version, MHD_HTTP_VERSION_1_1) != 0);
    if (fields.malformed || !host_is_clear || fields.lengths + fields.codings > 1)
        return MHD_HTTP_BAD_REQUEST;
    size_t size =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE)->header_size;
    return size > HTTP_HEAD_MAX ? MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE : 0;
}
