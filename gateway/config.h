/*
 * The configuration file (libconfig) as a struct.
 *
 * config.c holds one table of all settings: group, name, type, unit, default,
 * limits, whether a reload may change it, and one line of help. Everything here
 * is filled in from that table; a setting that is not in it is refused, with
 * file, line and name. `${VAR}` in a string is replaced from the environment;
 * an unset variable is an error. Secrets (password-file, token-file,
 * seal-key-file) and the files of TLS are read when the file is read; of anchors and CRLs it is only
 * looked at whether they can be read, policies_load() has the rest to say.
 *
 * The groups of the list trust-rules have the settings of trust, by the same
 * rows of the table, beside those of their own.
 */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdatomic.h>

#include "base/error.h"
#include "base/log.h"
#include "base/network.h"
#include "cache/redis.h"
#include "http/http.h"
#include "ldap/directory.h"
#include "x509/policies.h"

struct config {
    atomic_uint references;
    char *path;
    struct http_config http;                 /* listen, http.*, tls.*, limits.* */
    const char *const *proxy_texts;          /* http.trusted-proxies, as written */
    struct directory_config *directories;
    size_t directory_count;
    struct policy_config trust;
    struct policy_rule *trust_rules;         /* trust-rules, in their order */
    size_t trust_rule_count;
    int64_t watch_ms;                        /* trust.watch; 0: files are not watched */
    struct cache_config {
        int64_t memory_bytes;                /* cache.memory */
        int64_t ttl_s, negttl_s, limitttl_s, stale_s;
        int64_t revalidate_s;                /* cache.revalidate: so long an expired answer serves while renewed */
        int64_t patience_ms;                 /* cache.patience: with the directories, if there is an older answer */
        int64_t ttr_s;                       /* cache.ttr: how long before its end an answer is renewed; 0: never */
        int64_t renewals;                    /* cache.renewals: in a second; 0: none */
        int64_t memory_ttl_s;                /* with redis: how long an answer serves before Redis is asked again */
    } cache;
    struct fetch_config {
        bool crls, ocsp, issuers;            /* whether each is fetched from where certificates say */
        const char *const *hosts;            /* fetch.allow: the only ones that issuers come from */
        size_t host_count;
        const char *const *network_texts;    /* fetch.networks, as written */
        size_t network_count;
        struct network *networks;
        int64_t timeout_ms, max_bytes, threads, max_queued, per_host_minute;
        const char *ca_file;
    } fetch;
    bool has_redis;
    struct shared_config redis;
    int64_t redis_unconfirmed_s;             /* redis.unconfirmed */
    char *redis_prefix;                      /* redis.prefix */
    struct bytes seal_keys[2];               /* content of redis.seal-key-file, old-seal-key-file; wiped on free */
    size_t seal_key_count;                   /* 0: none given */
    int64_t deadline_ms;                     /* lookup.deadline: of one lookup, all directories */
    int64_t max_flights;                     /* lookup.flights: different addresses under way */
    int64_t validators;                      /* lookup.validators: threads; 0: one for each core */
    int64_t drain_ms;                        /* drain: how long SIGTERM waits for open requests */
    enum log_level log_level;                /* log.level */
    enum log_format log_format;              /* log.format; the command line has the last word */
    enum { LOG_ADDRESSES_HASHED, LOG_ADDRESSES_PLAIN } log_addresses; /* log.addresses */
    void *storage;                           /* what the strings and lists above live in; config.c's own */
};

/* Reads and checks the whole file, and what it names as far as that can be done without network: every fault found in
 * it, not only the first, is given to `fault` as one line "FILE:LINE: setting: what" (line 0: no line, left out).
 * NULL when there was one. One reference, the caller's. */
struct config *config_load(const char *path, void (*fault)(void *context, const char *line), void *context);
struct config *config_ref(struct config *config);
void config_free(struct config **config); /* gives the reference back */

/* What policies_load() wants of it; borrows from the configuration. */
struct policies_config config_policies(const struct config *config);

/* Names a setting whose change needs a restart ("listen"), or NULL: all changes can be taken over by a reload. */
const char *config_needs_restart(const struct config *now, const struct config *next);

/* The table of settings as tab-separated lines: name, type, unit, default, least, most, reload|restart, help. For
 * `certlookupd --settings`, the manual page's check and the completion of editors. */
void config_write_settings(struct buffer *out);

#endif
