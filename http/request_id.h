/*
 * By what a refusal is found again: its client is told, and the log has it.
 * Private to http/.
 *
 * A proxy that we trust (http.trusted-proxies) may have named the request, in
 * X-Request-Id, and its name is taken over, so that one word finds it in both
 * logs; else it is a random UUID. It is made when it is first wanted: what is
 * answered as it should be has none.
 */
#ifndef HTTP_REQUEST_ID_H
#define HTTP_REQUEST_ID_H

#include "base/bytes.h"

#define REQUEST_ID_MAX 64
#define REQUEST_ID_BYTES (REQUEST_ID_MAX + 1)
#define REQUEST_INSTANCE_BYTES (REQUEST_ID_BYTES + 9)

struct request;

/* The request's; "": the system gives nothing random. Lives until the next request of the connection. */
const char *request_id(struct request *request);

/* The same as a URI reference (RFC 9457 3.1.5): "urn:uuid:…", or "#…" where it is not ours. NULL: there is none. */
const char *request_instance(struct request *request, char out[REQUEST_INSTANCE_BYTES]);

/* A line in the log; of each thread some in a second, so that who is refused often fills no disk. */
void request_tell_refusal(struct request *request, unsigned status, const char *why);

/* Whether we would take this over: 1 to 64 of letters, digits, ".", "_" and "-". */
bool request_id_is_sane(struct bytes id);

#endif
