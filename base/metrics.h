/*
 * Counters and gauges, shown by /metrics.
 *
 * A counter is a row of one table (base/metrics_names.c): its name, its label and its
 * help stand there once. Counting costs one addition in memory that belongs to
 * the calling thread; reading sums over threads.
 *
 * Counters of a directory have the directory's name as label. A directory gets
 * a number at its first naming and keeps it until the process ends, so that
 * counters go on over a reload.
 */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/outcome.h"
#include "base/buffer.h"

enum counter {
    COUNT_STALE_RENEWING,    /* served stale: at once, because they had only just expired */
    COUNT_STALE_SLOW,        /* because the directories took long */
    COUNT_STALE_FAILING,     /* because they failed */
    COUNT_LOOKUPS_JOINED,    /* waited with another for the same flight */
    COUNT_ENGINE_WORKED,     /* judged or sealed without a validator */
    COUNT_HEDGED,            /* asked Redis and the directories at the same time */
    COUNT_HEDGED_IN_VAIN,    /* of these: answered without the directories */
    COUNT_OUTCOME_FOUND,     /* of requests answered */
    COUNT_OUTCOME_NONE,
    COUNT_OUTCOME_UNKNOWN,
    COUNT_REFUSED_LOOKUP, COUNT_REFUSED_EXPLAIN, COUNT_REFUSED_ADMIN, /* requests without a token for it */
    COUNT_REFUSED_PROXY,     /* connections to a "proxy:" listener of who is no trusted proxy, or says no header */
    COUNT_REFUSED_TLS,       /* handshakes of clients without a certificate that verifies, where they need one */
    COUNT_TOKENS_IGNORED,    /* requests whose limits are their address's, although they have a token */
    COUNT_MEMORY_EVICTIONS,
    COUNT_DROPS,             /* of an address, a domain or everything, because somebody said so */
    COUNT_REDIS_GETS, COUNT_REDIS_SETS, COUNT_REDIS_HITS, COUNT_REDIS_MISSES,
    COUNT_REDIS_ERRORS, COUNT_REDIS_RECONNECTS,
    COUNT_REDIS_BAD_SEAL,    /* a record whose seal is wrong or of a key we do not have */
    COUNT_REDIS_BAD_RECORD,  /* the seal is right, the record is not */
    COUNT_REDIS_REJUDGED,    /* a record of another policy, judged again */
    COUNT_REDIS_DELS,
    COUNT_REDIS_CHANGES,     /* keys that others changed, as Redis tells */
    COUNT_REDIS_CONFIRMED,   /* answers in memory from before a loss that Redis still has */
    COUNT_REDIS_TRACKING_LOST,
    COUNT_REDIS_GENERATIONS, /* what is in memory was to be confirmed anew */
    COUNT_REDIS_MESSAGES,    /* of other gateways */
    COUNT_REDIS_BAD_MESSAGES,
    COUNT_RELOADS, COUNT_RELOADS_FAILED,
    COUNT_RENEWALS_STARTED,
    COUNT_RENEWALS_JOINED,   /* a lookup for the address was under way anyway */
    COUNT_RENEWALS_FAILED,   /* brought nothing that is better than what there is */
    COUNT_RENEWALS_LIMITED,  /* too many at a time, or too fast one after the other: not now */
    /* Fetched from places that certificates name: by purpose and result. */
    COUNT_FETCH_CRL_OK, COUNT_FETCH_CRL_FAILED, COUNT_FETCH_CRL_REFUSED, COUNT_FETCH_CRL_LIMIT,
    COUNT_FETCH_OCSP_OK, COUNT_FETCH_OCSP_FAILED, COUNT_FETCH_OCSP_REFUSED, COUNT_FETCH_OCSP_LIMIT,
    COUNT_FETCH_ISSUER_OK, COUNT_FETCH_ISSUER_FAILED, COUNT_FETCH_ISSUER_REFUSED, COUNT_FETCH_ISSUER_LIMIT,
    COUNT_FETCHED_BYTES,
    /* What came of asking for evidence, wherever it is; good or bad is what it is, not how it came. */
    COUNT_CRLS_GOOD, COUNT_CRLS_SHARED, COUNT_CRLS_BAD, COUNT_CRLS_FAILED, COUNT_CRLS_REFUSED,
    COUNT_OCSP_GOOD, COUNT_OCSP_SHARED, COUNT_OCSP_BAD, COUNT_OCSP_FAILED, COUNT_OCSP_REFUSED,
    COUNT_ISSUERS_GOOD, COUNT_ISSUERS_SHARED, COUNT_ISSUERS_BAD, COUNT_ISSUERS_FAILED, COUNT_ISSUERS_REFUSED,
    COUNT_EVIDENCE_REFRESHES,
    COUNT_EVIDENCE_DROPPED,  /* answers dropped because new evidence revokes what they rest on */
    /* Limits that were reached. */
    COUNT_LIMIT_CONNECTIONS, /* one too many was closed */
    COUNT_LIMIT_SLOW,        /* a client took too long to send a request, or to take its answer */
    COUNT_LIMIT_WAITING,     /* too many requests that wait */
    COUNT_LIMIT_CLIENT_LOOKUPS, COUNT_LIMIT_CLIENT_NONE, /* a client looked up too many, or too many in vain */
    COUNT_LIMIT_BATCH_LOOKUPS, COUNT_LIMIT_HELD_BYTES,
    COUNT_LIMIT_FLIGHTS,
    COUNT_LIMIT_VALIDATORS,  /* the validators' queue was full */
    COUNT_LIMIT_SEARCHES,    /* a directory's queue was full */
    COUNT_LIMIT_ADMISSION,   /* so many searches waited that one more would have come too late */
    COUNT_LIMIT_FETCHES,     /* the fetcher's queue was full */
    COUNT_LIMIT_FETCH_RATE,  /* one host was asked too often */
    COUNT_LIMIT_PLACES,      /* evidence was asked of more places than are remembered */
    COUNT_LIMIT_ARRIVALS,    /* too much evidence that came waited to be verified */
    COUNT_LIMIT_RESOLVERS,   /* too many names of LDAP URLs are being resolved */
    COUNT_LIMIT_REDIS_QUEUE,
    COUNT_LIMIT_CHANGED_KEYS, /* Redis told of more at a time than is listened to */
    COUNT_LIMIT_ENTRIES, COUNT_LIMIT_VALUES, COUNT_LIMIT_VALUE_BYTES,
    COUNT_LIMIT_SYNC_MEMORY, /* no room for the addresses of a directory that is followed */
    COUNT_LIMIT_BACKOFFS,    /* the table of failing keys was full */
    COUNT_LIMIT_URI, COUNT_LIMIT_RECORD_BYTES,
    COUNT_LIMIT_SIGNATURE_CHECKS,    /* the search for a value's path was broken off */
    COUNT_LIMIT_BUNDLE_CERTIFICATES, /* more of them in one userSMIMECertificate than are taken */
    COUNT_LIMIT_CERTIFICATE_NAMES,   /* more of them in one certificate than are looked at */
    COUNT_LIMIT_NAME_COMPARISONS,    /* of names with name constraints, more than one path may cost */
    COUNT_LIMIT_SEARCH_RESULTS,      /* of a search: more than one answer has room for */
    COUNT_LIMIT_NAME_SEARCHES,       /* too many that ask directories for a name at a time */
    COUNT_LIMIT_EVIDENCE,            /* CRLs, OCSP answers and issuers that came: no room without dropping some */
    COUNT_COUNT
};

