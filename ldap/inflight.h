/*
 * The searches that one link has in flight: sent, answered, ended. Everything
 * here is called by who has the turn of the connection that owns the link:
 * mostly its thread.
 */
#ifndef LDAP_INFLIGHT_H
#define LDAP_INFLIGHT_H

#include "ldap/link.h"

/* Sends a search that was taken from the queue; it may go back there when the socket takes no more, or end when libldap
 * refuses its filter. -1: the link is broken. */
int inflight_start(struct connection *connection, struct link *link, struct search *search, struct error *error);

/* Ends a search whose answer is complete, or not wanted any more: then the server is told. -1: the link is broken. */
int inflight_end(struct connection *connection, struct link *link, struct search *search, enum asked_result result,
                 const char *words);

/* Reads what is here, and ends the searches that are answered by it. 1: there may be more; 0: all is read; -1: the link
 * is broken. */
int inflight_read(struct connection *connection, struct link *link, struct error *error);

/* What was in flight on a link that is gone is sent once more, on another, as long as somebody waits for it. */
void inflight_requeue(struct connection *connection, struct link *link, const struct error *error);

#endif
