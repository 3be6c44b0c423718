#include "render/status.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "render/json_tree.h"

/* A member, and where its number is counted. */
struct counted {
    const char *key;
    enum counter counter;
};

struct measured {
    const char *key;
    enum gauge gauge;
};

static const struct counted outcomes[] = {
    {"found", COUNT_OUTCOME_FOUND},
    {"none", COUNT_OUTCOME_NONE},
    {"unknown", COUNT_OUTCOME_UNKNOWN},
};

static const struct counted redis[] = {
    {"hits", COUNT_REDIS_HITS},
    {"misses", COUNT_REDIS_MISSES},
    {"errors", COUNT_REDIS_ERRORS},
};

static const struct measured policy[] = {
    {"generation", GAUGE_GENERATION},
    {"anchors", GAUGE_ANCHORS},
    {"crls", GAUGE_CRLS},
};

static const struct measured memory[] = {
    {"entries", GAUGE_MEMORY_ENTRIES},
    {"bytes", GAUGE_MEMORY_BYTES},
};

static const struct measured evidence[] = {
    {"crls", GAUGE_EVIDENCE_CRLS},
    {"ocsp_answers", GAUGE_EVIDENCE_OCSP},
    {"issuers", GAUGE_EVIDENCE_ISSUERS},
};

static const struct {
    const char *key;
    enum directory_counter counter;
} of_directory[] = {
    {"searches", DIRECTORY_SEARCHES},
    {"answered", DIRECTORY_ANSWERED},
    {"cut_off", DIRECTORY_CUT_OFF},
    {"timed_out", DIRECTORY_TIMED_OUT},
    {"unavailable", DIRECTORY_UNAVAILABLE},
    {"overloaded", DIRECTORY_OVERLOADED},
};

#define COUNT_OF(table_) (sizeof(table_) / sizeof((table_)[0]))

static json_t *put_counted(struct json_tree *tree, const char *key, const struct counted *rows, size_t count)
{
    json_t *object = json_tree_put_object(tree, tree->root, key);

    for (size_t i = 0; i < count; i++) {
        json_tree_put_number(tree, object, rows[i].key, (int64_t)count_read(rows[i].counter));
    }
    return object;
}

static void put_lookups(struct json_tree *tree)
{
    json_t *object = json_tree_put_object(tree, tree->root, "lookups");

    for (size_t i = 0; i < BY_COUNT; i++) {
        enum known_by layer = (enum known_by)i;
        json_tree_put_number(tree, object, metrics_layer_word(layer), (int64_t)count_lookups_read(layer));
    }
    json_tree_put_number(tree, object, "joined", (int64_t)count_read(COUNT_LOOKUPS_JOINED));
}

static void put_times(struct json_tree *tree, json_t *list, enum known_by layer)
{
    json_t *object = json_tree_add_object(tree, list);
    struct histogram histogram;

    metrics_layer_times(layer, &histogram);
    json_tree_put_text(tree, object, "layer", metrics_layer_word(layer));
    json_t *counts = json_tree_put_array(tree, object, "counts");
    for (size_t i = 0; i <= METRICS_BUCKETS; i++) {
        json_tree_add_number(tree, counts, (int64_t)histogram.buckets[i]);
    }
    json_tree_put_number(tree, object, "sum_us", (int64_t)histogram.sum_us);
}

static void put_latency(struct json_tree *tree)
{
    json_t *latency = json_tree_put_object(tree, tree->root, "latency");
    json_t *bounds = json_tree_put_array(tree, latency, "bounds_us");

    for (size_t i = 0; i < METRICS_BUCKETS; i++) {
        json_tree_add_number(tree, bounds, metrics_bounds_us[i]);
    }
    json_t *layers = json_tree_put_array(tree, latency, "layers");
    for (size_t i = 0; i < BY_COUNT; i++) {
        put_times(tree, layers, (enum known_by)i);
    }
}

static json_t *put_measured(struct json_tree *tree, const char *key, const struct measured *rows, size_t count)
{
    json_t *object = json_tree_put_object(tree, tree->root, key);

    for (size_t i = 0; i < count; i++) {
        json_tree_put_number(tree, object, rows[i].key, gauge_read(rows[i].gauge));
    }
    return object;
}

static void put_directory(struct json_tree *tree, json_t *list, const char *name)
{
    unsigned number = metrics_directory(name);
    json_t *object = json_tree_add_object(tree, list);
    int64_t follows = gauge_directory_read(number, DIRECTORY_SYNC);

    json_tree_put_text(tree, object, "name", name);
    json_tree_put_bool(tree, object, "up", gauge_directory_read(number, DIRECTORY_UP) > 0);
    if (follows != GAUGE_NOT_SHOWN) {
        json_tree_put_bool(tree, object, "followed", follows > 0);
    }
    for (size_t i = 0; i < COUNT_OF(of_directory); i++) {
        json_tree_put_number(tree, object, of_directory[i].key,
                             (int64_t)count_directory_read(number, of_directory[i].counter));
    }
}

int render_status(const struct status *status, struct buffer *out)
{
    struct json_tree tree;

    json_tree_init(&tree);
    json_tree_put_text(&tree, tree.root, "version", VERSION);
    json_tree_put_time(&tree, tree.root, "started_at", gauge_read(GAUGE_START_TIME));
    json_tree_put_time(&tree, tree.root, "now", clock_wall_s());
    json_tree_put_bool(&tree, tree.root, "ready", status->why_not == NULL);
    if (status->why_not != NULL) {
        json_tree_put_text(&tree, tree.root, "why_not", status->why_not);
    }
    put_measured(&tree, "policy", policy, COUNT_OF(policy));
    put_lookups(&tree);
    put_counted(&tree, "outcomes", outcomes, COUNT_OF(outcomes));
    put_latency(&tree);
    json_tree_put_number(&tree, tree.root, "flights", gauge_read(GAUGE_FLIGHTS));
    json_tree_put_number(&tree, tree.root, "waiting", gauge_read(GAUGE_WAITING));
    json_t *kept = put_measured(&tree, "memory", memory, COUNT_OF(memory));
    json_tree_put_number(&tree, kept, "evictions", (int64_t)count_read(COUNT_MEMORY_EVICTIONS));
    if (status->has_redis) {
        json_t *shared = put_counted(&tree, "redis", redis, COUNT_OF(redis));
        json_tree_put_bool(&tree, shared, "up", gauge_read(GAUGE_REDIS_UP) > 0);
        json_tree_put_bool(&tree, shared, "tracking", gauge_read(GAUGE_REDIS_TRACKING) > 0);
    }
    json_t *proofs = put_measured(&tree, "evidence", evidence, COUNT_OF(evidence));
    json_tree_put_time(&tree, proofs, "next_update", gauge_read(GAUGE_EVIDENCE_NEXT_UPDATE));
    json_t *list = json_tree_put_array(&tree, tree.root, "directories");
    for (size_t i = 0; i < status->directory_count; i++) {
        put_directory(&tree, list, status->directories[i]);
    }
    return json_tree_end(&tree, out);
}
