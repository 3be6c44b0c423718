#include <stdio.h>
#include <stdlib.h>

#include "base/seal.h"
#include "base/text.h"
#include "cache/record.h"
#include "gateway/config_private.h"
#include "http/tokens.h"
#include "x509/policy_settings.h"

#define STRINGIFY(number_) #number_
#define TEXT(number_) STRINGIFY(number_)

/* TLS 1.2 and 1.3, with forward secrecy and authenticated encryption. */
#define TLS_PRIORITIES \
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-DHE-RSA:-CIPHER-ALL:+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305"
#define MAX_TLS_FILE_BYTES 1048576

#define FIELD(struct_, member_) \
    .offset = offsetof(struct struct_, member_), .size = sizeof(((struct struct_ *)0)->member_)
#define IN_CONFIG(member_) FIELD(config, member_)
#define IN_DIRECTORY(member_) FIELD(directory_draft, config.member_)
#define CONFIG_LIST(member_, count_) IN_CONFIG(member_), .count_offset = offsetof(struct config, count_)
#define IN_RULE(member_) FIELD(policy_rule, member_)
#define RULE_LIST(member_, count_) IN_RULE(member_), .count_offset = offsetof(struct policy_rule, count_)
#define DIRECTORY_LIST(member_, count_) \
    IN_DIRECTORY(member_), .count_offset = offsetof(struct directory_draft, config.count_)

