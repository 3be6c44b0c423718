/*
 * One request, from its first byte to its last. Private to http/.
 *
 * libmicrohttpd calls, on the thread of one worker for each connection:
 *
 *   connection opened → a struct request is made; it serves every request of this connection, one after the other
 *   target read       → copied, as libmicrohttpd alters it afterwards, and hashed: what may be ready-made begins to
 *                       come from memory. If the thread had nothing ready-made last time, the target is taken apart
 *                       at once, and the backend told whom it will be asked for
 *   handler, first    → header fields are looked at. An answer given here closes the connection, which is what a
 *                       request with unsound framing gets; every other one waits for the second call, or each request
 *                       would cost a connection.
 *   handler, body     → kept, if the route wants one; else thrown away
 *   handler, second   → a reply that is ready for this very request goes out; or the target is taken apart, if it is
 *                       not yet, and the route answers, or starts what it waits for: then the connection is suspended,
 *                       or lingers
 *   handler, third    → after that has come: the route answers
 *   request completed → what the request held is given back
 *   connection closed → the struct is freed
 *
 * The one thing that another thread does is to bring what the request waits
 * for: it writes that (on_ready() in request.c: request->served), hands the
 * request back to its worker, and does not touch it again; the worker's list
 * orders the writing before the third call. The state is the worker's alone.
 *
 * To suspend and to resume a connection costs three system calls. Where the
 * worker waits for the lookup on its own thread before it runs libmicrohttpd
 * again, it takes less than that: the request lingers, and the handler says each
 * time that it has no answer yet. One that lingers too long is suspended. A
 * suspended connection cannot close, a lingering one can: then its struct is left
 * to the waiter, and freed when both that has come and the connection is gone.
 */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include <microhttpd.h>

#include "http/body.h"
#include "http/doors.h"
#include "http/headers.h"
#include "http/hot.h"
#include "http/listener.h"
#include "http/request_id.h"
#include "http/slow.h"
#include "http/target.h"

struct route;
struct spare;

enum request_state {
    REQUEST_NEW,
    REQUEST_READ,
    REQUEST_LINGERS, /* waits, and is asked for in each run of libmicrohttpd */
    REQUEST_WAITING, /* waits, suspended */
    REQUEST_BACK,    /* what it waited for has come */
    REQUEST_LEFT,    /* lingered when its connection closed */
};

enum client_kind { CLIENT_NOT_KNOWN, CLIENT_LOCAL, CLIENT_ADDRESS, CLIENT_HOLDER };

struct request {
    struct http *http;
    struct worker *worker;        /* on whose thread all this happens */
    struct request *next_back;    /* in the worker's list of those that are back */
    struct slow slow;             /* how long its client may take */
    struct MHD_Connection *connection;
    const struct sockaddr *peer;  /* at the other end of the connection; lives as long as that. NULL: not known */
    bool loopback;                /* that is this machine, and no proxy says so */
    struct rules *greeted_by;     /* whose certificate it was shown, a reference; NULL: this is not TLS */
    struct pass pass;             /* of the last token that came over it */
    struct shown shown;           /* of its certificate */
    enum client_kind client_kind; /* whose limits the request counts for; see limits.c */
    uint64_t client;              /* by what these know it; 0: by nothing */

    enum request_state state;
    bool is_apart;                /* the target has been taken apart, and the route found, if there is one */
    bool has_address;             /* and the address read */
    bool is_paid;                 /* its client's limits have one less for it */
    const char *method;
    const struct route *route;
    struct headers headers;
    bool by_origin;               /* pages of other origins may read answers, so these depend on Origin; see cors.h */
    struct body body;
    char id[REQUEST_ID_BYTES];    /* of request_id.h; "": none yet */
    bool id_is_taken;             /* a proxy made it */
    int64_t asked_us;             /* mono; 0: how long it takes is not measured */
    void *work;                   /* the route's own, from one call to the next; NULL: nothing yet */
    void (*work_free)(void *work);
    size_t waits_before;          /* worker->waits when it began to linger */
    struct waiter waiter;
    struct served served;         /* what the waiter brought; .answer NULL: nothing yet */
    struct spare *spare;          /* taken for its response, until the request is completed; NULL: none */
    uint64_t target_hash;         /* digest_table_hash() of the target, where replies are kept and it is not too long */
    struct hot_key key;           /* what its reply is kept under; no text: not to be kept */
    struct bytes captured;        /* the segment at {address} in the route's pattern; a view into text or target */
    struct address address;       /* what it says, once has_address */
    bool is_cut;                  /* libmicrohttpd's string of the target ends before the target does: at a NUL */
    const char *target_end;       /* where that is */
    size_t target_size;           /* over MAX_URI_BYTES: nothing was copied */
    char text[MAX_URI_BYTES];     /* the target; behind it, if there is room, what makes it a key */
    enum target_fault target_fault;
    struct target target;         /* once is_apart */
};

/* The callbacks of libmicrohttpd. cls is the struct http; of request_on_connection() the struct worker. */
void request_on_connection(void *cls, struct MHD_Connection *connection, void **context,
                           enum MHD_ConnectionNotificationCode code);
void *request_on_target(void *cls, const char *target, struct MHD_Connection *connection);
enum MHD_Result request_on_call(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                const char *version, const char *upload, size_t *upload_size, void **context);
void request_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode code);

/* Lets `start`, of the backend, look up request->address; the route is called again when request->served has come.
 * Where no more may wait, the answer is 503. */
enum MHD_Result request_wait(struct request *request,
                             void (*start)(void *context, const struct address *address, struct waiter *waiter));

/* The same for a route that waits for something else. Suspends the connection: what is started now must in the end call
 * request_resume(), once. False: there is no place, or we are shutting down, as `why` says; nothing happened. */
bool request_suspend(struct request *request, enum reason *why);
void request_resume(struct request *request); /* any thread */

/* libmicrohttpd's session of TLS; NULL: there is none. */
void *request_tls_session(const struct request *request);

/* The worker took it out of its list. It may be gone on return. */
void request_take_back(struct request *request);

/* 503, and a word on when to ask again. */
enum MHD_Result request_refuse(struct request *request, enum reason why);

/* Makes request->key of the target, what Accept says, and whether Origin counts. False: no two requests like this one
 * get the same reply, or it is too long. */
bool request_make_key(struct request *request);

#endif
