/*
 * How much one client may look up: limits against who tries a list of names out.
 * Private to http/.
 *
 * A client is who has a token, whatever its address; else an address (client.h),
 * but for this machine's own, which has no limits unless a proxy there asks for
 * somebody else. Each has two buckets:
 *
 *   lookups  one for each recipient that is asked for, and for a search by name one for each directory (search.h)
 *   none     one for each that is answered "none". Whoever guesses gets mostly these, whoever writes to people he knows
 *            hardly any
 *
 * Whom it may ask for at all, limits.domains says, of who has no token.
 *
 * Once either is empty every lookup of the client is refused, whatever its
 * answer would have been: else who is refused would know that it was "none".
 */
#ifndef HTTP_LIMITS_H
#define HTTP_LIMITS_H

#include "base/outcome.h"
#include "http/request.h"

/* Of `wanted` lookups, how many the client of this request may have now, if these are `least` or more; they count.
 * 0: see limits_refuse(). */
size_t limits_take(struct request *request, size_t least, size_t wanted);

/* The same for what costs so many lookups at once, 1 or more: they are taken all, or none and it is false: see
 * limits_refuse(). What costs more than the client may ever have at once takes the whole of that. */
bool limits_take_all(struct request *request, size_t cost);

/* Whether it may be told an outcome, which counts. False: see limits_refuse(). */
bool limits_tell(struct request *request, enum outcome outcome);

/* Whether it may ask for somebody of this domain (limits.domains); else it is given limits_closed_answer(). */
bool limits_may_ask(struct request *request, const char *domain);

/* The same of whom an answer is about. */
bool limits_may_have(struct request *request, const struct answer *answer);

/* Whether there are domains that it may not ask for. */
bool limits_close_some(struct request *request);

/* What is said of a domain that no directory is there for: so who may not ask cannot tell whether there is one. Made
 * for this one request. NULL: out of memory. */
struct answer *limits_closed_answer(const struct address *address);

/* The reason of an answer as it is told. That no directory is there for a domain would tell whom we exchange
 * directories with: who has no token is told what is said where there is one, that nobody is in it. */
enum reason limits_told_reason(struct request *request, const struct answer *answer);

/* How many it may have at once, after a rest. SIZE_MAX: there is no limit. */
size_t limits_most(struct request *request);

/* In how many seconds it may have `wanted` more, of those that it may have at once. */
int64_t limits_wait_s(struct request *request, size_t wanted);

/* 429, and when to come back for as many. */
enum MHD_Result limits_refuse(struct request *request, size_t wanted);

#endif
