/*
 * One open connection to one server: an LDAP handle of libldap, made ready by a
 * dial, then owned by one connection. The only header that includes <ldap.h>.
 *
 * While it is made ready its socket blocks, and whoever dialled sees to it that
 * the socket is shut down at the deadline: libldap's own network timeout makes
 * it spin on a silent peer during TLS. Afterwards the socket does not block.
 *
 * `socket` is a duplicate of the one that libldap has: libldap closes its own
 * when it likes, and a shutdown() must never hit a descriptor that was reused.
 *
 * Options are set one by one on each handle, so that neither ldap.conf nor
 * ldaprc nor LDAP* in the environment has a say.
 */
#ifndef LDAP_LINK_H
#define LDAP_LINK_H

#include <ldap.h>

#include "ldap/private.h"

/* Servers limit the requests in flight on one connection: slapd ends an anonymous one over 100 (conn_max_pending). */
#define LINK_REQUESTS 64
/* libldap remembers each request that was abandoned until the connection ends. */
#define LINK_ABANDONS 4096
#define LINK_BASES 8

struct request {
    ber_int_t message; /* id; 0: free */
    struct search *search;
};

struct link {
    LDAP *handle;
    int socket;
    size_t server;
    int64_t opened_ms, heard_ms;
    bool is_refused;     /* the server does not accept our name and password */
    bool answered;       /* at least one search */
    bool has_more;       /* more may be here than was read, in buffers that poll() does not see */
    bool is_broken;      /* who found that out was not its thread, which ends it */
    struct error fault;  /* what broke it */
    bool must_write;     /* libldap holds bytes back until the socket takes more */
    unsigned abandons;
    char *bases[LINK_BASES];
    size_t base_count;
    enum { SYNC_NOT_SAID, SYNC_OFFERED, SYNC_NOT_OFFERED } sync; /* by the server's supportedControl, if it is asked */
    struct search_list searches; /* in flight */
    size_t request_count;
    struct request requests[LINK_REQUESTS];
};

/* Takes `socket`, connected and blocking, over. NULL: see error; the socket is then still the caller's. */
struct link *link_new(int socket, const struct server *server, struct error *error);
void link_close(struct link **link);

/* The steps that make it ready, in this order; they block. -1: the words say why, without server and step. The first
 * one is link_tls.c. */
int link_secure(struct link *link, const struct directory_config *config, struct error *error);
int link_bind(struct link *link, const struct directory_config *config, struct error *error);
int link_explore(struct link *link, const struct directory_config *config, struct error *error);
int link_unblock(struct link *link, const struct directory_config *config, struct error *error);

enum link_sent { LINK_SENT, LINK_BUSY, LINK_REFUSED, LINK_BROKEN };

/* One request. */
struct link_request {
    const char *base;
    int scope;
    const char *filter;
    const char *const *attributes; /* the last one is NULL */
    int max_entries;               /* 0: no limit */
    int64_t timeout_ms;            /* 0: none */
    LDAPControl **controls;        /* or NULL */
};

/* Sends one search. LINK_BUSY: not sent, the socket takes no more for now; LINK_REFUSED: libldap does not take the
 * filter; LINK_BROKEN: the link is of no use any more. */
enum link_sent link_send(struct link *link, const struct link_request *request, ber_int_t *message,
                         struct error *error);

/* Whether something is still to be written once the socket takes more. */
bool link_must_still_write(const struct link *link);

/* Tells the server that nobody waits for the message. -1: the link is broken. */
int link_abandon(struct link *link, ber_int_t message);

/* The next message that is here, without waiting: 1 and the message, which the caller frees; 0: none; -1: the link is
 * broken, the words say why. */
int link_next(struct link *link, LDAPMessage **message, struct error *error);

/* collect.c: what one message says, into the search. COLLECT_DONE: it was the last one of its request. */
enum collected { COLLECT_MORE, COLLECT_FULL, COLLECT_DONE, COLLECT_BAD };
enum collected collect_message(struct search *search, struct link *link, LDAPMessage *message);

/* entry.c: the attributes of one entry, which begin here (RFC 4511 4.5.2), until `take` has enough: it says false, then
 * COLLECT_FULL. Values end with one whose bv_val is NULL, or are NULL; the bytes live as long as the message. */
enum collected entry_read(BerElement *ber,
                          bool (*take)(void *context, struct bytes description, const struct berval *values),
                          void *context);

/* Whether an attribute description, with or without options, is of this attribute. */
bool entry_names(struct bytes description, const char *name);
bool entry_is_piece(struct bytes description);

/* "No such object (32): the server's own words", cleaned. */
void link_words(int code, const char *diagnostic, struct error *error);

/* Makes a server's words, or libldap's, fit for the log: one line of UTF-8. */
void link_clean(char *text);

/* What libldap says of its last call. Always -1. */
int link_error(struct link *link, struct error *error);

/* Waits for the result of a request that is answered by one message: its LDAP result code, in words as well. -1: there
 * is none. */
int link_wait(struct link *link, ber_int_t request, struct error *error);

#endif
