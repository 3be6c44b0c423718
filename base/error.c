#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, const char *format, ...)
{
    struct error words = {""};
    va_list arguments;

    if (error == NULL) {
        return -1;
    }
    va_start(arguments, format);
    if (vsnprintf(words.text, sizeof(words.text), format, arguments) < 0) {
        words.text[0] = '\0';
    }
    va_end(arguments);
    *error = words; /* only now: the arguments may be the words that are there */
    return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
    char prefix[MAX_ERROR_BYTES];
    va_list arguments;

    if (error == NULL) {
        return -1;
    }
    va_start(arguments, format);
    if (vsnprintf(prefix, sizeof(prefix), format, arguments) < 0) {
        prefix[0] = '\0';
    }
    va_end(arguments);
    return error_set(error, "%s: %s", prefix, error->text);
}
