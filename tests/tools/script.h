/*
 * A program that answers in our place.
 */
#ifndef TOOLS_SCRIPT_H
#define TOOLS_SCRIPT_H

#include <stddef.h>

/* Runs the program at `path` with `input` as its standard input, waits, and returns what it wrote: the caller's to
 * free(), at most 1 MiB, with a NUL behind it. NULL: it could not be run, or its status was not 0. */
char *script_run(const char *path, const char *input, size_t input_size, size_t *size);

#endif
