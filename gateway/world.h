/*
 * The world as configured: one configuration, the policy and directories that
 * it makes, and the seal. Immutable, reference-counted. A reload makes the next
 * world; lookups under way finish in the one they began in, so that no answer
 * ever mixes two.
 *
 * The generation counts worlds that may judge differently: it goes on only when
 * policy or directories changed, and an answer of another generation is not
 * served from memory as it stands. The scope names the directories that are
 * asked for one domain; the same scope means that the same values would come
 * back, so these may be judged again without asking.
 */
#ifndef GATEWAY_WORLD_H
#define GATEWAY_WORLD_H

#include <stdatomic.h>

#include "base/pool.h"
#include "base/seal.h"
#include "fetch/fetcher.h"
#include "gateway/config.h"

struct world {
    atomic_uint references;
    uint64_t generation;
    struct config *config;
    struct policies *policies;
    struct digest files;  /* the state of the policies' files, just before they were read; see world_files_state() */
    struct seal_ring *ring;
    struct directory_hold **directories; /* in the order of the configuration */
    size_t directory_count;
    bool is_open[MAX_DIRECTORIES];       /* of each: it may answer for a domain of limits.domains */
    struct fetcher_hold *fetcher;
    struct work closing;
};

/* A directory that several worlds may hold: one that a reload leaves as it was keeps its connections. */
struct directory_hold {
    atomic_uint references;
    struct directory *directory;
    struct digest identity;    /* over every setting */
    struct digest fingerprint; /* over those that may change an answer */
    struct digest scope;       /* of an address that is asked for here, and nowhere else */
};

/* The fetcher, likewise: one that a reload leaves as it was goes on, and remembers whom it asked how often. */
struct fetcher_hold {
    atomic_uint references;
    struct fetcher *fetcher;   /* NULL: stopped */
    struct digest identity;
};

/* Reads the configuration and everything that it names; waits for files, not for the network. `before` is the world it
 * will take the place of, or NULL at start. One reference, the caller's. NULL: every fault was given to `fault`. */
struct world *world_load(const char *path, const struct world *before, void (*fault)(void *context, const char *line),
                         void *context);

/* The same configuration with its policies read anew: what their files hold now. */
struct world *world_renew(const struct world *before, void (*fault)(void *context, const char *line), void *context);

/* What tells whether the files of a configuration's policies changed: names, inodes, sizes, times. Waits for the disk.
 * -1: out of memory. */
int world_files_state(const struct config *config, struct digest *state);

struct world *world_ref(struct world *world);

/* Gives the reference back and sets the pointer to NULL. The last one closes what no other world holds, which may wait
 * up to a second: so threads that must not wait call world_retire(), which leaves that to `background`. Any thread. */
void world_free(struct world **world);
void world_retire(struct world **world, struct pool *background);

/* The directories of this world that answer for `domain`, at most MAX_DIRECTORIES, borrowed; how many; and their
 * scope. */
size_t world_directories(const struct world *world, const char *domain, struct directory **out, struct digest *scope);

/* Those that are asked for a person's name, which has no domain: all; or for who may ask for domains of limits.domains
 * alone those that may answer for one. */
size_t world_directories_for_names(const struct world *world, bool only_open, struct directory **out);

/* The directory of this name, if issuers may be read from it, else NULL. */
struct directory *world_issuer_directory(const struct world *world, const char *name);

/* Borrowed. NULL after world_stop_fetching(). */
struct fetcher *world_fetcher(const struct world *world);

/* At the end of the process: breaks off what is being fetched, for every world that has this fetcher. */
void world_stop_fetching(struct world *world);

/* The form of a scope that answers carry. */
uint64_t world_scope_number(const struct digest *scope);

#endif