enum gauge {
    GAUGE_MEMORY_BYTES, GAUGE_MEMORY_ENTRIES, GAUGE_FLIGHTS, GAUGE_WAITING, GAUGE_HTTP_CONNECTIONS, GAUGE_REDIS_UP,
    GAUGE_REDIS_TRACKING, GAUGE_REDIS_NAMES_BYTES,
    GAUGE_GENERATION,
    GAUGE_ANCHORS, GAUGE_CRLS, GAUGE_START_TIME,
    GAUGE_TLS_NOT_AFTER,        /* of the certificate that listeners show, wall seconds; 0: none */
    GAUGE_TLS_CRL_NEXT_UPDATE,  /* the earliest of clients' revocation lists, likewise */
    GAUGE_EVIDENCE_CRLS, GAUGE_EVIDENCE_OCSP, GAUGE_EVIDENCE_ISSUERS, GAUGE_EVIDENCE_BYTES,
    GAUGE_EVIDENCE_NEXT_UPDATE, /* the earliest of them, wall seconds; 0: none */
    GAUGE_COUNT
};

enum directory_counter {
    DIRECTORY_SEARCHES,      /* sent to a server */
    DIRECTORY_ANSWERED, DIRECTORY_CUT_OFF, DIRECTORY_TIMED_OUT, DIRECTORY_UNAVAILABLE,
    DIRECTORY_OVERLOADED,    /* not sent: too many waited */
    DIRECTORY_CONNECTS, DIRECTORY_CONNECT_FAILURES,
    DIRECTORY_SYNC_CHANGES,    /* entries that changed, as it told */
    DIRECTORY_SYNC_RESETS,     /* everything of it was dropped, because changes may have been missed */
    DIRECTORY_SYNC_FAILURES,   /* following it did not begin, or broke off */
    DIRECTORY_SYNC_UNREADABLE, /* values of its address attributes that are no addresses */
    DIRECTORY_COUNTER_COUNT
};

