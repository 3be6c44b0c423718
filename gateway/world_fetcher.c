/* The fetcher of a world, which the next one keeps if nothing about it changed. */
#include <stdlib.h>

#include "gateway/world_private.h"
#include "ldap/remote.h"

void fetcher_hold_free(struct fetcher_hold **hold_)
{
    struct fetcher_hold *hold = *hold_;
    *hold_ = NULL;
    if (hold == NULL || atomic_fetch_sub(&hold->references, 1) != 1) {
        return;
    }
    fetcher_close(&hold->fetcher);
    free(hold);
}

static int identify_fetcher(const struct fetch_config *config, struct digest *identity)
{
    struct digest_stream *stream = digest_stream_new();
    if (stream == NULL) {
        return -1;
    }
    world_add_list(stream, config->hosts, config->host_count);
    world_add_list(stream, config->network_texts, config->network_count);
    digest_stream_add_string(stream, config->ca_file);
    world_add_file_state(stream, config->ca_file);
    const int64_t numbers[] = {config->timeout_ms, config->max_bytes, config->threads, config->max_queued,
                               config->per_host_minute};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        digest_stream_add_number(stream, numbers[i]);
    }
    *identity = digest_stream_end(&stream);
    return 0;
}

/* fetch/ knows no LDAP, and ldap/ no fetching: they meet here. */
static int read_ldap(const char *url, const struct fetch_rules *rules,
                     int (*take)(void *context, struct bytes value), void *context, bool *refused,
                     struct error *error)
{
    const struct remote_rules remote = {
        .networks = rules->networks,
        .network_count = rules->network_count,
        .timeout_ms = rules->timeout_ms,
        .max_bytes = rules->max_bytes,
        .stop = rules->stop,
    };
    return remote_read(url, &remote, take, context, refused, error);
}

static struct fetcher *open_fetcher(const struct fetch_config *config, struct error *error)
{
    const struct fetcher_config fetcher = {
        .rules = {config->networks, config->network_count, config->timeout_ms, (size_t)config->max_bytes, NULL},
        .issuer_hosts = config->hosts,
        .issuer_host_count = config->host_count,
        .ca_file = config->ca_file,
        .threads = config->threads,
        .max_queued = config->max_queued,
        .per_host_minute = config->per_host_minute,
        .read_ldap = read_ldap,
    };
    return fetcher_open(&fetcher, error);
}

struct fetcher_hold *fetcher_hold(const struct fetch_config *config, const struct world *before, struct error *error)
{
    struct digest identity;
    struct fetcher_hold *hold = NULL;
    error_set(error, "out of memory");
    if (identify_fetcher(config, &identity) != 0) {
        return NULL;
    }
    if (before != NULL && digest_equal(&before->fetcher->identity, &identity)) {
        atomic_fetch_add(&before->fetcher->references, 1);
        return before->fetcher;
    }
    hold = calloc(1, sizeof(*hold));
    if (hold == NULL) {
        return NULL;
    }
    atomic_init(&hold->references, 1);
    hold->identity = identity;
    hold->fetcher = open_fetcher(config, error);
    if (hold->fetcher == NULL) {
        free(hold);
        return NULL;
    }
    return hold;
}

struct fetcher *world_fetcher(const struct world *world)
{
    return world->fetcher->fetcher;
}

void world_stop_fetching(struct world *world)
{
    fetcher_close(&world->fetcher->fetcher);
}
