/*
 * What the files of following share: sync.c has the thread and its link;
 * sync_session.c how a session begins, stands and ends; sync_take.c what each
 * message means; sync_keys.c what an entry's keys are.
 */
#ifndef LDAP_SYNC_PRIVATE_H
#define LDAP_SYNC_PRIVATE_H

#include "ldap/link.h"
#include "ldap/sync.h"
#include "ldap/sync_names.h"
#include "ldap/sync_table.h"

/* What to do where the server cannot do it. */
#define SYNC_NEEDS "the server needs it switched on for this base (slapd: overlay syncprov, 389-DS: plugin Content " \
                   "Synchronization); or say sync = false"

/* One base, and the search that stands below it. */
struct sync_part {
    char *base;
    ber_int_t message;
    struct buffer cookie;      /* to go on from; empty: none */
    struct buffer next_cookie; /* came within the refresh: good at its end */
    bool is_standing;          /* its refresh is done */
};

/* Why it does not stand. */
struct sync_fault {
    struct error words;
    const char *advice; /* for whoever runs it; NULL: there is nothing to be done */
    bool is_stale;      /* the cookie alone: it begins anew */
    bool is_full;       /* there is no room for the directory: trying again soon is of no use */
    const char *notice; /* it is no fault, but this, and begins anew; or NULL */
};

struct sync {
    struct directory *directory;
    struct directory_listener listener;
    struct sync_names names;
    const char *attributes[SYNC_PATTERNS + 1];
    pthread_t thread;
    int wake; /* eventfd */

    /* Under the directory's lock. */
    bool wants_link;
    struct link *incoming;
    bool was_not_dialled;
    struct error dial_error;

    /* The thread's own. */
    struct link *link;
    struct sync_table *table;
    struct sync_part parts[LINK_BASES];
    size_t part_count;
    size_t server;          /* that cookies and table are of */
    bool has_stood, is_standing;
    bool continues;         /* this refresh goes on from cookies */
    bool all_at_end;        /* too much changed since them to tell one by one; until they all stand, whatever breaks
                             * off: the table has it already, and would not tell of it again */
    unsigned changes;       /* told in this refresh */
    uint32_t mark;          /* this refresh */
    int64_t began_ms;
    bool all_is_due;        /* to be told, for the sake of an entry that is endless */
    int64_t all_due_ms;     /* not before */
    ber_int_t sign;         /* of life, asked for; 0: not */
    int64_t sign_ms;
    int64_t due_ms;         /* not before this a link is wanted */
    bool is_dialling;       /* wants_link, when it looked last */
    unsigned strikes;       /* faults in a row without standing */
    struct error reported;  /* the last fault that the log knows of */
};

/* sync_take.c: what one message says. -1: the link is of no use any more, the fault says why. */
int sync_take(struct sync *sync, LDAPMessage *message, struct sync_fault *fault);

/* Fills in what a result code means, and what to do about it. Always -1. */
int sync_refused(int code, const char *diagnostic, struct sync_fault *fault);

/* sync.c. False: the directory is being closed. */
bool sync_tell(struct sync *sync, enum directory_change change, const char *text);

/* CHANGED_ALL for the sake of one entry: at once, but if that was so a moment ago, when its rest is over. */
void sync_tell_endless(struct sync *sync);

/* sync_session.c. sync_begin(): a link is here; -1: see fault. sync_stands(): every refresh is done. sync_fail(): it
 * does not stand, or no longer: closes the link, says so, and when to begin again. */
int sync_begin(struct sync *sync, struct sync_fault *fault);
void sync_stands(struct sync *sync);
void sync_fail(struct sync *sync, struct sync_fault *fault);
void sync_dial_failed(struct sync *sync, const struct error *error);
void sync_forget(struct sync *sync); /* what a session could go on from */
void sync_show(const struct sync *sync);

/* When silence is too long, or a sign of life is due; then: 0: one is asked for; -1: there was none. */
int64_t sync_patience_ends_ms(const struct sync *sync);
int sync_check_patience(struct sync *sync, struct sync_fault *fault);

/* sync_keys.c: what one entry answers for, in lines as a table keeps them. */
struct sync_keys {
    struct buffer lines;
    size_t count;
    size_t unreadable; /* values that are no addresses */
    bool are_domains;  /* it has more addresses than are kept: their domains stand for them */
    bool is_endless;   /* and more domains, or the server sent a piece only: nobody knows what it answers for */
};

/* Reads the attributes that begin here; sync_keys_free() in any case. -1: the message cannot be read, or out of
 * memory. */
int sync_keys_read(struct sync_keys *keys, const struct sync_names *names, BerElement *ber);
void sync_keys_free(struct sync_keys *keys);

/* Whether `lines` has this one. */
bool sync_keys_have(struct bytes lines, struct bytes line);

#endif
