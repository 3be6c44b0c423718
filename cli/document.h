/*
 * A certificate, a chain or a bundle that a gateway sent ready-made.
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "cli/reply.h"
#include "render/render.h"

/* Takes it over into reply->document if it is what its format promises: a web page under the type of a certificate is
 * not, nor PEM with anything in it that a terminal would obey. -1: it is not. */
int document_take(enum format format, struct bytes body, struct reply *reply, struct error *error);

#endif
