/*
 * Asking a gateway over HTTP.
 */
#ifndef CLI_ASK_GATEWAY_H
#define CLI_ASK_GATEWAY_H

#include "cli/options.h"
#include "cli/reply.h"

/* Appends the URL of the gateway, without a slash at its end. */
void gateway_append_base(const struct options *options, struct buffer *url);

/* Text and LDIF are made here from the gateway's explained JSON, or from the plain one where it grants no explanation
 * (*plain is then set); the other formats are the gateway's own. -1: no answer of a gateway; the words say why. */
int gateway_ask(const struct options *options, const struct address *address, struct reply *reply, bool *plain,
                struct error *error);

#endif
