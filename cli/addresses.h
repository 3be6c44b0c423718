/*
 * The addresses to look up: those of the command line, or the lines of
 * standard input.
 */
#ifndef CLI_ADDRESSES_H
#define CLI_ADDRESSES_H

#include "cli/options.h"

/* Calls `look_up` with each and returns the worst status that came back: the greatest. STATUS_IO ends it at once. A
 * line of standard input that is no address is complained about and counts as STATUS_USAGE; empty lines are passed
 * over. */
int addresses_each(const struct options *options, int (*look_up)(void *context, const struct address *address),
                   void *context);

#endif
