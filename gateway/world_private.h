/*
 * What the two files of the world share.
 */
#ifndef GATEWAY_WORLD_PRIVATE_H
#define GATEWAY_WORLD_PRIVATE_H

#include "gateway/world.h"

/* The fetcher of `config`: the one that `before` has, or a new one. NULL: the words say why. */
struct fetcher_hold *fetcher_hold(const struct fetch_config *config, const struct world *before, struct error *error);
void fetcher_hold_free(struct fetcher_hold **hold); /* gives the reference back */

/* Parts of an identity. */
void world_add_list(struct digest_stream *stream, const char *const *list, size_t count);
void world_add_file_state(struct digest_stream *stream, const char *path);

#endif
