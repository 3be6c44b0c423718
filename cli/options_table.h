/*
 * The table of options. Private to options.c and options_table.c.
 */
#ifndef CLI_OPTIONS_TABLE_H
#define CLI_OPTIONS_TABLE_H

#include "cli/options.h"

enum option_for { FOR_BOTH, FOR_DIRECTORY, FOR_GATEWAY };

struct option_info {
    const char *heading;  /* of the group that begins here, in --help; NULL: goes on */
    char letter;          /* 0: only the long name */
    const char *name;
    const char *argument; /* what --help calls it; NULL: takes none */
    enum option_for only;
    const char *help;     /* '\n' begins another line */
    /* -1: the words say why not; the option's name is put before them. */
    int (*set)(struct options *options, char *argument, struct error *error);
};

extern const struct option_info option_table[];
extern const size_t option_count;

#endif
