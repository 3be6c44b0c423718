/*
 * Bytes from places that a certificate names: CRLs, OCSP answers, issuers. The
 * places are an attacker's input, so everything is bounded here:
 *
 *   - http and https, and ldap through a callback (fetch/ knows no LDAP); nothing else, whatever a redirect says;
 *   - the address that is connected to is checked, not the name: public, or in a network that the configuration allows;
 *     no proxy, no cookie, no credentials, no environment; user:password@ in a URL is refused;
 *   - at most MAX_FETCH_REDIRECTS, each checked like the first; never from https to http;
 *   - size, time of the whole, and requests per host and minute are bounded; so are threads and queue.
 *
 * Its own bounded pool of threads; whoever asks never waits. One host has at most half of the threads, and all those
 * that do not answer have together all but one, so that servers that hang keep nobody else waiting (fetch/hosts.h).
 * What is in a body is not looked at here, but that it is no HTML page. Counted in /metrics.
 */
#ifndef FETCH_FETCHER_H
#define FETCH_FETCHER_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/network.h"

struct fetcher_config {
    struct network_rules rules;
    /* The only ones that issuers are fetched from (AIA): "host", "*.domain" for all below it, "*" for any. */
    const char *const *issuer_hosts;
    size_t issuer_host_count;
    const char *ca_file;             /* of https; "": the system's */
    int64_t threads;
    int64_t max_queued;
    int64_t per_host_minute;         /* requests to one host in a minute */
    /* Reads an LDAP URL under the same rules: ldap/remote.h's remote_read(), for fetch/ knows no LDAP. Calls `take` for
     * each value; says whether our own rules refuse it, for what it is or its host's addresses are. NULL: ldap is
     * refused. */
    int (*read_ldap)(const char *url, const struct network_rules *rules,
                     int (*take)(void *context, struct bytes value), void *context, bool *refused,
                     struct error *error);
};

struct fetcher;

/* Copies the configuration. NULL: no threads, or memory. */
struct fetcher *fetcher_open(const struct fetcher_config *config, struct error *error);

/* Breaks off what is under way; every `done` has been called when this returns. May wait a second, or until the LDAP
 * callback returns. Nobody asks any more. */
void fetcher_close(struct fetcher **fetcher);

enum fetch_purpose { FETCH_CRL, FETCH_OCSP, FETCH_ISSUER };

struct fetch_question {
    enum fetch_purpose purpose;  /* issuers: hosts are checked against issuer_hosts, and no redirect leaves them */
    const char *url;
    struct bytes post;           /* .data NULL: GET; else POST as application/ocsp-request (RFC 6960 A.1) */
};

/* What came; owned by who gets it: fetched_free(). */
struct fetched {
    bool ok;                     /* HTTP 200, or an LDAP entry */
    /* By our own rules, for what the URL says or its host's addresses are: asking again is of no use before the
     * configuration changes. A redirect that we do not follow is no refusal: the server may think better of it. */
    bool refused;
    struct buffer *objects;      /* one body; or the values of an entry */
    size_t count;
    int64_t retry_after_s;       /* the server's Retry-After, or our own rate's; 0: none */
    struct error error;          /* why not, naming host and step */
};
void fetched_free(struct fetched **fetched);

/* Copies the question. `done` is called exactly once, on a thread of the fetcher or from within (refused, queue full,
 * too many for this host); it gets what came, which becomes its own. NULL: out of memory. Time in the queue counts. */
void fetcher_ask(struct fetcher *fetcher, const struct fetch_question *question,
                 void (*done)(void *context, struct fetched *fetched), void *context);

/* Whether the URL may be fetched at all, as far as it says so itself. False: the words say why not. */
bool fetch_url_is_allowed(const char *url, struct error *error);

/* Whether it may stand in issuer_hosts. False: the words say why not. */
bool fetch_host_is_allowed(const char *host, struct error *error);

#endif
