#include "http/rules.h"

#include <stdlib.h>

struct rules *rules_make(const struct http_config *config, struct error *error)
{
    size_t size = config->proxy_count * sizeof(struct network);
    struct rules *rules = calloc(1, sizeof(*rules) + size);

    if (rules == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&rules->references, 1);
    rules->open_to = config->open_to;
    rules->limits = config->limits;
    rules->proxy_count = config->proxy_count;
    if (size > 0) {
        memcpy(rules->proxies, config->proxies, size);
    }
    rules->tokens = tokens_make(config->tokens, config->token, error);
    if (rules->tokens == NULL) {
        rules_free(&rules);
    }
    return rules;
}

struct rules *rules_ref(struct rules *rules)
{
    atomic_fetch_add(&rules->references, 1);
    return rules;
}

void rules_free(struct rules **rules)
{
    struct rules *gone = *rules;

    *rules = NULL;
    if (gone != NULL && atomic_fetch_sub(&gone->references, 1) == 1) {
        tokens_free(&gone->tokens);
        free(gone);
    }
}
