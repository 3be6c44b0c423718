#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/text.h"
#include "fetch/fetcher.h"
#include "gateway/config_private.h"
#include "ldap/uri.h"

#define MEMORY_BYTES_MIN (1024 * 1024)

/* Reports words that begin with a setting's name ("filter: …") at that setting, others at the group's `fallback`. */
static void fault_of_check(struct reader *reader, const char *group, const char *path, const char *fallback,
                           const struct error *error)
{
    char name[64] = "", at[MAX_PATH_BYTES + 64];
    size_t size = strcspn(error->text, ":");
    const char *words = error->text;

    if (size < sizeof(name) && error->text[size] == ':') {
        memcpy(name, error->text, size);
    }
    if (settings_find(group, name) != NULL) {
        words += size + 1 + strspn(words + size + 1, " ");
    } else {
        snprintf(name, sizeof(name), "%s", fallback);
    }
    snprintf(at, sizeof(at), "%s%s%s", path, *name != '\0' ? "." : "", name);
    reader_fault(reader, at, "%s", words);
}

void reader_check_readable(struct reader *reader, const char *path, const char *file)
{
    if (eaccess(file, R_OK) != 0) {
        reader_fault(reader, path, "%s: %s", file, strerror(errno));
    }
}

/* TLS is on unless the file says none. A URI that is none is reported with the rest of the directory. */
static enum tls_mode tls_mode_of(enum tls_word word, const char *first_uri)
{
    struct uri uri = {.scheme = URI_LDAP};

    switch (word) {
    case TLS_WORD_LDAPS:
        return TLS_LDAPS;
    case TLS_WORD_STARTTLS:
        return TLS_STARTTLS;
    case TLS_WORD_NONE:
        return TLS_NONE;
    case TLS_WORD_AUTO:
        break;
    }
    if (uri_parse(first_uri, &uri, NULL) == 0 && uri.scheme == URI_LDAPI) {
        return TLS_NONE;
    }
    return uri.scheme == URI_LDAPS ? TLS_LDAPS : TLS_STARTTLS;
}

static void check_unique_name(struct reader *reader, const char *path, size_t which)
{
    const char *name = reader->drafts[which].config.name;

    for (size_t i = 0; i < which; i++) {
        const char *other = reader->drafts[i].config.name;
        if (*name != '\0' && text_equal_nocase(name, other)) {
            reader_fault(reader, path, "directories[%zu] has this name already", i);
            return;
        }
    }
}

static void check_directory(struct reader *reader, size_t which)
{
    struct directory_config *directory = &reader->config->directories[which];
    char path[MAX_PATH_BYTES], at[MAX_PATH_BYTES + 32];
    struct error error;

    snprintf(path, sizeof(path), "directories[%zu]", which);
    snprintf(at, sizeof(at), "%s.name", path);
    if (reader_faulted(reader, path)) {
        return;
    }
    check_unique_name(reader, at, which);
    *directory = reader->drafts[which].config;
    directory->tls = tls_mode_of(reader->drafts[which].tls, directory->uris[0]);
    if (directory_config_check(directory, &error) != 0) {
        fault_of_check(reader, "directories", path, "", &error);
    } else if (*directory->ca_file != '\0') {
        snprintf(at, sizeof(at), "%s.ca-file", path);
        reader_check_readable(reader, at, directory->ca_file);
    }
    if (!reader_faulted(reader, "lookup") && directory->timeout_ms > reader->config->deadline_ms) {
        snprintf(at, sizeof(at), "%s.timeout", path);
        reader_fault(reader, at, "is longer than lookup.deadline, %lld ms", (long long)reader->config->deadline_ms);
    }
}

/* Files that are there, or URLs that may be fetched. */
static void check_crls(struct reader *reader, const char *path, const char *const *crls, size_t count)
{
    char at[MAX_PATH_BYTES + 32];
    struct error error;

    for (size_t i = 0; i < count; i++) {
        snprintf(at, sizeof(at), "%s[%zu]", path, i);
        if (!policy_is_url(crls[i])) {
            reader_check_readable(reader, at, crls[i]);
        } else if (!fetch_url_is_allowed(crls[i], &error)) {
            reader_fault(reader, at, "%s", error.text);
        }
    }
}

static void check_files(struct reader *reader, const char *path, const char *const *files, size_t count)
{
    char at[MAX_PATH_BYTES + 32];

    for (size_t i = 0; i < count; i++) {
        snprintf(at, sizeof(at), "%s[%zu]", path, i);
        reader_check_readable(reader, at, files[i]);
    }
}