const struct setting settings_table[] = {
    {"listen", SETTING_LIST, "127.0.0.1:8080", "1", TEXT(MAX_LISTEN), NULL, accept_listen, true,
     CONFIG_LIST(http.listen, http.listen_count),
     .help = "addresses to answer HTTP on; port 0 takes a free one"},
    {"drain", SETTING_DURATION_MS, "10s", "0", "5m", NULL, NULL, false, IN_CONFIG(drain_ms),
     .help = "how long SIGTERM waits for open requests"},

    {"directories.name", SETTING_STRING, NULL, "1", "64", NULL, accept_name, false, IN_DIRECTORY(name),
     .help = "how log, metrics and answers call this directory"},
    {"directories.uri", SETTING_LIST, NULL, "1", TEXT(MAX_URIS), NULL, NULL, false, DIRECTORY_LIST(uris, uri_count),
     .help = "ldaps://, ldap:// or ldapi:// servers with the same content, tried in order"},
    {"directories.base", SETTING_STRING, "", "0", "1024", NULL, NULL, false, IN_DIRECTORY(base),
     .help = "base DN of the search; empty: from the server's defaultNamingContext or namingContexts"},
    {"directories.domains", SETTING_LIST, NULL, "1", TEXT(MAX_DOMAINS), NULL, accept_domain, false,
     DIRECTORY_LIST(domains, domain_count),
     .help = "mail domains that this directory answers for; *.domain for all below it, * for all"},
    {"directories.filter", SETTING_STRING, "(mail=%m)", "1", "1024", NULL, NULL, false, IN_DIRECTORY(filter),
     .help = "search filter; %m address, %u local part, %d domain, %% a percent sign, each escaped"},
    {"directories.bind-dn", SETTING_STRING, "", "1", "1024", NULL, NULL, false, IN_DIRECTORY(bind_dn),
     .help = "DN of a simple bind; without it searches are anonymous"},
    {"directories.password-file", SETTING_SECRET, "", "1", "1024", NULL, NULL, false, IN_DIRECTORY(password),
     .help = "file with the password of bind-dn, readable by its owner only"},
    {"directories.tls", SETTING_WORD, "auto", NULL, NULL, "auto ldaps starttls none", NULL, false,
     FIELD(directory_draft, tls),
     .help = "auto: ldaps for ldaps://, starttls for ldap://, none for ldapi://; never falls back to clear text"},
    {"directories.ca-file", SETTING_STRING, "", "1", "1024", NULL, NULL, false, IN_DIRECTORY(ca_file),
     .help = "PEM file of the authorities that vouch for the server; empty: the system's"},
    {"directories.timeout", SETTING_DURATION_MS, "3s", "10ms", "1m", NULL, NULL, false, IN_DIRECTORY(timeout_ms),
     .help = "of one search"},
    {"directories.connect-timeout", SETTING_DURATION_MS, "1s", "10ms", "1m", NULL, NULL, false,
     IN_DIRECTORY(connect_timeout_ms),
     .help = "of resolving, connecting, TLS and bind together, for each server"},
    {"directories.connections", SETTING_NUMBER, "2", "1", "16", NULL, NULL, false, IN_DIRECTORY(connections),
     .help = "connections to the directory; each carries many searches at a time"},
    {"directories.entries", SETTING_NUMBER, "16", "1", TEXT(MAX_ENTRIES), NULL, NULL, false,
     IN_DIRECTORY(max_entries),
     .help = "entries taken of one search; more mark the answer as cut off"},
    {"directories.value-size", SETTING_SIZE, "64K", "1K", "64K", NULL, NULL, false, IN_DIRECTORY(max_value_bytes),
     .help = "larger attribute values are left out and mark the answer as cut off"},
    {"directories.queue", SETTING_NUMBER, "1000", "1", "100000", NULL, NULL, false, IN_DIRECTORY(max_queued),
     .help = "searches waiting or under way; more are answered unavailable"},
    {"directories.issuers", SETTING_BOOLEAN, "true", NULL, NULL, NULL, NULL, false, IN_DIRECTORY(issuers),
     .help = "read certificates and CRLs of issuers from their entries in this directory"},
    {"directories.sync", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false, IN_DIRECTORY(sync),
     .help = "have the directory tell of its changes (RFC 4533), so that what changed is dropped at once"},
    {"directories.warm", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false, IN_DIRECTORY(warm),
     .help = "with sync: what changed and was in memory is looked up anew at once"},
    {"directories.sync-memory", SETTING_SIZE, "64M", "64K", "16G", NULL, NULL, false, IN_DIRECTORY(sync_bytes),
     .help = "bound of the addresses that sync remembers, about 80 bytes for each entry with certificates"},
    {"directories.scope", SETTING_WORD, "sub", NULL, NULL, "base one sub", NULL, false, IN_DIRECTORY(scope),
     .help = "scope of the search"},

    {"trust.anchors", SETTING_LIST, NULL, "1", "64", NULL, NULL, false,
     CONFIG_LIST(trust.anchors, trust.anchor_count),
     .help = "files or folders with the certificates that chains must end in: PEM, DER, PKCS#7 or .sst"},
    {"trust.intermediates", SETTING_LIST, "", "0", "64", NULL, NULL, false,
     CONFIG_LIST(trust.intermediates, trust.intermediate_count),
     .help = "files or folders with issuers that help to build chains: PEM, DER, PKCS#7 or .sst"},
    {"trust.crls", SETTING_LIST, "", "0", "64", NULL, NULL, false, CONFIG_LIST(trust.crls, trust.crl_count),
     .help = "revocation lists: files or folders, PEM, DER or .sst; or URLs to fetch them from"},
    {"trust.watch", SETTING_DURATION_MS, "30s", "0", "1d", NULL, NULL, false, IN_CONFIG(watch_ms),
     .help = "how often the files of anchors, intermediates and crls are looked at for changes; 0: never"},
    {"trust.revocation", SETTING_WORD, "prefer", NULL, NULL, "off prefer require", NULL, false,
     IN_CONFIG(trust.revocation),
     .help = "what to do where no evidence is at hand: not to look for any, to mark the certificate, or to refuse it"},
    {"trust.local-part-case", SETTING_WORD, "ignore", NULL, NULL, "ignore exact", NULL, false,
     IN_CONFIG(trust.exact_local_part),
     .help = "how ASCII letters left of the @ compare between address and certificate"},
    {"trust.allow-sha1", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false, IN_CONFIG(trust.allow_sha1),
     .help = "accept SHA-1 in signatures below the anchor"},
    {"trust.min-rsa-bits", SETTING_NUMBER, "2048", "1024", "8192", NULL, NULL, false, IN_CONFIG(trust.min_rsa_bits),
     .help = "shorter RSA keys are weak"},
    {"trust.addressless", SETTING_WORD, "refuse", NULL, NULL, "refuse directory", NULL, false,
     IN_CONFIG(trust.addressless),
     .help = "certificates without any address: refuse them, or believe an entry whose own mail is the asked address"},
    {"trust.aliases", SETTING_WORD, "refuse", NULL, NULL, "refuse directory", NULL, false, IN_CONFIG(trust.aliases),
     .help = "certificates that name another mail of the entry that was found: refuse them, or believe the directory"},
    {"trust.domain-certificates", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false,
     IN_CONFIG(trust.domain_certificates),
     .help = "accept certificates without any address whose dNSName is exactly the address's domain"},
    {"trust.policy-oids", SETTING_LIST, POLICY_OID_ANY, "1", TEXT(MAX_POLICY_OIDS), NULL, accept_oid, false,
     CONFIG_LIST(trust.oids, trust.oid_count),
     .help = "certificate policies that are acceptable where a policy is required; any: all of them"},
    {"trust.require-explicit-policy", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false,
     IN_CONFIG(trust.require_explicit_policy),
     .help = "every chain must be valid for one of policy-oids"},
    {"trust.inhibit-policy-mapping", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false,
     IN_CONFIG(trust.inhibit_policy_mapping),
     .help = "issuers may not map one policy to another"},
    {"trust.inhibit-any-policy", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false,
     IN_CONFIG(trust.inhibit_any_policy),
     .help = "anyPolicy in a certificate stands for no policy"},
    {"trust.curves", SETTING_LIST, POLICY_CURVES, "1", "6", NULL, accept_curve, false,
     CONFIG_LIST(trust.curves, trust.curve_count),
     .help = "curves that EC keys may be on; keys on others are weak"},
    {"trust.signature-hashes", SETTING_LIST, POLICY_HASHES, "1", "9", NULL, accept_hash, false,
     CONFIG_LIST(trust.hashes, trust.hash_count),
     .help = "hashes that signatures below the anchor may be made with; allow-sha1 adds one"},
    {"trust.deny", SETTING_LIST, "", "0", TEXT(MAX_FINGERPRINTS), NULL, accept_fingerprint, false,
     CONFIG_LIST(trust.deny, trust.deny_count),
     .help = "SHA-256 fingerprints of certificates that no chain may hold, the anchor's place included"},
    {"trust.allow", SETTING_LIST, "", "0", TEXT(MAX_FINGERPRINTS), NULL, accept_fingerprint, false,
     CONFIG_LIST(trust.allow, trust.allow_count),
     .help = "SHA-256 fingerprints of which every chain must hold one; none: no such rule"},

    {"trust-rules.name", SETTING_STRING, NULL, "1", "64", NULL, accept_name, false, IN_RULE(name),
     .help = "how faults and explain call this rule"},
    {"trust-rules.domains", SETTING_LIST, "", "1", TEXT(MAX_DOMAINS), NULL, accept_domain, false,
     RULE_LIST(domains, domain_count),
     .help = "recipients' mail domains that this rule is for; *.domain for all below it, * for all"},
    {"trust-rules.directories", SETTING_LIST, "", "1", TEXT(MAX_DIRECTORIES), NULL, NULL, false,
     RULE_LIST(directories, directory_count),
     .help = "names of directories whose values this rule is for"},

    {"fetch.crls", SETTING_BOOLEAN, "true", NULL, NULL, NULL, NULL, false, IN_CONFIG(fetch.crls),
     .help = "fetch the CRLs that certificates name"},
    {"fetch.ocsp", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false, IN_CONFIG(fetch.ocsp),
     .help = "ask the OCSP responders that certificates name, which tells them who is written to"},
    {"fetch.issuers", SETTING_BOOLEAN, "false", NULL, NULL, NULL, NULL, false, IN_CONFIG(fetch.issuers),
     .help = "fetch missing issuers from where certificates say (AIA), from the hosts in allow only"},
    {"fetch.allow", SETTING_LIST, "", "0", "64", NULL, accept_host, false, CONFIG_LIST(fetch.hosts, fetch.host_count),
     .help = "hosts that issuers may be fetched from; *.domain for all below it, * for any"},
    {"fetch.networks", SETTING_LIST, "", "0", "64", NULL, accept_network, false,
     CONFIG_LIST(fetch.network_texts, fetch.network_count),
     .help = "networks besides the public internet that may be reached: 10.1.0.0/16, fd00::/8"},
    {"fetch.timeout", SETTING_DURATION_MS, "5s", "100ms", "5m", NULL, NULL, false, IN_CONFIG(fetch.timeout_ms),
     .help = "of one fetch, redirects included"},
    {"fetch.max-size", SETTING_SIZE, "32M", "64K", "256M", NULL, NULL, false, IN_CONFIG(fetch.max_bytes),
     .help = "the largest CRL that is taken"},
    {"fetch.threads", SETTING_NUMBER, "4", "2", "64", NULL, NULL, false, IN_CONFIG(fetch.threads),
     .help = "fetches at a time"},
    {"fetch.queue", SETTING_NUMBER, "1000", "1", "100000", NULL, NULL, false, IN_CONFIG(fetch.max_queued),
     .help = "fetches waiting; more fail at once"},
    {"fetch.rate", SETTING_NUMBER, "60", "1", "100000", NULL, NULL, false, IN_CONFIG(fetch.per_host_minute),
     .help = "requests to one host in a minute"},
    {"fetch.ca-file", SETTING_STRING, "", "1", "1024", NULL, NULL, false, IN_CONFIG(fetch.ca_file),
     .help = "PEM file of the authorities that vouch for https servers; empty: the system's"},

    {"cache.memory", SETTING_SIZE, "256M", "0", "1024G", NULL, NULL, true, IN_CONFIG(cache.memory_bytes),
     .help = "bound of the answers kept in memory, at least 1M; 0: none is"},
    {"cache.ttl", SETTING_DURATION_S, "1h", "1s", "30d", NULL, NULL, false, IN_CONFIG(cache.ttl_s),
     .help = "life of an answer with usable certificates"},
    {"cache.negttl", SETTING_DURATION_S, "5m", "1s", "30d", NULL, NULL, false, IN_CONFIG(cache.negttl_s),
     .help = "life of the answer that there is none"},
    {"cache.limitttl", SETTING_DURATION_S, "1m", "1s", "30d", NULL, NULL, false, IN_CONFIG(cache.limitttl_s),
     .help = "life of an answer that was cut off or lacks a directory"},
    {"cache.stale", SETTING_DURATION_S, "1d", "0", "30d", NULL, NULL, false, IN_CONFIG(cache.stale_s),
     .help = "how long an expired answer may serve while its directory is down"},
    {"cache.revalidate", SETTING_DURATION_S, "30s", "0", "1h", NULL, NULL, false, IN_CONFIG(cache.revalidate_s),
     .help = "how long an expired answer serves at once, while it is renewed in the background; at most stale"},
    {"cache.patience", SETTING_DURATION_MS, "1s", "10ms", "1m", NULL, NULL, false, IN_CONFIG(cache.patience_ms),
     .help = "how long a directory may take before an expired answer serves meanwhile, within stale"},
    {"cache.ttr", SETTING_DURATION_S, "5m", "0", "30d", NULL, NULL, false, IN_CONFIG(cache.ttr_s),
     .help = "how long before its end an answer that is asked for is renewed in the background; 0: it is not"},
    {"cache.renewals", SETTING_NUMBER, "50", "0", "10000", NULL, NULL, false, IN_CONFIG(cache.renewals),
     .help = "answers renewed in the background in a second; 0: none"},
    {"cache.memory-ttl", SETTING_DURATION_S, "60s", "1s", "30d", NULL, NULL, false, IN_CONFIG(cache.memory_ttl_s),
     .help = "where Redis cannot tell of changes: how long memory serves before Redis is asked again"},

    {"redis.uri", SETTING_STRING, NULL, "1", "1024", NULL, NULL, true, IN_CONFIG(redis.uri),
     .help = "redis://host:port/db, redis+unix:///path, or rediss:// where built in"},
    {"redis.username", SETTING_STRING, "", "1", "256", NULL, NULL, true, IN_CONFIG(redis.username),
     .help = "user of AUTH"},
    {"redis.password-file", SETTING_SECRET, "", "1", "1024", NULL, NULL, true, IN_CONFIG(redis.password),
     .help = "file with the password of AUTH, readable by its owner only"},
    {"redis.ca-file", SETTING_STRING, "", "1", "1024", NULL, NULL, true, IN_CONFIG(redis.ca_file),
     .help = "PEM file of the authorities that vouch for a rediss:// server; empty: the system's"},
    {"redis.timeout", SETTING_DURATION_MS, "500ms", "10ms", "10s", NULL, NULL, true, IN_CONFIG(redis.timeout_ms),
     .help = "of one command, and of connecting"},
    {"redis.queue", SETTING_NUMBER, "10000", "1", "1000000", NULL, NULL, true, IN_CONFIG(redis.max_queued),
     .help = "commands under way; over it Redis is passed by"},
    {"redis.unconfirmed", SETTING_DURATION_S, "60s", "0", "30d", NULL, NULL, false, IN_CONFIG(redis_unconfirmed_s),
     .help = "while Redis is away: how long what is in memory goes on as fresh"},
    {"redis.prefix", SETTING_STRING, "certlookup:", "1", TEXT(RECORD_PREFIX_MAX), NULL, accept_prefix, false,
     IN_CONFIG(redis_prefix),
     .help = "what keys begin with"},
    {"redis.seal-key-file", SETTING_SECRET, "", TEXT(SEAL_KEY_MIN_BYTES), "4096", NULL, NULL, false,
     IN_CONFIG(seal_keys[0]),
     .help = "file with the key that seals what is stored; without it nothing is shared with other gateways"},
    {"redis.old-seal-key-file", SETTING_SECRET, "", TEXT(SEAL_KEY_MIN_BYTES), "4096", NULL, NULL, false,
     IN_CONFIG(seal_keys[1]),
     .help = "the key before, still good for opening"},

    {"lookup.deadline", SETTING_DURATION_MS, "5s", "50ms", "1m", NULL, NULL, false, IN_CONFIG(deadline_ms),
     .help = "of one lookup, over all directories"},
    {"lookup.flights", SETTING_NUMBER, "1024", "1", "65536", NULL, NULL, true, IN_CONFIG(max_flights),
     .help = "different addresses under way at a time; more are answered overloaded"},
    {"lookup.validators", SETTING_NUMBER, "0", "0", "256", NULL, NULL, true, IN_CONFIG(validators),
     .help = "threads that judge certificates; 0: one for each core"},

    {"http.threads", SETTING_NUMBER, "0", "0", "256", NULL, NULL, true, IN_CONFIG(http.threads),
     .help = "of each listener; 0: one for each core"},
    {"http.connections", SETTING_NUMBER, "4096", "16", "1000000", NULL, NULL, true, IN_CONFIG(http.max_connections),
     .help = "of each listener"},
    {"http.waiting", SETTING_NUMBER, "0", "0", "500000", NULL, NULL, true, IN_CONFIG(http.max_waiting),
     .help = "requests that wait for a directory, less than half of connections; 0: a quarter of them"},
    {"http.batch", SETTING_NUMBER, "500", "1", TEXT(MAX_BATCH_RECIPIENTS), NULL, NULL, true,
     IN_CONFIG(http.max_recipients),
     .help = "recipients of one POST to /v1/recipients"},
    {"http.idle-timeout", SETTING_DURATION_S, "30s", "1s", "1h", NULL, NULL, true, IN_CONFIG(http.idle_timeout_s),
     .help = "a connection silent for so long is closed"},
    {"http.hot-memory", SETTING_SIZE, "32M", "0", "1G", NULL, NULL, true, IN_CONFIG(http.hot_bytes),
     .help = "bound of the ready-made responses of each thread"},
    {"http.open-to", SETTING_WORD, "loopback", NULL, NULL, "loopback all nobody", NULL, false, IN_CONFIG(http.open_to),
     .help = "whose lookups need no token; loopback: by a listener for this machine alone, or from this machine"},
    {"http.tokens-file", SETTING_SECRET, "", "0", TEXT(MAX_TOKENS_BYTES), NULL, NULL, false, IN_CONFIG(http.tokens),
     .help = "file of tokens: to each line a name, its SHA-256, what for (lookup explain admin), until when"},
    {"http.token-file", SETTING_SECRET, "", "16", "256", NULL, accept_token, false, IN_CONFIG(http.token),
     .help = "file with one token more, in clear, that is for everything"},

    {"http.trusted-proxies", SETTING_LIST, "", "0", "64", NULL, accept_proxy, false,
     CONFIG_LIST(proxy_texts, http.proxy_count),
     .help = "proxies whose X-Forwarded-For is believed: 10.1.2.3, 2001:db8::7; unix: those on a unix: listener"},
    {"http.cors-origins", SETTING_LIST, "", "0", TEXT(MAX_CORS_ORIGINS), NULL, accept_origin, false,
     CONFIG_LIST(http.origins, http.origin_count),
     .help = "origins of pages that may read answers in browsers: https://webmail.example.org; *: all; none: no other"},

    {"tls.certificate-file", SETTING_FILE, "", "1", TEXT(MAX_TLS_FILE_BYTES), NULL, NULL, false,
     IN_CONFIG(http.tls.certificate),
     .help = "PEM file with the certificate that https:// listeners show, and its issuers behind it"},
    {"tls.key-file", SETTING_SECRET, "", "1", TEXT(MAX_TLS_FILE_BYTES), NULL, NULL, false, IN_CONFIG(http.tls.key),
     .help = "PEM file with its key, without a password, readable by its owner only"},
    {"tls.client-ca-file", SETTING_FILE, "", "1", TEXT(MAX_TLS_FILE_BYTES), NULL, NULL, false,
     IN_CONFIG(http.tls.client_authorities),
     .help = "PEM file of the authorities that vouch for client certificates; empty: none is asked for"},
    {"tls.client-crl-file", SETTING_FILE, "", "1", "33554432", NULL, NULL, false, IN_CONFIG(http.tls.client_crls),
     .help = "PEM file of their revocation lists"},
    {"tls.clients", SETTING_WORD, "ask", NULL, NULL, "ask require", NULL, false, IN_CONFIG(http.tls.clients),
     .help = "with client-ca-file: whether clients may show a certificate, or have to"},
    {"tls.priorities", SETTING_STRING, TLS_PRIORITIES, "1", "1024", NULL, NULL, true, IN_CONFIG(http.tls.priorities),
     .help = "versions and algorithms of TLS, as GnuTLS writes them"},

    {"limits.domains", SETTING_LIST, "*", "1", TEXT(MAX_DOMAINS), NULL, accept_domain, false,
     CONFIG_LIST(http.domains, http.domain_count),
     .help = "recipients' mail domains that a client without a token may ask for; *.domain: all below it, *: all"},
    {"limits.lookups", SETTING_NUMBER, "1200", "0", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.clients.lookups.per_minute),
     .help = "recipients a minute that a client without a token may ask for; 0: any number"},
    {"limits.lookups-burst", SETTING_NUMBER, "2000", "1", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.clients.lookups.burst),
     .help = "so many at once, after a rest"},
    {"limits.none", SETTING_NUMBER, "120", "0", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.clients.none.per_minute),
     .help = "of these, how many a minute may be answered none before the client is refused; 0: any number"},
    {"limits.none-burst", SETTING_NUMBER, "500", "1", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.clients.none.burst),
     .help = "so many at once, after a rest"},
    {"limits.token-lookups", SETTING_NUMBER, "0", "0", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.tokens.lookups.per_minute),
     .help = "the same for whoever has a token, each token for itself; 0: any number"},
    {"limits.token-lookups-burst", SETTING_NUMBER, "10000", "1", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.tokens.lookups.burst),
     .help = "so many at once, after a rest"},
    {"limits.token-none", SETTING_NUMBER, "0", "0", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.tokens.none.per_minute),
     .help = "likewise; 0: any number"},
    {"limits.token-none-burst", SETTING_NUMBER, "5000", "1", TEXT(MAX_RATE), NULL, NULL, false,
     IN_CONFIG(http.limits.tokens.none.burst),
     .help = "so many at once, after a rest"},
    {"limits.clients", SETTING_NUMBER, "65536", "1024", "16777216", NULL, NULL, true, IN_CONFIG(http.limits.places),
     .help = "clients that limits tell apart at a time; more share what is left to others"},

    {"log.level", SETTING_WORD, "info", NULL, NULL, "error warning notice info debug", NULL, false,
     IN_CONFIG(log_level),
     .help = "the least important lines that are still written"},
    {"log.format", SETTING_WORD, "text", NULL, NULL, "text json", NULL, false, IN_CONFIG(log_format),
     .help = "lines for people or for machines; the command line has the last word"},
    {"log.addresses", SETTING_WORD, "hashed", NULL, NULL, "hashed plain", NULL, false, IN_CONFIG(log_addresses),
     .help = "how people's addresses stand in the log: domain and a hash that changes with each start, or as they are"},
};

