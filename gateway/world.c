#include "gateway/world_private.h"

#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"

static void hold_free(struct directory_hold **hold_)
{
    struct directory_hold *hold = *hold_;
    *hold_ = NULL;
    if (hold == NULL || atomic_fetch_sub(&hold->references, 1) != 1) {
        return;
    }
    directory_close(&hold->directory);
    free(hold);
}

void world_add_list(struct digest_stream *stream, const char *const *list, size_t count)
{
    digest_stream_add_number(stream, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        digest_stream_add_string(stream, list[i]);
    }
}

/* A certificate authority file that was renewed under its old name is a change too. */
void world_add_file_state(struct digest_stream *stream, const char *path)
{
    struct stat state;
    if (path != NULL && path[0] != '\0' && stat(path, &state) == 0) {
        digest_stream_add_number(stream, (int64_t)state.st_ino);
        digest_stream_add_number(stream, (int64_t)state.st_size);
        digest_stream_add_number(stream, (int64_t)state.st_mtim.tv_sec);
        digest_stream_add_number(stream, (int64_t)state.st_mtim.tv_nsec);
    }
}

static int identify(const struct directory_config *config, struct digest *identity)
{
    struct digest_stream *stream = digest_stream_new();
    if (stream == NULL) {
        return -1;
    }
    digest_stream_add_string(stream, config->name);
    world_add_list(stream, config->uris, config->uri_count);
    digest_stream_add_string(stream, config->base);
    world_add_list(stream, config->domains, config->domain_count);
    digest_stream_add_string(stream, config->filter);
    digest_stream_add_string(stream, config->bind_dn);
    digest_stream_add_string(stream, config->password);
    digest_stream_add_number(stream, config->tls);
    digest_stream_add_string(stream, config->ca_file);
    world_add_file_state(stream, config->ca_file);
    const int64_t numbers[] = {config->timeout_ms,  config->connect_timeout_ms, config->connections,
                               config->max_entries, config->max_value_bytes,    config->max_queued,
                               config->scope,       config->issuers,            config->sync,
                               config->warm,        config->sync_bytes};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        digest_stream_add_number(stream, numbers[i]);
    }
    *identity = digest_stream_end(&stream);
    return 0;
}