/* Of a rule, what it left out is the matter of trust. */
static bool stands_in(const struct reader *reader, const char *group, const char *name, char at[MAX_PATH_BYTES])
{
    snprintf(at, MAX_PATH_BYTES, "%.100s.%s", group, name);
    return strcmp(group, "trust") == 0 || reader_find(reader, at) != NULL;
}

static void check_policy(struct reader *reader, const char *group, const struct policy_config *policy)
{
    const struct {
        const char *name;
        const char *const *files;
        size_t count;
    } lists[] = {
        {"anchors", policy->anchors, policy->anchor_count},
        {"intermediates", policy->intermediates, policy->intermediate_count},
    };
    char at[MAX_PATH_BYTES];

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        if (stands_in(reader, group, lists[i].name, at)) {
            check_files(reader, at, lists[i].files, lists[i].count);
        }
    }
    if (stands_in(reader, group, "crls", at)) {
        check_crls(reader, at, policy->crls, policy->crl_count);
    }
    if (stands_in(reader, group, "revocation", at) && policy->revocation == REVOCATION_MODE_REQUIRE &&
        policy->crl_count == 0 && !config_fetches_evidence(reader->config)) {
        reader_fault(reader, at,
                     "require needs %s.crls, fetch.crls, fetch.ocsp or a directory with issuers: every certificate "
                     "would be refused", group);
    }
}

static void check_trust(struct reader *reader)
{
    check_policy(reader, "trust", &reader->config->trust);
}

static void check_rule_name(struct reader *reader, const char *path, size_t which)
{
    const char *name = reader->config->trust_rules[which].name;

    if (strcmp(name, "trust") == 0) {
        reader_fault(reader, path, "\"trust\" is what explanations call the group itself");
    }
    for (size_t i = 0; i < which; i++) {
        const char *other = reader->config->trust_rules[i].name;
        if (*name != '\0' && text_equal_nocase(name, other)) {
            reader_fault(reader, path, "trust-rules[%zu] has this name already", i);
            return;
        }
    }
}

static bool is_directory(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->config->directory_count; i++) {
        const char *known = reader->drafts[i].config.name;
        if (known != NULL && strcmp(known, name) == 0) {
            return true;
        }
    }
    return false;
}

static void check_rule_directories(struct reader *reader, const char *path, const struct policy_rule *rule)
{
    char at[MAX_PATH_BYTES];

    for (size_t i = 0; i < rule->directory_count; i++) {
        if (!is_directory(reader, rule->directories[i])) {
            snprintf(at, sizeof(at), "%.100s.directories[%zu]", path, i);
            reader_fault(reader, at, "there is no directory of the name \"%.100s\"", rule->directories[i]);
        }
    }
}

static void check_rule(struct reader *reader, size_t which)
{
    const struct policy_rule *rule = &reader->config->trust_rules[which];
    char path[MAX_PATH_BYTES], at[MAX_PATH_BYTES + 16];

    snprintf(path, sizeof(path), "trust-rules[%zu]", which);
    if (reader_faulted(reader, path) || reader_faulted(reader, "trust")) {
        return;
    }
    snprintf(at, sizeof(at), "%s.name", path);
    check_rule_name(reader, at, which);
    if (rule->domain_count == 0 && rule->directory_count == 0) {
        reader_fault(reader, path, "has neither domains nor directories: domains = [ \"*\" ] stands for everybody");
    }
    if (!reader_faulted(reader, "directories")) {
        check_rule_directories(reader, path, rule);
    }
    check_policy(reader, path, &rule->policy);
}

/* A life that is longer than the one it is measured by is a slip of the pen; a preset one is cut to it. */
static void check_life(struct reader *reader, const char *path, int64_t *life_s, int64_t ttl_s)
{
    if (*life_s <= ttl_s) {
        return;
    }
    if (reader_find(reader, path) != NULL) {
        reader_fault(reader, path, "is longer than cache.ttl, %lld s", (long long)ttl_s);
    }
    *life_s = ttl_s;
}

static void check_cache(struct reader *reader)
{
    struct cache_config *cache = &reader->config->cache;

    if (cache->memory_bytes != 0 && cache->memory_bytes < MEMORY_BYTES_MIN) {
        reader_fault(reader, "cache.memory", "is neither 0 nor at least 1M");
    }
    check_life(reader, "cache.negttl", &cache->negttl_s, cache->ttl_s);
    check_life(reader, "cache.limitttl", &cache->limitttl_s, cache->ttl_s);
    check_life(reader, "cache.memory-ttl", &cache->memory_ttl_s, cache->ttl_s);
    if (reader_find(reader, "cache.memory-ttl") != NULL && reader_find(reader, "redis") == NULL) {
        reader_fault(reader, "cache.memory-ttl", "means something with a redis group only");
    }
}