const size_t settings_count = sizeof(settings_table) / sizeof(settings_table[0]);

const char *setting_name(const struct setting *setting)
{
    const char *dot = strchr(setting->path, '.');

    return dot != NULL ? dot + 1 : setting->path;
}

bool setting_in(const struct setting *setting, const char *group)
{
    size_t size = strlen(group);
    const char *name = setting_name(setting);

    if (size == 0) {
        return name == setting->path;
    }
    return name == setting->path + size + 1 && memcmp(setting->path, group, size) == 0;
}

const struct setting *settings_find(const char *group, const char *name)
{
    for (const struct setting *setting = settings_table; setting < settings_table + settings_count; setting++) {
        if (setting_in(setting, group) && strcmp(setting_name(setting), name) == 0) {
            return setting;
        }
    }
    return NULL;
}

const char *const settings_groups[] = {"directories", "trust", "trust-rules", "fetch", "cache",
                                       "redis",       "lookup", "http",       "tls",   "limits", "log", NULL};

bool settings_has_group(const char *group)
{
    for (const char *const *known = settings_groups; *known != NULL; known++) {
        if (strcmp(*known, group) == 0) {
            return true;
        }
    }
    return false;
}

static const char *const type_words[SETTING_TYPE_COUNT] = {
    [SETTING_STRING] = "string",       [SETTING_LIST] = "list",     [SETTING_DURATION_MS] = "duration",
    [SETTING_DURATION_S] = "duration", [SETTING_SIZE] = "size",     [SETTING_NUMBER] = "number",
    [SETTING_BOOLEAN] = "boolean",     [SETTING_WORD] = "word",     [SETTING_SECRET] = "secret-file",
    [SETTING_FILE] = "file",
};

/* How a value is written: its unit, or the words to choose from. */
static const char *setting_unit(const struct setting *setting)
{
    if (setting->words != NULL) {
        return setting->words;
    }
    switch (setting->type) {
    case SETTING_DURATION_MS:
    case SETTING_DURATION_S:
        return "ms s m h d";
    case SETTING_SIZE:
        return "K M G";
    case SETTING_BOOLEAN:
        return "true false";
    case SETTING_LIST:
        return "strings";
    case SETTING_STRING:
    case SETTING_SECRET:
    case SETTING_FILE:
        return "characters";
    case SETTING_NUMBER:
    case SETTING_WORD:
    case SETTING_TYPE_COUNT:
        break;
    }
    return "-";
}

static const char *shown(const char *text)
{
    return text == NULL || *text == '\0' ? "-" : text;
}

void config_write_settings(struct buffer *out)
{
    for (const struct setting *setting = settings_table; setting < settings_table + settings_count; setting++) {
        buffer_append_format(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", setting->path,
                             type_words[setting->type], setting_unit(setting),
                             setting->preset == NULL ? "required" : shown(setting->preset), shown(setting->least),
                             shown(setting->most), setting->restart ? "restart" : "reload", setting->help);
    }
}
