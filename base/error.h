/*
 * The words for what went wrong, made where it went wrong and shown where a
 * person reads it. The caller owns the struct; nothing is allocated.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "base/limits.h"

struct error {
    char text[MAX_ERROR_BYTES];
};

/* Says what failed: the object, the rule (RFC and section) where there is one, what. Cut at the size of text.
 * The arguments may be words that `error` holds. `error` may be NULL: the words are dropped. Always returns -1, so that
 * a function can end in `return error_set(…)`. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* Puts "prefix: " before the words that are there. Always returns -1. */
int error_prefix(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