enum directory_gauge {
    DIRECTORY_UP,
    DIRECTORY_SYNC,         /* whether it tells of changes: 0 or 1; those that follow are of it, too */
    DIRECTORY_SYNC_ENTRIES, /* remembered */
    DIRECTORY_SYNC_BYTES,   /* what they take */
    DIRECTORY_GAUGE_COUNT
};
#define GAUGE_NOT_SHOWN INT64_MIN /* a value: none of this directory, or no Redis to tell of */

/* Who knew the answer to a lookup. One that is past its life is a layer of its own, wherever it lay. */
enum known_by { BY_MEMORY, BY_REDIS, BY_DIRECTORY, BY_STALE, BY_COUNT };
#define METRICS_OUTCOMES (OUTCOME_FOUND + 1)

/* What kind of route an HTTP request was for; 0 is right for those that nobody tells apart. */
enum route_kind {
    ROUTE_OTHER, ROUTE_CERTIFICATE, ROUTE_RECIPIENT, ROUTE_BATCH, ROUTE_SEARCH, ROUTE_PURGE, ROUTE_KINDS
};

/* A histogram of durations, added up over threads. */
#define METRICS_BUCKETS 20 /* and one more, without an upper bound */
struct histogram {
    uint64_t buckets[METRICS_BUCKETS + 1]; /* each counts its own, not those below */
    uint64_t sum_us;
};
extern const int64_t metrics_bounds_us[METRICS_BUCKETS]; /* the buckets' upper bounds, ascending */

void count(enum counter counter);
void count_add(enum counter counter, uint64_t by);
uint64_t count_read(enum counter counter);

/* Lookups that were answered, by who knew. */
void count_lookups(enum known_by layer, enum outcome outcome, uint64_t by);
uint64_t count_lookups_read(enum known_by layer); /* of all outcomes */

/* One response; `status` from 100 to 599. */
void count_response(enum route_kind kind, unsigned status);
uint64_t count_responses_read(unsigned hundreds); /* of this class of status, and all kinds */

/* One request, or one recipient of a batch, that was answered. */
void count_outcome(enum outcome outcome);

/* A value that was refused, by reason. */
void count_refusal(enum reason reason);

void gauge_set(enum gauge gauge, int64_t value);
void gauge_add(enum gauge gauge, int64_t by);
int64_t gauge_read(enum gauge gauge);

/* The number of the directory of this name, for count_directory(). Over MAX_DIRECTORIES names, or out of memory: the
 * number of all the others together, "other". */
unsigned metrics_directory(const char *name);
/* A directory of this name begins, and ends; two may overlap, as at a reload. Its gauges are shown meanwhile. */
unsigned metrics_directory_begin(const char *name);
void metrics_directory_end(unsigned directory);
void count_directory(unsigned directory, enum directory_counter counter);
uint64_t count_directory_read(unsigned directory, enum directory_counter counter);
void gauge_directory(unsigned directory, enum directory_gauge gauge, int64_t value);
int64_t gauge_directory_read(unsigned directory, enum directory_gauge gauge);

/* What one client waited for one lookup that memory did not answer at once. */
void count_lookup_time(enum known_by layer, enum outcome outcome, int64_t took_us);
/* What it took to answer one request from memory at once: of a sample, as to read a clock for each costs too much. */
#define METRICS_SAMPLED_TURNS 17 /* of this many turns of a thread one is measured, with all that is answered in it */
void count_hit_time(enum known_by layer, enum outcome outcome, int64_t took_us);
/* What it took to answer one request of this kind. */
void count_request_time(enum route_kind kind, int64_t took_us);

/* The first two, of all outcomes: what is known of the times of a layer. */
void metrics_layer_times(enum known_by layer, struct histogram *out);
const char *metrics_layer_word(enum known_by layer); /* "memory" "redis" "directory" "stale" */

/* Everything, in the text format of Prometheus 0.0.4. */
void metrics_write(struct buffer *buffer);

#endif
