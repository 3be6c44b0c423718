/*
 * What we want of a request's header fields, and whether its framing is sound.
 *
 * libmicrohttpd takes a request with two lengths, or with a length beside a
 * Transfer-Encoding, and believes one of them; whatever stands in front of us
 * may believe the other, and what one takes for a body is the next request to
 * the other (RFC 9112 6.3, 11.2). So every field is looked at here before
 * anything else, and such a request is refused and its connection closed.
 */
#ifndef HTTP_HEADERS_H
#define HTTP_HEADERS_H

#include "base/bytes.h"
#include "base/limits.h"

#define HEADERS_VALUES_MAX 4 /* fields of one name that hold a list; more are one list too long to be honest */

enum framing_fault {
    FRAMING_OK,
    FRAMING_BAD_NAME,        /* a field's name is not a token: "Content-Length :" */
    FRAMING_BAD_VALUE,       /* NUL, CR or LF in a value */
    FRAMING_BAD_LENGTH,
    FRAMING_TWO_LENGTHS,
    FRAMING_LENGTH_AND_CODING,
    FRAMING_BAD_CODING,      /* a Transfer-Encoding other than chunked, or several */
    FRAMING_NO_HOST,
    FRAMING_TWO_HOSTS,
    FRAMING_BAD_HOST,
    FRAMING_TOO_MANY,        /* over HEADERS_VALUES_MAX */
    FRAMING_UNKNOWN_LENGTH,  /* a chunked body, or one is wanted and no length is stated: 411 */
    FRAMING_BODY_TOO_LARGE,  /* 413 */
    FRAMING_ENCODED,         /* a body is wanted, and what comes is compressed, say: 415 */
    FRAMING_NOT_JSON         /* a body is wanted, and what comes is none that we read: 415 */
};

struct header_list {
    struct bytes values[HEADERS_VALUES_MAX];
    size_t count;
};

/* Views into the connection's memory: they live as long as the request. */
struct headers {
    enum framing_fault fault; /* the first that was found */
    struct header_list accept;
    struct header_list if_none_match;
    struct bytes authorization;
    size_t authorizations;
    struct bytes content_type;
    size_t content_types;
    bool encoded; /* Content-Encoding says that the body is not what it will be */
    struct bytes origin; /* of the page that has a browser ask */
    size_t origins;
    bool preflight; /* it asks whether it may (Access-Control-Request-Method) */
    bool forwarded; /* a proxy says that it speaks for somebody else */
    struct header_list forwarded_for; /* X-Forwarded-For: the last ones, if there are too many */
    struct bytes request_id;
    size_t request_ids;
    size_t hosts;
    struct bytes host; /* the last one; nothing if there is none */
    size_t lengths;
    size_t codings;
    uint64_t length;
};

/* Without the blanks around it (OWS of RFC 9110 5.6.3). */
struct bytes headers_trim(struct bytes text);

void headers_init(struct headers *headers);

/* One field, in the order of the request. */
void headers_add(struct headers *headers, struct bytes name, struct bytes value);

/* After the last field. `host_required`: HTTP/1.1 (RFC 9112 3.2). `max_body`: how large a body of JSON is wanted; 0:
 * none, and one of moderate size is thrown away. */
enum framing_fault headers_check(const struct headers *headers, bool host_required, size_t max_body);

/* A sentence for people, and the status of HTTP. */
const char *framing_fault_text(enum framing_fault fault);
unsigned framing_fault_status(enum framing_fault fault);

#endif
