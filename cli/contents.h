/*
 * --anchors: what files that shall serve as trust anchors hold. Asks nobody.
 */
#ifndef CLI_CONTENTS_H
#define CLI_CONTENTS_H

#include "cli/options.h"

/* Shows every certificate in the files and folders that the operands name. STATUS_NONE: nothing in one of them would
 * serve as an anchor. STATUS_USAGE: one cannot be read, or is broken; complained already, and the others were shown. */
int contents_show(const struct options *options);

#endif
