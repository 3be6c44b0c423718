/*
 * Responses and their header fields; problems (RFC 9457). Private to http/.
 */
#ifndef HTTP_RESPOND_H
#define HTTP_RESPOND_H

#include <assert.h>

#include "http/request.h"
#include "render/render.h"

/* "Wed, 21 Oct 2015 07:28:00 GMT", a list of methods, a file name, with their NUL. */
#define RESPOND_VALUE_BYTES 256
#define RESPOND_HEADERS_MAX 16

/* Header fields being collected. */
struct response_headers {
    size_t count;
    size_t used; /* of texts */
    struct response_header {
        const char *name;
        const char *value;
        size_t size; /* of the value */
    } fields[RESPOND_HEADERS_MAX];
    char texts[4 * RESPOND_VALUE_BYTES];
};

/* No field yet. For where all of {0} would cost too much: texts are most of it. */
static inline void respond_begin(struct response_headers *headers)
{
    headers->count = headers->used = 0;
}

/* The value, of `size` octets and a NUL, stays the caller's, until the response is made. */
static inline void respond_field_of(struct response_headers *headers, const char *name, const char *value, size_t size)
{
    assert(headers->count < RESPOND_HEADERS_MAX);
    headers->fields[headers->count++] = (struct response_header){name, value, size};
}

static inline void respond_field(struct response_headers *headers, const char *name, const char *value)
{
    respond_field_of(headers, name, value, strlen(value));
}

/* The value is copied. One that is too long is cut; what all of them need has room, and more than that is a defect. */
void respond_header(struct response_headers *headers, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The value is these texts, one behind the other. For where printf() would cost too much. */
void respond_joined(struct response_headers *headers, const char *name, const char *const *texts, size_t count);

/* About what a response with these fields costs in memory, its body aside. */
size_t respond_bytes(const struct response_headers *headers);

/* Adds the fields; all in one where the first is a Date, which it is only where values may be written over (values.h),
 * unless they are very long, or Connection is among them. Returns the response; NULL: out of memory, or there was none,
 * and it is gone. */
struct MHD_Response *respond_complete(struct MHD_Response *response, const struct response_headers *headers);

/* A response that takes the body's memory over (and leaves the buffer empty, whatever happens). NULL body: none.
 * NULL: the body failed, or out of memory. The caller's to MHD_destroy_response(). */
struct MHD_Response *respond_make(struct buffer *body, const struct response_headers *headers);

/* What says that nothing has changed, of a body of `size`: its Content-Length may be that of the body or missing
 * (RFC 9110 8.6), and libmicrohttpd always writes one. NULL: out of memory. */
struct MHD_Response *respond_make_not_modified(size_t size, const struct response_headers *headers);

/* Sends a response that others may share. */
enum MHD_Result respond_shared(struct request *request, unsigned status, struct MHD_Response *response);

/* Makes a response for this request alone and sends it; while draining it also closes the connection. Out of memory: a
 * 503 goes out in its place. */
enum MHD_Result respond_own(struct request *request, unsigned status, struct buffer *body,
                            struct response_headers *headers);

/* The same of respond_make_not_modified(). */
enum MHD_Result respond_not_modified(struct request *request, size_t size, struct response_headers *headers);

/* The same with a response that was made already, but for its fields; NULL: it could not be made. It is gone then. */
enum MHD_Result respond_made(struct request *request, unsigned status, struct MHD_Response *response,
                             struct response_headers *headers);

/* The title and the type are the status's. `headers` may be NULL. Never to be cached unless the headers say so. */
enum MHD_Result respond_problem(struct request *request, unsigned status, const char *detail,
                                struct response_headers *headers);

/* The same where `detail` has words of the request, which may be anybody's address: the log says `why` instead. */
enum MHD_Result respond_problem_quoting(struct request *request, unsigned status, const char *detail,
                                        const char *why);

/* The same for a problem that says more than that: without a type it has its status's. One of 404 with a type is no
 * refusal but the answer that there is nothing, and has no name. */
enum MHD_Result respond_problem_of(struct request *request, const struct problem *problem,
                                   struct response_headers *headers);

/* What a problem of this status is called, "Not acceptable", and its type, "/problems/not-acceptable". Of statuses that
 * we have refusals of. */
const char *respond_title(unsigned status);
const char *respond_type(unsigned status);

/* Types: a page of ours, which docs/problems/ has. These two are no matter of the status alone. */
#define PROBLEM_TYPE(name_) "/problems/" name_
#define PROBLEM_NONE PROBLEM_TYPE("no-certificate")
#define PROBLEM_UNKNOWN PROBLEM_TYPE("unknown")
#define PROBLEM_UNKNOWN_TITLE "Nobody can tell just now"

/* Adds Request-Id. It is the request's, so the response must not be kept for another one. */
void respond_id(struct request *request, struct response_headers *headers);

/* A problem as a response by itself, with its Content-Type among `headers`. NULL: out of memory. */
struct MHD_Response *respond_make_problem(const struct problem *problem, struct response_headers *headers);

/* As respond_own(), of this type, and not to be cached. */
enum MHD_Result respond_uncached(struct request *request, unsigned status, struct buffer *body, const char *media_type,
                                 struct response_headers *headers);

/* The same without other headers. */
enum MHD_Result respond_text(struct request *request, unsigned status, struct buffer *text, const char *media_type);

#endif
