/*
 * Asking a directory ourselves, and judging what it says.
 */
#ifndef CLI_ASK_DIRECTORY_H
#define CLI_ASK_DIRECTORY_H

#include "cli/options.h"
#include "cli/reply.h"

struct directory_asker;

/* Loads the policy and opens the directory. NULL: the words say what cannot be loaded. */
struct directory_asker *directory_asker_open(const struct options *options, struct error *error);
void directory_asker_close(struct directory_asker **asker);

/* A directory that does not answer is an answer too: unknown. -1: out of memory. */
int directory_ask(struct directory_asker *asker, const struct address *address, struct reply *reply,
                  struct error *error);

#endif
