/*
 * The target of a request (RFC 9112 3.2), taken apart: path segments and query
 * parameters, each percent-decoded on its own and known by its length.
 *
 * The path is split at '/' before anything is decoded, so %2F stays inside its
 * segment. A '+' is a plus in the path, and a space in the query, as in a form
 * (a plus in a query is written %2B). "." and ".." mean nothing here.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/bytes.h"
#include "base/limits.h"

#define TARGET_SEGMENTS_MAX 8
#define TARGET_PARAMETERS_MAX 32

enum target_fault {
    TARGET_OK,
    TARGET_TOO_LONG,       /* over MAX_URI_BYTES */
    TARGET_BAD_FORM,       /* neither /path nor http://host/path nor * */
    TARGET_BAD_ESCAPE,     /* a '%' without two hexadecimal digits */
    TARGET_CONTROL,        /* a control character, written as it is or percent-encoded; a raw space or '#' */
    TARGET_BAD_UTF8,
    TARGET_TOO_MANY,       /* query parameters */
    TARGET_TOO_DEEP        /* more segments than any route has */
};

struct parameter {
    struct bytes name;
    struct bytes value; /* empty where there is no '=' */
};

/* Views into what was read, or into `storage` where something was decoded: a target is never copied. */
struct target {
    bool asterisk; /* "*", of OPTIONS; no segments then */
    size_t segment_count;
    size_t parameter_count;
    size_t used; /* of storage */
    struct bytes segments[TARGET_SEGMENTS_MAX];        /* "/" is one empty segment */
    struct parameter parameters[TARGET_PARAMETERS_MAX];
    uint8_t storage[MAX_URI_BYTES];
};

/* Reads `raw`, the target as it stands in the request line, which must outlive `target`. Unless TARGET_OK, `target`
 * holds nothing of use. */
enum target_fault target_parse(struct bytes raw, struct target *target);

/* Whether `raw` is `before`, a segment of which each octet stands for itself, and `behind`, without a query: a target
 * that need not be taken apart. Then `target` has no segments and no parameters, and `segment` is what was between. */
bool target_is_between(struct bytes raw, struct bytes before, struct bytes behind, struct target *target,
                       struct bytes *segment);

/* A sentence for people, without a full stop. */
const char *target_fault_text(enum target_fault fault);

/* How many parameters have this name; `value` is that of the first, and untouched where there is none. */
size_t target_parameter(const struct target *target, const char *name, struct bytes *value);

#endif