/* The directory of `config`: the one that `before` has open, if nothing about it changed, or a new one. */
static struct directory_hold *hold_directory(const struct directory_config *config, const struct world *before,
                                             struct error *error)
{
    struct digest identity;
    if (identify(config, &identity) != 0) {
        error_set(error, "out of memory");
        return NULL;
    }
    for (size_t i = 0; before != NULL && i < before->directory_count; i++) {
        struct directory_hold *held = before->directories[i];
        if (digest_equal(&held->identity, &identity)) {
            atomic_fetch_add(&held->references, 1);
            return held;
        }
    }
    struct directory_hold *hold = calloc(1, sizeof(*hold));
    if (hold == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    atomic_init(&hold->references, 1);
    hold->identity = identity;
    hold->fingerprint = directory_fingerprint(config);
    hold->scope = digest_sha256(bytes_of(hold->fingerprint.bytes, DIGEST_BYTES));
    hold->directory = directory_open(config, error);
    if (hold->directory == NULL) {
        free(hold);
        return NULL;
    }
    return hold;
}

static bool may_answer_for(const struct directory_config *directory, const char *pattern)
{
    bool may = false;
    for (size_t i = 0; i < directory->domain_count && !may; i++) {
        may = address_domain_patterns_meet(directory->domains[i], pattern);
    }
    return may;
}

static bool is_open(const struct directory_config *directory, const struct http_config *http)
{
    bool is = false;
    for (size_t i = 0; i < http->domain_count && !is; i++) {
        is = may_answer_for(directory, http->domains[i]);
    }
    return is;
}

static int open_directories(struct world *world, const struct world *before, struct error *error)
{
    const struct config *config = world->config;
    world->directories = calloc(config->directory_count + 1, sizeof(struct directory_hold *));
    if (world->directories == NULL) {
        return error_set(error, "directories: out of memory");
    }
    for (size_t i = 0; i < config->directory_count; i++) {
        world->directories[i] = hold_directory(&config->directories[i], before, error);
        if (world->directories[i] == NULL) {
            return error_prefix(error, "directories[%zu]", i);
        }
        world->is_open[i] = is_open(&config->directories[i], &config->http);
        world->directory_count++;
    }
    return 0;
}

/* A gateway without a seal key makes its own, keeps it over reloads, and shares with nobody. */
static struct seal_ring *make_ring(const struct config *config, struct error *error)
{
    if (config->seal_key_count > 0) {
        return seal_ring_new(config->seal_keys, config->seal_key_count, error);
    }
    static uint8_t own[SEAL_KEY_MIN_BYTES];
    static bool drawn;
    if (!drawn) { /* world_load() is never called twice at once */
        digest_random(own, sizeof(own));
        drawn = true;
    }
    struct bytes key = bytes_of(own, sizeof(own));
    return seal_ring_new(&key, 1, error);
}

static bool judges_alike(const struct world *a, const struct world *b)
{
    struct digest policy_a = policies_fingerprint(a->policies), policy_b = policies_fingerprint(b->policies);
    bool alike = digest_equal(&policy_a, &policy_b) && a->directory_count == b->directory_count;
    for (size_t i = 0; alike && i < a->directory_count; i++) {
        const struct directory_hold *left = a->directories[i], *right = b->directories[i];
        alike = left == right || digest_equal(&left->identity, &right->identity);
    }
    return alike;
}

static struct policies *load_policies(const struct config *config, struct error *error)
{
    struct policies_config policies = config_policies(config);
    return policies_load(&policies, error);
}

static void add_policy_files(struct digest_stream *stream, const struct policy_config *policy)
{
    const struct {
        const char *const *paths;
        size_t count;
    } lists[] = {{policy->anchors, policy->anchor_count},
                 {policy->intermediates, policy->intermediate_count},
                 {policy->crls, policy->crl_count}};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (size_t k = 0; k < lists[i].count; k++) {
            file_add_state(lists[i].paths[k], stream);
        }
    }
}

int world_files_state(const struct config *config, struct digest *state)
{
    struct digest_stream *stream = digest_stream_new();
    if (stream == NULL) {
        return -1;
    }
    add_policy_files(stream, &config->trust);
    for (size_t i = 0; i < config->trust_rule_count; i++) {
        add_policy_files(stream, &config->trust_rules[i].policy);
    }
    *state = digest_stream_end(&stream);
    return 0;
}

/* What is shown to clients serves them until there is something better: one that none takes is a slip, say of a renewal
 * that wrote the old file again. At a start, and in the place of one that is no better, it is told of and shown. */
static bool would_spoil_certificate(const struct world *before, const struct config *config, struct error *error)
{
    struct error ignored;

    return before != NULL && before->config != config && before->config->http.tls.certificate.size > 0 &&
           http_certificate_check(&before->config->http, &ignored) == 0 &&
           http_certificate_check(&config->http, error) != 0;
}

/* Takes over the reference to `config`, which may be NULL: its faults were given to `fault` already. */
static struct world *make_world(struct config *config, const struct world *before,
                                void (*fault)(void *context, const char *line), void *context)
{
    const char *path = config != NULL ? config->path : "";
    struct error error = {""};
    bool complete = false;
    struct world *world = calloc(1, sizeof(*world));
    if (world == NULL) {
        fault(context, "out of memory");
        config_free(&config);
        return NULL;
    }
    atomic_init(&world->references, 1);

    world->config = config;
    if (world->config == NULL) {
        goto out;
    }
    if (would_spoil_certificate(before, world->config, &error)) {
        error_prefix(&error, "%s", path);
        goto out;
    }
    if (world_files_state(world->config, &world->files) != 0) {
        error_set(&error, "%s: out of memory", path);
        goto out;
    }
    world->policies = load_policies(world->config, &error);
    if (world->policies == NULL) {
        error_prefix(&error, "%s", path);
        goto out;
    }
    world->ring = make_ring(world->config, &error);
    if (world->ring == NULL) {
        error_prefix(&error, "%s: redis.seal-key-file", path);
        goto out;
    }
    if (open_directories(world, before, &error) != 0) {
        error_prefix(&error, "%s", path);
        goto out;
    }
    world->fetcher = fetcher_hold(&world->config->fetch, before, &error);
    if (world->fetcher == NULL) {
        error_prefix(&error, "%s: fetch", path);
        goto out;
    }
    error.text[0] = '\0';
    world->generation = before == NULL ? 1 : before->generation + (judges_alike(world, before) ? 0 : 1);
    complete = true;
out:
    if (error.text[0] != '\0') {
        fault(context, error.text);
    }
    if (!complete) {
        world_free(&world);
    }
    return world;
}

