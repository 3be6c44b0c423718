/*
 * What pkiserver answers. The path of the target decides:
 *
 *     /ok/FILE             FOLDER/FILE; the type goes by the suffix: .crl .cer .crt .der .p7c .ors, else octet-stream
 *     /ocsp/FILE           the same as application/ocsp-response, whatever was posted
 *     /run/FILE            runs FOLDER/FILE with what was posted, and answers with what it writes, of the same type
 *     /hang/...            takes the request and never answers
 *     /slow/FILE           its header at once, then one octet a second
 *     /big/...             200 MB of zeros, announced
 *     /bigchunked/...      200 MB of zeros in chunks, not announced
 *     /cut/FILE            announces FILE and hangs up in its middle
 *     /drop/...            hangs up without a word
 *     /html/...            200 with a page for people
 *     /once/FILE           the first request for this target gets FILE, later ones 404
 *     /status/CODE/...     the status; 429 and 503 with Retry-After: 7
 *     /redirect?to=URL     302 to URL, which is everything behind "to=" as it stands
 *     /redirect/CODE?to=URL  likewise with another status
 *     /loop/N              302 to /loop/N+1, without end
 *
 * Anything else, and a FILE that is not there, is a 404.
 */
#ifndef TESTS_TOOLS_PKI_ANSWERS_H
#define TESTS_TOOLS_PKI_ANSWERS_H

#include <stddef.h>

struct request {
    int fd;
    const char *folder;
    char method[16], target[4096];
    const char *rest; /* of the target, behind the route */
    char *text;       /* all of it; whoever read it frees it */
    const char *body;
    size_t body_size;
};

/* Sends what the target asks for; may take as long as it says. */
void pki_answer(struct request *request);

#endif
