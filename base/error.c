#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (error == NULL) {
        return -1;
    }
    va_start(arguments, format);
    if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0) {
        error->text[0] = '\0';
    }
    va_end(arguments);
    return -1;
}

int error_prefix(struct error *error, const char *format, ...)
{
    char words[MAX_ERROR_BYTES];
    va_list arguments;
    size_t size;

    if (error == NULL) {
        return -1;
    }
    memcpy(words, error->text, sizeof(words));
    va_start(arguments, format);
    if (vsnprintf(error->text, sizeof(error->text), format, arguments) < 0) {
        error->text[0] = '\0';
    }
    va_end(arguments);
    size = strlen(error->text);
    snprintf(error->text + size, sizeof(error->text) - size, ": %s", words);
    return -1;
}
