/*
 * The table of options. Private to options.c and options_table.c.
 */
#ifndef CLI_OPTIONS_TABLE_H
#define CLI_OPTIONS_TABLE_H

#include "cli/options.h"

/* For whom an option is: bits by enum whom. */
enum { FOR_DIRECTORY = 1 << WHOM_DIRECTORY, FOR_GATEWAY = 1 << WHOM_GATEWAY, FOR_FILES = 1 << WHOM_FILES };
#define FOR_ALL (FOR_DIRECTORY | FOR_GATEWAY | FOR_FILES)
#define FOR_JUDGING (FOR_DIRECTORY | FOR_FILES) /* where we judge ourselves */
#define FOR_ASKING (FOR_DIRECTORY | FOR_GATEWAY)

struct option_info {
    const char *heading;  /* of the group that begins here, in --help; NULL: goes on */
    char letter;          /* 0: only the long name */
    const char *name;
    const char *argument; /* what --help calls it; NULL: takes none */
    int whom;             /* FOR_… */
    const char *help;     /* '\n' begins another line */
    /* -1: the words say why not; the option's name is put before them. */
    int (*set)(struct options *options, char *argument, struct error *error);
};

extern const struct option_info option_table[];
extern const size_t option_count;

#endif
