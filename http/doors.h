/*
 * Who may ask what. Private to http/.
 *
 *   DOOR_OPEN     everybody
 *   DOOR_LOOKUP   who has a token for lookup; and without one whom http.open-to names: as a rule who asks by a listener
 *                 that this machine alone reaches, or from this machine
 *   DOOR_EXPLAIN  who has a token for explain; and who asks from this machine
 *   DOOR_ADMIN    who has a token for admin: a page in a browser on this machine could ask from there, too
 *   DOOR_LOOKUP_EXPLAIN  who gets through both
 *
 * A client certificate opens what its line in the tokens file says, as a token
 * does. "From this machine" means that no proxy there says it speaks for
 * somebody else, and no browser there (Origin) that a page from elsewhere asks:
 * pages that may read answers (cors.h) are not let in by that. What the last
 * token of a connection opens is remembered, and what its certificate does, so
 * that who asks again costs a comparison.
 */
#ifndef HTTP_DOORS_H
#define HTTP_DOORS_H

#include <microhttpd.h>

#include "base/bytes.h"
#include "http/tokens.h"

#define PASS_BYTES 256 /* longer ones are not remembered */

struct request;

enum door { DOOR_OPEN, DOOR_LOOKUP, DOOR_EXPLAIN, DOOR_ADMIN, DOOR_LOOKUP_EXPLAIN };

/* What something that was shown opens, by the rules of this number. */
struct grant {
    uint64_t number;
    uint64_t id;           /* of whose it is, whatever was shown; never 0 */
    unsigned scopes;       /* 0: none */
    int64_t until;         /* wall seconds */
};

/* What a token opens, as far as we know. */
struct pass {
    size_t size;           /* of the text; 0: nothing is remembered */
    uint8_t text[PASS_BYTES];
    struct grant grant;
};

/* What the certificate of the client at the other end opens. */
struct shown {
    bool is_looked_at;
    bool is_there;
    const char *fault;     /* why it does not count; NULL: it does, or there is none */
    int64_t look_again;    /* wall seconds */
    struct grant grant;
};

/* Whether the door is open to who asks. */
bool doors_let(struct request *request, enum door door);

/* Whether it comes from this machine, and speaks for nobody else, a page from elsewhere among them. */
bool doors_is_local(const struct request *request);

/* By what limits know whose token, or whose certificate, for this door came with the request; 0: none that opens it. */
uint64_t doors_holder_id(struct request *request, enum door door);

/* 400, 401 or 403 (RFC 6750 3), after doors_let() said no. */
enum MHD_Result doors_refuse(struct request *request, enum door door);

#endif
