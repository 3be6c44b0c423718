#include "x509/finding.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

#include "x509/shown.h"

bool finding_set(struct finding *finding, enum reason reason, const char *format, ...)
{
    char text[2 * MAX_DETAIL_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    finding->reason = reason;
    shown_copy(finding->detail, sizeof(finding->detail), bytes_of_string(text));
    return false;
}

bool finding_was_memory(void)
{
    bool memory = false;
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        memory = memory || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    }
    return memory;
}
