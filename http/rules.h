/*
 * Who may ask what, and how much of it, and by which certificate they know us, as
 * the configuration says. Private to http/.
 *
 * Immutable: a reload makes others and puts them in the place of these, and each
 * worker goes over to them by itself (worker_rules()).
 */
#ifndef HTTP_RULES_H
#define HTTP_RULES_H

#include <stdatomic.h>

#include "http/http.h"
#include "http/tokens.h"

struct rules {
    atomic_uint references;
    uint64_t number; /* no others of this struct http have it */
    enum http_open_to open_to;
    struct tokens *tokens;
    struct credentials *credentials; /* NULL: there is none */
    struct http_limits limits;
    char *domains; /* patterns, each with its NUL, then an empty one; NULL: all */
    char *origins; /* likewise, of pages that may read answers; NULL: none */
    size_t proxy_count;
    struct network proxies[];
};

/* One reference, the caller's. NULL: the words say what is wrong. */
struct rules *rules_make(const struct http_config *config, struct error *error);
struct rules *rules_ref(struct rules *rules);
void rules_free(struct rules **rules); /* gives the reference back */

#endif
