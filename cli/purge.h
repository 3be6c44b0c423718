/*
 * --purge: has a gateway drop answers that it keeps.
 */
#ifndef CLI_PURGE_H
#define CLI_PURGE_H

#include "cli/options.h"

/* Says what was purged. Returns the status to end with; complained already where that is not 0. */
int gateway_purge(const struct options *options);

#endif