struct world *world_load(const char *path, const struct world *before, void (*fault)(void *context, const char *line),
                         void *context)
{
    return make_world(config_load(path, fault, context), before, fault, context);
}

struct world *world_renew(const struct world *before, void (*fault)(void *context, const char *line), void *context)
{
    return make_world(config_ref(before->config), before, fault, context);
}

struct world *world_ref(struct world *world)
{
    atomic_fetch_add(&world->references, 1);
    return world;
}

static void end(struct world *world)
{
    for (size_t i = 0; i < world->directory_count; i++) {
        hold_free(&world->directories[i]);
    }
    free(world->directories);
    fetcher_hold_free(&world->fetcher);
    seal_ring_free(&world->ring);
    policies_free(&world->policies);
    config_free(&world->config);
    free(world);
}

/* Whether that was the last reference: then nobody else has the world, nor can get it. */
static bool give_back(struct world **world)
{
    bool is_last = *world != NULL && atomic_fetch_sub(&(*world)->references, 1) == 1;
    if (!is_last) {
        *world = NULL;
    }
    return is_last;
}

void world_free(struct world **world)
{
    if (give_back(world)) {
        end(*world);
        *world = NULL;
    }
}

static void close_world(struct work *work)
{
    end((struct world *)((char *)work - offsetof(struct world, closing)));
}

void world_retire(struct world **world_, struct pool *background)
{
    if (!give_back(world_)) {
        return;
    }
    struct world *world = *world_;
    *world_ = NULL;
    world->closing.run = close_world;
    if (!pool_submit(background, &world->closing)) {
        end(world);
    }
}

size_t world_directories(const struct world *world, const char *domain, struct directory **out, struct digest *scope)
{
    uint8_t fingerprints[MAX_DIRECTORIES * DIGEST_BYTES];
    size_t count = 0;
    const struct directory_hold *last = NULL;
    for (size_t i = 0; i < world->directory_count && count < MAX_DIRECTORIES; i++) {
        const struct directory_hold *hold = world->directories[i];
        if (directory_serves(directory_settings(hold->directory), domain)) {
            memcpy(fingerprints + count * DIGEST_BYTES, hold->fingerprint.bytes, DIGEST_BYTES);
            out[count++] = hold->directory;
            last = hold;
        }
    }
    *scope = count == 1 ? last->scope : digest_sha256(bytes_of(fingerprints, count * DIGEST_BYTES));
    return count;
}

size_t world_directories_for_names(const struct world *world, bool only_open, struct directory **out)
{
    size_t count = 0;
    for (size_t i = 0; i < world->directory_count; i++) {
        if (world->is_open[i] || !only_open) {
            out[count++] = world->directories[i]->directory;
        }
    }
    return count;
}

struct directory *world_issuer_directory(const struct world *world, const char *name)
{
    for (size_t i = 0; i < world->directory_count; i++) {
        struct directory *directory = world->directories[i]->directory;
        const struct directory_config *settings = directory_settings(directory);
        if (settings->issuers && strcmp(settings->name, name) == 0) {
            return directory;
        }
    }
    return NULL;
}

uint64_t world_scope_number(const struct digest *scope)
{
    uint64_t number;
    memcpy(&number, scope->bytes, sizeof(number));
    return number;
}
