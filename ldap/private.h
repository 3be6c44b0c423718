/*
 * What the files of this folder share: a directory with its servers, its queue
 * and its threads.
 *
 *   keeper       one thread: ends searches that wait beyond their deadline, starts dials, gives up on late ones
 *   dial         a thread for one attempt at one server: resolve, connect, TLS, bind, RootDSE; hands over a link
 *   sync         one thread, while somebody follows: owns a link of its own, see ldap/sync.h
 *   connection   `connections` threads: each owns the link it was given and has many searches in flight on it
 *
 *   directory_search() → queue → connection takes it → sent on its link → answered → done()
 *
 * With nothing else under way the asker itself takes it and sends it, instead of
 * waking a thread for that.
 *
 * directory_read() goes the same way: a reading is a search with a DN.
 *
 * A dial may get stuck in a resolver that nobody can interrupt: at its deadline
 * it counts as failed, and when the directory is closed it is left behind. No
 * server has more than one dial, so that at most MAX_URIS threads of a directory
 * can be stuck. What a thread may outlive is reference-counted.
 *
 * Locks: directory->lock guards everything in these structs that is not said to
 * belong to somebody. No callback and no I/O happens under it, but the writing
 * of an eventfd. Before it comes connection->turn: the links of a connection are
 * its thread's, but while that waits for something to do whoever asks may send.
 */
#ifndef LDAP_PRIVATE_H
#define LDAP_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "ldap/directory.h"
#include "ldap/uri.h"

#define NO_SERVER ((size_t)-1)
#define NO_MORE_MS 1000

struct link;
struct dial;
struct sync;

/* What is asked of entries, and taken. */
struct search_kind {
    const char *const *attributes; /* asked for; the last one is NULL */
    const struct attribute_row {   /* taken, as a server may write them; the last one has no name */
        const char *name;
        enum attribute attribute;
    } *rows;
    size_t most_values;
    bool takes_mails;              /* the entry's own addresses, beside each value, or alone */
    bool may_be_absent;            /* that an entry is not there is an answer */
};

/* collect.c */
extern const struct search_kind kind_recipient; /* the certificates of everybody with this address */
extern const struct search_kind kind_issuers, kind_crls;
extern const struct search_kind kind_names; /* the addresses of everybody of this name */

/* One server of a directory and how it fared lately. */
struct server {
    struct uri uri;
    const char *name;      /* the URI as configured */
    struct dial *dial;     /* under way, or stuck beyond its deadline */
    pthread_t ended;       /* the thread of the dial before, with nothing left to do but to be joined */
    bool has_ended;
    bool failing;          /* the last attempt, or the last link, failed */
    bool on_probation;     /* it failed with a link open: a dial that succeeds says little, only an answer clears it */
    bool refuses;          /* our name and password */
    unsigned strikes;      /* failures in a row: how long it rests */
    struct error error;    /* of the last failure */
    bool is_reported;      /* the log knows that it fails */
    int64_t failed_ms;     /* since when */
    unsigned jitter;       /* 0 to 127: 1024ths of the rest that are left out, so that gateways do not march in step */
};

/* Searches in the order of their deadlines. */
struct search_list {
    struct search *first, *last;
};

struct search {
    atomic_uint references; /* the asker's, and the directory's until `done` was called */
    struct directory *directory;
    struct search *previous, *next;
    struct connection *connection; /* who has it in flight */
    bool is_queued;        /* neither: it is being finished, or is done */
    atomic_bool abandoned;
    const struct search_kind *kind;
    struct address address;
    char *dn;              /* of the one entry to read; NULL: all entries with the address */
    char *name;            /* the cn of all entries to read instead; or NULL */
    size_t max_value_bytes;
    int64_t started_ms, deadline_ms;
    void (*done)(void *context, struct search_result *result);
    void (*read)(void *context, struct entry_result *result); /* instead, with a DN */
    void *context;

    /* Of who has the turn of the connection that has it in flight. */
    int64_t sent_ms;
    unsigned sends;
    unsigned pending;      /* requests without a result; one for each base */
    enum asked_result so_far;
    struct error words;    /* why it is not answered so far; "" when it is */
    bool out_of_memory;
    size_t capacity;       /* of result->values */
    struct search_result *result;
    struct entry_result *entry; /* with a DN: what will hold the values in the end */
};

/* One thread, one eventfd. */
struct connection {
    struct directory *directory;
    pthread_t thread;
    int wake;              /* eventfd */
    bool woken;
    struct link *incoming; /* dialled for it, not yet taken over */
    size_t server;         /* of the link it takes searches for, `incoming` included; NO_SERVER: none */
    bool retire;           /* a better server is back, or this one failed: let the link run out */
    size_t in_flight;
    int64_t oldest_ms;     /* when the oldest of these was sent; 0: there is none */

    /* Whoever has it may use the links. The thread has it but while it waits; others try to have it, and never wait. */
    pthread_mutex_t turn;
    struct link *current, *retiring;
    int64_t waits_until_ms; /* then the thread looks at deadlines again */
};

struct directory {
    atomic_uint references; /* of directory_open(), each search and each dial */
    struct directory_config config;
    unsigned number;        /* in the metrics */
    struct server servers[MAX_URIS];