static void check_redis(struct reader *reader)
{
    struct config *config = reader->config;
    struct error error;

    if (shared_config_check(&config->redis, &error) != 0) {
        fault_of_check(reader, "redis", "redis", "uri", &error);
    } else if (*config->redis.ca_file != '\0') {
        reader_check_readable(reader, "redis.ca-file", config->redis.ca_file);
    }
    config->seal_key_count = (config->seal_keys[0].data != NULL) + (config->seal_keys[1].data != NULL);
    if (config->seal_keys[1].data == NULL) {
        return;
    }
    if (config->seal_keys[0].data == NULL) {
        reader_fault(reader, "redis.old-seal-key-file", "stands without seal-key-file");
    } else if (bytes_equal(config->seal_keys[0], config->seal_keys[1])) {
        reader_fault(reader, "redis.old-seal-key-file", "holds the same key as seal-key-file");
    }
}

/* A Redis that hangs must leave the directories time to answer. */
static void check_redis_timeout(struct reader *reader)
{
    const struct config *config = reader->config;

    if (config->redis.timeout_ms > config->deadline_ms / 2) {
        reader_fault(reader, "redis.timeout", "is longer than half of lookup.deadline, %lld ms",
                     (long long)config->deadline_ms);
    }
}

struct network *reader_networks(struct reader *reader, const char *path, const char *const *texts, size_t count,
                                int (*parse)(const char *text, struct network *network, struct error *error))
{
    struct network *networks = reader_keep(reader, (count + 1) * sizeof(*networks));
    struct error error;

    for (size_t i = 0; networks != NULL && i < count; i++) {
        if (parse(texts[i], &networks[i], &error) != 0) {
            reader_fault(reader, path, "%s", error.text);
        }
    }
    return networks;
}

void reader_check(struct reader *reader)
{
    static const struct {
        const char *group;
        void (*check)(struct reader *reader);
    } checks[] = {{"fetch", reader_check_fetch},
                  {"trust", check_trust},
                  {"cache", check_cache},
                  {"http", reader_check_http},
                  {"tls", reader_check_tls},
                  {"http", reader_check_doors}};

    for (size_t i = 0; i < reader->config->directory_count; i++) {
        check_directory(reader, i);
    }
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        if (!reader_faulted(reader, checks[i].group)) {
            checks[i].check(reader);
        }
    }
    for (size_t i = 0; i < reader->config->trust_rule_count; i++) {
        check_rule(reader, i);
    }
    if (reader->config->has_redis && !reader_faulted(reader, "redis")) {
        check_redis(reader);
        if (!reader_faulted(reader, "lookup")) {
            check_redis_timeout(reader);
        }
    }
}

static bool same_list(const char *const *a, size_t a_count, const char *const *b, size_t b_count)
{
    if (a_count != b_count) {
        return false;
    }
    for (size_t i = 0; i < a_count; i++) {
        if (strcmp(a[i], b[i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool same_setting(const struct setting *setting, const struct config *a, const struct config *b)
{
    const char *field_a = (const char *)a + setting->offset, *field_b = (const char *)b + setting->offset;

    if (setting->type == SETTING_LIST) {
        const char *const *list_a, *const *list_b;
        size_t count_a, count_b;
        memcpy(&list_a, field_a, sizeof(list_a));
        memcpy(&list_b, field_b, sizeof(list_b));
        memcpy(&count_a, (const char *)a + setting->count_offset, sizeof(count_a));
        memcpy(&count_b, (const char *)b + setting->count_offset, sizeof(count_b));
        return same_list(list_a, count_a, list_b, count_b);
    }
    if (setting->type == SETTING_STRING || (setting_is_file(setting) && setting->size == sizeof(char *))) {
        const char *string_a, *string_b;
        memcpy(&string_a, field_a, sizeof(string_a));
        memcpy(&string_b, field_b, sizeof(string_b));
        return strcmp(string_a, string_b) == 0;
    }
    return memcmp(field_a, field_b, setting->size) == 0;
}

const char *config_needs_restart(const struct config *now, const struct config *next)
{
    if (now->has_redis != next->has_redis) {
        return "redis";
    }
    for (const struct setting *setting = settings_table; setting < settings_table + settings_count; setting++) {
        if (setting->restart && !same_setting(setting, now, next)) {
            return setting->path;
        }
    }
    return NULL;
}
