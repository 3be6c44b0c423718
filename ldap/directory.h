/*
 * One LDAP directory: its servers, its connections, its searches.
 *
 * directory_open() starts the directory's own threads. Each connection is one
 * thread that owns one LDAP handle and has many searches in flight on it by
 * message id. Asking costs the caller a lock and a wake-up: directory_search()
 * never waits, and the answer comes by callback, exactly once, on a thread of
 * the directory. A dead server costs time only here: whoever asks keeps its own
 * deadline and may search_abandon().
 *
 *   resolve (helper thread) → connect (non-blocking, checked numeric address) → TLS → bind → search, search, search…
 *
 * Servers are tried in the order of `uris`; one that failed rests for a while.
 * A search whose connection breaks is sent once more on the next one. TLS and
 * bind block inside libldap; a watchdog ends them at connect_timeout_ms by
 * shutting the socket down.
 */
#ifndef LDAP_DIRECTORY_H
#define LDAP_DIRECTORY_H

#include "base/address.h"
#include "base/answer.h"
#include "base/error.h"

enum tls_mode { TLS_NONE, TLS_LDAPS, TLS_STARTTLS };

struct directory_config {
    const char *name;
    const char *const *uris; /* ldap://host[:port] ldaps://host[:port] ldapi://%2Fpath; nothing else in them */
    size_t uri_count;
    const char *base;        /* "": the server's defaultNamingContext, else its namingContexts (at most 8) */
    const char *const *domains; /* patterns, normalised by address_domain_pattern_parse() */
    size_t domain_count;
    const char *filter;      /* template: %m %u %d %% */
    const char *bind_dn;     /* "": anonymous, no bind is sent */
    const char *password;    /* "": none; together with a bind_dn refused */
    enum tls_mode tls;
    const char *ca_file;     /* "": the system's */
    int64_t timeout_ms;      /* of one search, kept by who asks; here for connections to size their own waits */
    int64_t connect_timeout_ms; /* resolve + connect + TLS + bind, for each server */
    int64_t connections;     /* at least 1 */
    int64_t max_entries;     /* asked of the server as size limit, and counted again here */
    int64_t max_value_bytes; /* larger values are left out, and the answer is marked cut off */
    int64_t max_queued;      /* searches waiting or in flight */
    bool issuers;            /* for who asks: whether directory_read() is welcome */
    bool sync;               /* directory_follow() does something */
    bool warm;               /* for who follows: what changed is looked up at once */
    int64_t sync_bytes;      /* most that following may remember of the directory's entries */
    int scope;               /* 0 base, 1 one, 2 sub: LDAP_SCOPE_* */
};

/* Checks a configuration without opening anything. -1: the words name the setting ("filter: …", "bind-dn: …"). */
int directory_config_check(const struct directory_config *config, struct error *error);

/* Whether this directory answers for the (normalised) domain. */
bool directory_serves(const struct directory_config *config, const char *domain);

/* SHA-256 over all settings that may change an answer: uris, base, filter, bind DN, scope, limits; not timeouts. */
struct digest directory_fingerprint(const struct directory_config *config);

struct directory;

/* Copies the configuration. Never waits: connections are made in the background, a dead server is no fault.
 * NULL: out of memory or threads, or the configuration is wrong. */
struct directory *directory_open(const struct directory_config *config, struct error *error);

/* Ends connections and threads; every search still open gets its callback first. May wait up to a second. */
void directory_close(struct directory **directory);

const struct directory_config *directory_settings(const struct directory *directory);

/* One attribute value of one entry. The reader gets them in the order of the server. */
struct found_value {
    struct blob *value;
    char *dn;                 /* as the server sent it, made valid UTF-8, cut at MAX_DN_BYTES */
    enum attribute attribute;
    uint32_t index;
    char *mails;              /* as in struct source; the asked address, if the entry has it, is among them */
};

/* What one directory said to one question. Owned by who gets it: search_result_free(). */
struct search_result {
    enum asked_result result;
    struct found_value *values;
    size_t value_count;
    struct buffer mails;      /* of a search for a name: addresses of entries, normalised, each ended by '\n' */
    uint32_t entries;
    uint32_t duration_ms;
    char *error;              /* why not answered, naming the server and the step; "" when answered */
};
void search_result_free(struct search_result **result);