    pthread_mutex_t lock;
    pthread_cond_t keeper_wake; /* CLOCK_MONOTONIC */
    pthread_cond_t dials_ended;
    bool closing;
    struct search_list queue;
    size_t open_searches;   /* in the queue or in flight */
    int64_t took_us;        /* a search lately, from being sent to its end: a moving average */
    int64_t moved_ms;       /* when the last one was sent, or ended, or could be sent at all: not before */
    size_t base_count;      /* of the link dialled last: so many requests are one search */
    size_t dials;           /* threads that have not ended */
    bool dials_are_left;    /* closed: those that are stuck are joined by nobody */
    bool more_wanted;       /* every open link is busy, and there are connections without one */
    int64_t wanted_ms;      /* when somebody asked last */
    int64_t no_more_until_ms; /* a further connection was cut at once: the server may allow no more */
    bool keeper_is_wanted;
    int64_t keeper_until_ms;  /* it sleeps until then; 0: it is awake */
    bool is_up;
    size_t up_server;       /* dialled last */
    enum { REPORTED_NOTHING, REPORTED_UP, REPORTED_DOWN } reported;
    struct error last_error;

    struct sync *sync;      /* NULL: nobody follows */

    pthread_t keeper;
    bool has_keeper;
    struct connection *connections;
    size_t connection_count; /* threads that were started */
};

/* directory.c */
int thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *argument);
struct directory *directory_ref(struct directory *directory);
void directory_release(struct directory *directory);

/* keeper.c. keeper_wake() is called under the lock. */
void *keeper_main(void *directory);
void keeper_wake(struct directory *directory);

/* connection.c. All but the first are called under the lock. connection_give(): true: some connection has the link now;
 * those with a link to a server further down retire. */
void *connection_main(void *connection);
/* Without the lock. Sends the next search in the place of the connection's thread, which is not woken for it; unless
 * that is at work, and sends it itself. */
void connection_send(struct connection *connection);
void connection_wake(struct connection *connection);
/* What was put back into the queue is for whoever has a link; if nobody has, the keeper dials. */
void connection_wake_takers(struct directory *directory);
bool connection_give(struct directory *directory, struct link *link);
void connection_retire(struct connection *connection);

/* admission.c. All are called under the lock. Whether a search can be answered within its time by what searches took
 * lately: one that would only wait in the queue until it is too late is told so at once, and takes no place from those
 * that can. admission_is_too_late() asks the same of one that is about to be sent. */
#define ADMISSION_WORDS "too many searches wait to be answered in time"
bool admission_allows(const struct directory *directory, const struct search *search);
bool admission_is_too_late(const struct search *search, int64_t now_ms);
void admission_note(const struct search *search, int64_t now_ms); /* a search that was sent has ended */

/* dial.c. All are called under the lock. dial_start(): -1: no thread, no memory; `for_sync`: who follows gets the link.
 * dial_give_up() frees a stuck thread by shutting its socket down. */
int dial_start(struct directory *directory, size_t server, bool for_sync);
int64_t dial_deadline_ms(const struct dial *dial); /* INT64_MAX: was given up, or is done */
void dial_leave_all(struct directory *directory);  /* joins those that have ended, leaves the others behind */
void dial_give_up(struct dial *dial, struct error *error);
const char *dial_step_name(const struct dial *dial);

/* server.c. All are called under the lock. */
int64_t server_due_ms(const struct directory *directory, const struct server *server);
bool server_has_link(const struct directory *directory, size_t server);
void server_dialled(struct directory *directory, size_t server);
void server_not_dialled(struct directory *directory, size_t server, bool refuses, const struct error *error);
void server_answered(struct directory *directory, size_t server);
void server_failed(struct directory *directory, size_t server, const struct error *error); /* with a link open */
bool directory_is_down(const struct directory *directory);
size_t directory_best_server(const struct directory *directory); /* that a link is open to; NO_SERVER: none */
struct connection *directory_spare_connection(const struct directory *directory);

/* Says in log and metrics what changed. Gives the lock away for the time of writing. */
void directory_report(struct directory *directory);

/* search.c. search_new(): for the caller to say what is asked, and whose it is; then search_submit(), which gives it
 * back when it waits, and else, finished, NULL. */
struct search *search_new(struct directory *directory, const struct search_kind *kind, int64_t timeout_ms);
struct search *search_submit(struct search *search); /* directory.c */
void search_release(struct search *search);
void search_forget(struct search *search); /* what came so far, before it is sent anew */
bool search_is_over(const struct search *search, int64_t now_ms); /* abandoned, or past its deadline */

/* Lists. The deadline orders them. */
void list_add(struct search_list *list, struct search *search);
void list_remove(struct search_list *list, struct search *search);
struct search *list_take_first(struct search_list *list);

/* The queue. All are called under the lock. */
void queue_add(struct directory *directory, struct search *search);
struct search *queue_take(struct directory *directory);
void queue_take_all(struct directory *directory, struct search_list *taken);

/* reading.c. entry_new(): NULL: out of memory. entry_give() moves values and words from the result, which it frees. */
struct entry_result *entry_new(void);
void entry_give(struct search *search, struct search_result **result);

/* Gives the result to the asker and the directory's reference back. Without the lock; the search is in no list. Words
 * that are there already stay, unless the result is worse than they say. */
void search_finish(struct search *search, enum asked_result result, const char *words);
void search_finish_all(struct search_list *list, enum asked_result result, const char *words);

#endif
