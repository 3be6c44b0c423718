/*
 * SIGHUP: the next world is loaded on a thread that may wait, and taken over on
 * the engine thread. A configuration with a fault is refused whole, and the
 * world stays as it is. Signals that come while one loads lead to one more load.
 *
 * Files of the policies that changed (gateway/watch.h) come in without the rest:
 * somebody may be at work on the configuration, and has not said that it is done.
 */
#ifndef GATEWAY_RELOAD_H
#define GATEWAY_RELOAD_H

#include "gateway/lookup.h"

struct reload;

/* `log_fixed`: the command line has chosen the log's format, a reload does not change it. `adopted`: hears of each
 * configuration that is taken over. NULL: out of memory. */
struct reload *reload_new(struct engine *engine, struct pool *background, struct lookup *lookup, const char *path,
                          bool log_fixed, void (*adopted)(void *context, const struct config *config), void *context);

/* No reload begins any more. */
void reload_end(struct reload *reload);

/* Only when none is under way. */
void reload_free(struct reload **reload);

/* Engine thread. Starts loading, or asks for another load after the one under way. */
void reload_start(struct reload *reload);

/* The same for the policies' files alone. Does nothing while a load is under way. `quietly`: a fault is not logged, for
 * the log has it. */
void reload_files(struct reload *reload, bool quietly);
bool reload_is_under_way(const struct reload *reload);

/* Gives one fault of a configuration to the log; a callback for world_load(). */
void reload_log_fault(void *context, const char *line);

#endif