struct search;

/* Asks for all certificates of `address` (copied). `done` is called exactly once, with a result that becomes its own.
 * It may be called from within: when the queue is full, or the directory is known to be down, or cannot be asked. It
 * must not block, and must not call back into this directory. `timeout_ms` is from now: after it the search is
 * abandoned at the server and ends as ASKED_TIMED_OUT, wherever its connection hangs. NULL result: out of memory.
 * Returns a handle for search_abandon(); NULL when `done` was called already, and there is none to give back. With
 * nothing else under way the search is sent from within, on a socket that does not block: SIGPIPE is to be ignored. */
struct search *directory_search(struct directory *directory, const struct address *address, int64_t timeout_ms,
                                void (*done)(void *context, struct search_result *result), void *context);

/* The same for the addresses of entries whose cn is `name` (valid UTF-8, without NUL, copied; at most
 * MAX_SEARCH_NAME_BYTES), as the server compares names; of each at most MAX_ENTRY_MAILS: where there are more, the
 * answer is cut off. Whether the directory answers for their domains is not looked at. */
struct search *directory_search_name(struct directory *directory, const char *name, int64_t timeout_ms,
                                     void (*done)(void *context, struct search_result *result), void *context);

/* The asker does not wait any longer: the server is told, `done` is still called (with ASKED_TIMED_OUT). Gives the
 * handle back and sets it to NULL. Must be called once for each handle, also after `done`. */
void search_abandon(struct search **search);

/* The same in one call that waits, for the command line. Never NULL but when out of memory. */
struct search_result *directory_search_wait(struct directory *directory, const struct address *address,
                                            int64_t timeout_ms);

/* What to read of one entry. */
enum entry_part {
    ENTRY_ISSUERS, /* cACertificate, and userCertificate, which holds that of a CRL signer that is no CA (RFC 4523 4) */
    ENTRY_CRLS     /* certificateRevocationList, authorityRevocationList, deltaRevocationList (RFC 4523 4.4 to 4.6) */
};

/* What an entry holds. Owned by who gets it: entry_result_free(). */
struct entry_result {
    enum asked_result result;
    struct blob **values;
    size_t value_count;
    uint32_t duration_ms;
    char *error;
};
void entry_result_free(struct entry_result **result);

/* What changed in a directory that is followed. */
enum directory_change {
    CHANGED_ADDRESS, /* answers for one address, or are not there any more */
    CHANGED_DOMAIN,  /* the like for some address of a domain */
    CHANGED_ALL,     /* anything may have: changes were missed */
    CHANGED_UNSEEN   /* anything may have since the directory was opened: now it is followed, for the first time */
};

/* `changed` is called on a thread of the directory's own, until directory_close() returns; `text` is the address or the
 * domain, normalised, else "". It must not block. False: not now; it is called again in a moment, and nothing more is
 * read from the server until then. */
struct directory_listener {
    bool (*changed)(void *context, const struct directory_config *config, enum directory_change change,
                    const char *text);
    void *context;
};

/* From now on the listener hears of changes, if `sync` is set: see ldap/sync.h. What one hears of was changed before;
 * who asks now gets what is new. A second call changes nothing. Not from two threads at a time. -1: out of memory or
 * threads. */
int directory_follow(struct directory *directory, const struct directory_listener *listener);

struct reading;

/* Reads one entry by its DN (RFC 4514, copied; a base search), on the same connections as directory_search(), with the
 * same promises. An entry that is not there, or belongs to another server, is an answer without values, and so is what
 * is no DN. At most MAX_ENTRY_VALUES are taken; with more, or with one over `max_value_bytes`, the
 * answer is cut off. All of an entry comes in one message, so that a CRL of MAX_PDU_BYTES cannot come this way. */
struct reading *directory_read(struct directory *directory, const char *dn, enum entry_part part,
                               size_t max_value_bytes, int64_t timeout_ms,
                               void (*done)(void *context, struct entry_result *result),
                               void *context);
void reading_abandon(struct reading **reading);

#endif
