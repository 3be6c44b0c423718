/*
 * Anchors, intermediates and CRLs in files: looked at every trust.watch, on a
 * thread that may wait, and read anew when anything about them changed, as after
 * SIGHUP. It is the state of the files behind all symbolic links that counts, so
 * that neither an editor that renames nor a mount that swaps a link goes unseen.
 *
 * Files that cannot be read as they are (half-written, say) leave everything as
 * it was. They are tried again at each look until they can; the log has it once
 * for each state of theirs.
 */
#ifndef GATEWAY_WATCH_H
#define GATEWAY_WATCH_H

#include "gateway/lookup.h"
#include "gateway/reload.h"

struct watch;

/* Engine thread. NULL: out of memory. */
struct watch *watch_new(struct engine *engine, struct pool *background, struct lookup *lookup, struct reload *reload);

/* No look begins any more. */
void watch_end(struct watch *watch);

/* Only when none is under way. */
void watch_free(struct watch **watch);
bool watch_is_under_way(const struct watch *watch);

#endif
